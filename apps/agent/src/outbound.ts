import type { Agent } from 'node:http';
import https from 'node:https';
import { fail, ok, type Result } from '@sightline/base';
import { http } from './node-http.ts';

/** Connections to the server, through the site's proxy where the environment names one. */
export function outboundAgent(server: string, proxy: Readonly<Record<string, string>>): Agent {
  const options = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets: 8, proxyEnv: { ...proxy } };
  return server.startsWith('https:') ? new https.Agent(options) : new http.Agent(options);
}

/** A reply that came, whatever its status. */
export interface Reply {
  readonly status: number;
  /** Parsed JSON; undefined when the body is none. */
  readonly body: unknown;
}

const replyLimitBytes = 256 * 1024;

/** Posts JSON and reads JSON, both small, within `timeoutMs`. Fails with a sentence when no reply came. */
export function postJson(url: string, body: unknown, agent: Agent, timeoutMs: number): Promise<Result<Reply, string>> {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  const request = url.startsWith('https:') ? https.request : http.request;
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', agent, headers, signal: AbortSignal.timeout(timeoutMs) }, (reply) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      reply.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > replyLimitBytes) reply.destroy(new Error('the reply is too long'));
        else chunks.push(chunk);
      });
      reply.on('error', (error) => resolve(fail(error.message)));
      reply.on('end', () => resolve(ok({ status: reply.statusCode ?? 0, body: jsonOf(Buffer.concat(chunks)) })));
    });
    sent.on('error', (error: NodeJS.ErrnoException & { errors?: Error[] }) => {
      const late = error.name === 'TimeoutError' || error.name === 'AbortError';
      const said = error.message || error.errors?.map((one) => one.message).join('; ') || error.name;
      resolve(fail(late ? `no answer within ${timeoutMs / 1000} s` : said));
    });
    sent.end(text);
  });
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
