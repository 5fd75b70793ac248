import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** The built interface; `npm start` builds it. */
export const interfaceFolder = path.join(import.meta.dirname, '../../ui/dist');

/**
 * `/metrics` is both a page and where Prometheus scrapes. A browser that navigates there without a key gets the page.
 * To be called before any route is registered.
 */
export function letPeopleSeeMetrics(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const navigates = request.url.split('?')[0] === '/metrics' && (request.headers.accept ?? '').includes('text/html');
    if (navigates && request.headers.authorization === undefined && existsSync(interfaceFolder)) return sendPage(reply);
    return undefined;
  });
}

/**
 * Serves the interface: hashed files for ever, everything else that a browser navigates to as the one page, so that every
 * address a person sees can be opened. What no route knows is 404 in JSON for programs.
 */
export async function registerInterface(app: FastifyInstance, folder = interfaceFolder): Promise<void> {
  if (existsSync(folder)) {
    await app.register(fastifyStatic, {
      root: folder,
      index: false,
      setHeaders: (reply, file) => {
        const hashed = file.includes(`${path.sep}assets${path.sep}`);
        void reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
        // The page has an address of its own, /index.html: it must not be had without its policy.
        for (const [name, value] of Object.entries(guards)) void reply.header(name, value);
      },
    });
  }
  app.get('/', { logLevel: 'silent' }, (_request, reply) => sendPage(reply));
  app.setNotFoundHandler(async (request, reply) => {
    const navigates = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
    if (navigates && existsSync(folder)) return sendPage(reply);
    const detail = `${request.method} ${request.url.split('?')[0]} is not served here. The API is described at /api/v1/openapi.json.`;
    return reply
      .code(404)
      .type('application/problem+json')
      .send(JSON.stringify({ type: 'about:blank', title: 'Not found', status: 404, detail }));
  });
}

function sendPage(reply: FastifyReply): FastifyReply {
  return reply
    .header('cache-control', 'no-cache')
    .headers(guards)
    .type('text/html; charset=utf-8')
    .sendFile('index.html');
}

/** Everything is bundled: nothing is fetched from elsewhere. Inline style attributes are how the component kit sets sizes. */
const pagePolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const guards = {
  'content-security-policy': pagePolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
};
