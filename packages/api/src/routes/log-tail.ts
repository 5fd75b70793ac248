import type { ServerResponse } from 'node:http';
import type { TailBatch } from '@sightline/query';
import { StoreError } from '@sightline/store/port';
import { Places } from '../places.ts';
import type { ApiDeps } from '../route.ts';
import { storeFault } from '../store-fault.ts';

const heartbeatMs = 15_000;
/** A client that takes nothing for so long is gone. */
const drainLimitMs = 30_000;

/** Tails open at a time: each is a query a second. */
export const tails = new Places({ server: 50, organisation: 25 });

/**
 * Writes batches as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): `row` with a record,
 * `dropped` with a count, `fault` with a problem before the end. Waits for a slow reader, so that what it misses is
 * dropped in the store's batches and never piles up here. Asks with each heartbeat whether the caller still may see it.
 * Resolves when the client has gone.
 */
export async function openTail(
  raw: ServerResponse,
  batches: AsyncIterable<TailBatch>,
  deps: Pick<ApiDeps, 'clock' | 'logger'>,
  signal: AbortSignal,
  given: { readonly stillMay: () => Promise<boolean>; readonly heartbeatMs?: number },
): Promise<void> {
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  });
  raw.write('retry: 3000\n\n: following\n\n');
  const heartbeat = setInterval(() => {
    if (!raw.writableNeedDrain && !raw.destroyed) raw.write(': still here\n\n');
    given.stillMay().then(
      (may) => void (may || raw.destroy()),
      (error: unknown) => deps.logger.warn('it could not be asked whether a live tail may go on', { error }),
    );
  }, given.heartbeatMs ?? heartbeatMs);
  try {
    for await (const { rows, dropped } of batches) {
      if (signal.aborted || raw.destroyed) break;
      const events = rows.map((row) => `event: row\nid: ${row.id}\ndata: ${JSON.stringify(row)}\n\n`);
      if (dropped > 0) events.unshift(`event: dropped\ndata: ${dropped}\n\n`);
      if (!raw.write(events.join('')) && !(await drained(raw, deps, signal))) break;
    }
  } catch (error) {
    const refusal = error instanceof StoreError ? storeFault(error) : undefined;
    if (refusal && !raw.destroyed) raw.write(`event: fault\ndata: ${JSON.stringify(refusal.problem)}\n\n`);
    else if (!signal.aborted) deps.logger.error('live tail failed', { error: String(error) });
  } finally {
    clearInterval(heartbeat);
    raw.end();
  }
}

async function drained(raw: ServerResponse, deps: Pick<ApiDeps, 'clock'>, signal: AbortSignal): Promise<boolean> {
  const given = new AbortController();
  const both = AbortSignal.any([given.signal, signal]);
  let ready = false;
  const taken = (): void => {
    ready = true;
    given.abort();
  };
  const gone = (): void => given.abort();
  raw.once('drain', taken);
  raw.once('close', gone);
  await deps.clock.sleep(drainLimitMs, both);
  raw.off('drain', taken);
  raw.off('close', gone);
  if (!ready) raw.destroy();
  return ready;
}
