import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import {
  encodeBatch,
  forwardContentType,
  forwardPath,
  type ForwardBatch,
  type ForwardReply,
  sentAtHeader,
} from '@sightline/ingest/site';
import { z } from 'zod';
import { http } from '../node-http.ts';

/** How an attempt to deliver a batch ended. */
export type PostEnding =
  | { readonly kind: 'accepted'; readonly reply: ForwardReply }
  /** The server asks to come again with the same. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly message: string }
  /** The server, or something on the way, will never take this batch: a frame is broken, or it is too large. */
  | { readonly kind: 'refused'; readonly reason: 'malformed' | 'too-large'; readonly message: string }
  /** The token opens nothing (any more). */
  | { readonly kind: 'unauthorised'; readonly message: string }
  /** No answer: the link, or the server, is down. */
  | { readonly kind: 'unreachable'; readonly message: string };

export interface BatchPoster {
  post(batch: ForwardBatch, signal: AbortSignal): Promise<PostEnding>;
  close(): void;
}

const timeoutMs = 60_000;
const replyLimitBytes = 1024 * 1024;
const compress = promisify(zstdCompress);

const name = { lane: z.string(), segment: z.string() };
const replySchema = z.object({
  segments: z.array(z.object({ ...name, next: z.number().int().min(0) })),
  rejected: z.array(
    z.object({ ...name, index: z.number(), records: z.number(), reason: z.string(), message: z.string() }),
  ),
});

interface Reply {
  readonly status: number;
  readonly retryAfterS: number;
  readonly body: string;
}

/**
 * Posts batches to `server` (its address as people enter it) through `outbound`, which knows the site's proxies; without one, over a
 * connection of its own.
 */
export function batchPoster(server: string, token: () => string, now: () => number, outbound?: Agent): BatchPoster {
  const url = new URL(server);
  const base = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname;
  const connect = connector(url, outbound);
  return {
    post: async (batch, signal) => {
      const body = await compress(encodeBatch(batch));
      const headers = {
        authorization: `Bearer ${token()}`,
        'content-type': forwardContentType,
        'content-encoding': 'zstd',
        'content-length': body.length,
        // The site's clock, as near to the sending as can be: the server compares it with its own.
        [sentAtHeader]: String(Math.round(now())),
      };
      try {
        const { request, agent } = await connect;
        const options = { method: 'POST', path: base + forwardPath, headers, agent, signal };
        return endingOf(await exchange(request, url, options, body));
      } catch (error) {
        return { kind: 'unreachable', message: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => {
      if (!outbound) void connect.then(({ agent }) => agent.destroy());
    },
  };
}

interface Connector {
  readonly request: typeof http.request;
  readonly agent: Agent;
}

/** TLS is loaded only where it is spoken. */
async function connector(url: URL, outbound: Agent | undefined): Promise<Connector> {
  const options = { keepAlive: true, maxSockets: 1, timeout: timeoutMs };
  if (url.protocol !== 'https:') return { request: http.request, agent: outbound ?? new http.Agent(options) };
  const https = await import('node:https');
  return { request: https.request, agent: outbound ?? new https.Agent(options) };
}

function exchange(
  request: typeof http.request,
  url: URL,
  options: Parameters<typeof http.request>[1],
  body: Buffer,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request(url, options, (message: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      message.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > replyLimitBytes) sent.destroy(new Error('the answer is longer than any of ours'));
        else chunks.push(chunk);
      });
      message.on('error', reject);
      message.on('end', () => {
        clearTimeout(late);
        const retryAfterS = Number(message.headers['retry-after'] ?? 0) || 0;
        resolve({ status: message.statusCode ?? 0, retryAfterS, body: Buffer.concat(chunks).toString('utf8') });
      });
      message.on('close', () => reject(new Error('the connection was cut')));
    });
    // For the whole exchange: a link that lets bytes through one by one is none.
    const late = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    sent.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    sent.end(body);
  });
}

function endingOf({ status, retryAfterS, body }: Reply): PostEnding {
  if (status === 200) {
    const read = replySchema.safeParse(parsed(body));
    return read.success
      ? { kind: 'accepted', reply: read.data }
      : { kind: 'unreachable', message: 'the answer is not one of a Sightline server' };
  }
  const said = z.object({ message: z.string() }).safeParse(parsed(body));
  const message = `${status}${said.success ? `: ${said.data.message}` : ''}`;
  if (status === 401 || status === 403) return { kind: 'unauthorised', message };
  if (status === 422) return { kind: 'refused', reason: 'malformed', message };
  if (status === 413) return { kind: 'refused', reason: 'too-large', message };
  if (status === 429 || status === 503) return { kind: 'later', message, afterMs: Math.max(1, retryAfterS) * 1000 };
  return { kind: 'unreachable', message };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
