import { createServer } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Config } from './config.ts';

/** An HTTP server with the limits of ours, without routes. */
export function newHttpServer(config: Config): FastifyInstance {
  return Fastify({
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    logger: false,
    forceCloseConnections: true,
    requestTimeout: 60_000,
    keepAliveTimeout: 75_000,
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 500 },
  });
}

/** Throws what `listen` would: a port that is taken ends the start before any work has begun that would have to be undone. */
export async function expectFreePort({ host, port }: Config): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen({ host, port }, () => probe.close(() => resolve()));
  });
}
