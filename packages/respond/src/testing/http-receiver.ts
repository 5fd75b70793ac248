import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { testCertificate } from './test-certificate.ts';

export interface ReceivedCall {
  /** When it was here whole, milliseconds since the epoch. */
  readonly at: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. */
  readonly json: () => Record<string, unknown>;
}

export type Answer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | ((response: ServerResponse) => void);

/** A real HTTP server in place of Slack or a webhook's receiver. */
export interface HttpReceiver {
  readonly url: string;
  readonly calls: readonly ReceivedCall[];
  /** How it answers from now on; 200 "ok" until said otherwise. */
  answer(answer: Answer): void;
  /** The first call that fits, waiting for it if need be. */
  waitFor(fits: (call: ReceivedCall) => boolean, withinMs?: number): Promise<ReceivedCall>;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1, with `tls` under `testCertificate`. */
export async function startHttpReceiver({ tls = false, port = 0 } = {}): Promise<HttpReceiver> {
  const calls: ReceivedCall[] = [];
  const waiting = new Set<() => void>();
  let answer: Answer = { status: 200, body: 'ok' };
  const handle: Parameters<typeof createServer>[1] = (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      const json = () => JSON.parse(body) as Record<string, unknown>;
      calls.push({ at: Date.now(), path: request.url ?? '', headers: request.headers, body, json });
      if (typeof answer === 'function') answer(response);
      else response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
      for (const wake of waiting) wake();
    });
  };
  const server: Server = tls ? createSecureServer(testCertificate, handle) : createServer(handle);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${bound}`,
    calls,
    answer: (next) => void (answer = next),
    waitFor: (fits, withinMs = 10_000) => waitFor(() => calls.find(fits), waiting, withinMs, 'call'),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Resolves with what `find` finds, asked again at each wake; rejects after `withinMs`. */
export function waitFor<T>(
  find: () => T | undefined,
  waiting: Set<() => void>,
  withinMs: number,
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = find();
      if (found === undefined) return;
      clearTimeout(timer);
      waiting.delete(look);
      resolve(found);
    };
    const timer = setTimeout(() => {
      waiting.delete(look);
      reject(new Error(`no such ${what} came within ${withinMs} ms`));
    }, withinMs);
    waiting.add(look);
    look();
  });
}
