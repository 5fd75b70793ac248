import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { parseLogSelector, tailLogql, type LogExpression, type LogqlScope } from '@sightline/query';
import { StoreError } from '@sightline/store/port';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { WebSocket, WebSocketServer } from 'ws';
import { authenticate, sessionCookie } from '../../authenticate.ts';
import { type ApiDeps, ProblemReply } from '../../route.ts';
import { tails } from '../../routes/log-tail.ts';
import { storeFault } from '../../store-fault.ts';
import { Form } from '../prometheus/parameters.ts';
import { timeNs } from './parameters.ts';
import { streamsOf } from './replies.ts';

export const lokiTailPath = '/loki/api/v1/tail';
/** A client that takes nothing of so much is too slow: what it misses is counted, not kept. */
const mostBufferedBytes = 8 * 1024 * 1024;
const pingMs = 15_000;
/** What a client sends is not read. */
const mostReceivedBytes = 4096;
const longestDelayS = 5;

/** True for requests that the tail of the Loki API answers. */
export const isLokiTail = (url: string | undefined): boolean => url?.split('?')[0] === lokiTailPath;

/** Loki's tail (https://grafana.com/docs/loki/latest/reference/loki-http-api/#stream-log-messages): a WebSocket that sends `{streams, dropped_entries}`. */
export function openLokiTails(app: FastifyInstance, deps: ApiDeps): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: mostReceivedBytes });
  const { server } = app;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isLokiTail(request.url)) {
      // Somebody else's, where there is somebody.
      if (server.listenerCount('upgrade') === 1) socket.destroy();
      return;
    }
    socket.on('error', () => socket.destroy());
    void admit(request, deps)
      .then((admitted) => {
        if (typeof admitted === 'string') return turnAway(socket, admitted);
        if (!tails.enter(deps, admitted.scope.organisation)) return turnAway(socket, '503 Too many live tails');
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          void follow(webSocket, admitted, deps).finally(() => tails.leave(deps, admitted.scope.organisation));
        });
      })
      .catch((error: unknown) => {
        deps.logger.error('a tail could not be opened', { error: String(error) });
        turnAway(socket, '500 Unexpected error');
      });
  });
  app.addHook('onClose', (_, done) => {
    for (const client of sockets.clients) client.terminate();
    sockets.close(() => done());
  });
}

interface Admitted {
  readonly scope: LogqlScope;
  readonly query: LogExpression;
  readonly sinceMs: number;
  readonly delayMs: number;
  readonly stillMay: () => Promise<boolean>;
}

/** Who may follow what; else the status line and, behind a line break, why. */
async function admit(request: IncomingMessage, deps: ApiDeps): Promise<Admitted | string> {
  const asked = {
    headers: request.headers,
    method: 'GET',
    ip: request.socket.remoteAddress ?? '',
    cookies: { [sessionCookie]: cookieOf(request.headers.cookie ?? '', sessionCookie) },
  } as unknown as FastifyRequest;
  // A page of another site could open a socket with our cookie: only keys and our own pages may.
  const { origin, host } = request.headers;
  if (origin !== undefined && request.headers.authorization === undefined && URL.parse(origin)?.host !== host)
    return '403 Not from our pages';
  const caller = await authenticate(asked, deps);
  if (caller instanceof ProblemReply)
    return `${caller.problem.status} ${caller.problem.title}\n${caller.problem.detail}`;
  const form = new Form(request.url?.split('?')[1] ?? '', '');
  const query = parseLogSelector(form.get('query'));
  if (!query.ok) return `400 Bad Request\n${query.error.message}`;
  const start = form.get('start');
  const startNs = start === '' ? undefined : timeNs(start);
  if (start !== '' && startNs === undefined)
    return `400 Bad Request\ncould not parse 'start' parameter: ${JSON.stringify(start)}`;
  const delayS = Number(form.get('delay_for') || 0);
  if (!(delayS >= 0 && delayS <= longestDelayS))
    return `400 Bad Request\ndelay_for can't be greater than ${longestDelayS}`;
  const nowMs = deps.clock.now();
  return {
    scope: { organisation: caller.organisation, site: caller.keySite ?? '' },
    query: query.value,
    // As far back as a look goes anyway.
    sinceMs: startNs === undefined ? nowMs : Math.max(Number(startNs / 1_000_000n), nowMs - 3_600_000),
    delayMs: delayS * 1000,
    stillMay: async () => {
      const now = await authenticate(asked, deps);
      return !(now instanceof ProblemReply) && now.organisation === caller.organisation;
    },
  };
}

function cookieOf(header: string, name: string): string {
  for (const part of header.split(';')) {
    const [key, value = ''] = part.trim().split('=', 2);
    if (key === name) return value;
  }
  return '';
}

function turnAway(socket: Duplex, answer: string): void {
  const [status = '', text = ''] = answer.split('\n', 2);
  const body = text === '' ? status.slice(4) : text;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function follow(
  socket: WebSocket,
  { scope, query, sinceMs, delayMs, stillMay }: Admitted,
  deps: ApiDeps,
): Promise<void> {
  const away = new AbortController();
  socket.on('close', () => away.abort());
  socket.on('error', () => away.abort());
  let heard = true;
  socket.on('pong', () => (heard = true));
  const ping = setInterval(() => {
    if (!heard) return socket.terminate();
    heard = false;
    socket.ping();
    stillMay().then(
      (may) => void (may || socket.close(1008, 'no longer allowed')),
      (error: unknown) => deps.logger.warn('it could not be asked whether a tail may go on', { error }),
    );
    return undefined;
  }, pingMs);
  let missed: { labels: object; timestamp: string }[] = [];
  try {
    const batches = tailLogql(deps.store, deps.clock, { ...scope, query, sinceReceivedMs: sinceMs }, away.signal);
    for await (const { entries, dropped } of batches) {
      if (away.signal.aborted) break;
      if (delayMs > 0) await deps.clock.sleep(delayMs, away.signal);
      if (socket.bufferedAmount > mostBufferedBytes) {
        missed = [...missed, ...entries.map(({ stream, tsNs }) => ({ labels: stream, timestamp: tsNs }))].slice(-1000);
        continue;
      }
      const last = entries.at(-1);
      // Loki names each that it dropped; we know how many, and one of their moments.
      const more = Array.from({ length: Math.min(dropped, 1000) }, () => ({
        labels: last?.stream ?? {},
        timestamp: last?.tsNs ?? '0',
      }));
      const lost = [...missed, ...more];
      missed = [];
      socket.send(
        JSON.stringify({ streams: streamsOf(entries, false), ...(lost.length > 0 ? { dropped_entries: lost } : {}) }),
      );
    }
  } catch (error) {
    if (!away.signal.aborted) {
      const fault = error instanceof StoreError ? storeFault(error) : undefined;
      if (!fault) deps.logger.error('a tail failed', { error: String(error) });
      socket.close(1011, fault?.problem.title ?? 'unexpected error');
    }
  } finally {
    clearInterval(ping);
    socket.close();
  }
}
