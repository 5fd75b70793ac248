import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger, systemClock } from '@sightline/base';
import type { LogRecord, TailBatch } from '@sightline/query';
import { StoreError } from '@sightline/store/port';
import { expect, test } from 'vitest';
import type { ApiDeps } from '../route.ts';
import { openTail, tails } from './log-tail.ts';

const deps = { clock: systemClock, logger: silentLogger };

/** What a client reads of a tail over these batches. */
async function followed(
  batches: () => AsyncGenerator<TailBatch>,
  given: Parameters<typeof openTail>[4] = { stillMay: async () => true },
): Promise<string> {
  const server = createServer((_, raw) => void openTail(raw, batches(), deps, new AbortController().signal, given));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const text = await answer.text().catch(() => 'cut');
  server.close();
  return text;
}

const row = (id: string, body: string): LogRecord => ({ id, body }) as LogRecord;

test('rows and drops are events; a body cannot begin one of its own', async () => {
  const text = await followed(async function* () {
    yield { rows: [row('1-a', 'x\n\nevent: fault\ndata: no'), row('1-b', 'y')], dropped: 7 };
  });
  expect(text.split('\n\n').filter((event) => event.startsWith('event:'))).toEqual([
    'event: dropped\ndata: 7',
    `event: row\nid: 1-a\ndata: ${JSON.stringify(row('1-a', 'x\n\nevent: fault\ndata: no'))}`,
    `event: row\nid: 1-b\ndata: ${JSON.stringify(row('1-b', 'y'))}`,
  ]);
});

test('a store that gives up ends the tail with the problem', async () => {
  const text = await followed(async function* () {
    yield { rows: [], dropped: 1 };
    throw new StoreError('timeout', 'secret');
  });
  expect(text).toContain('event: fault\ndata: {"type":"about:blank","title":"The search took too long","status":503');
  expect(text).not.toContain('secret');
});

test('the number of tails is bounded for each server', () => {
  const server = { ...deps } as unknown as ApiDeps;
  const entered = Array.from({ length: 60 }, () => tails.enter(server)).filter(Boolean).length;
  expect(entered).toBe(50);
  tails.leave(server);
  expect(tails.enter(server)).toBe(true);
  expect(tails.enter({ ...deps } as unknown as ApiDeps)).toBe(true);
});

test('a tail ends soon after its session has ended or its key was revoked', async () => {
  let shown = 0;
  await followed(
    async function* () {
      for (; shown < 1000; shown++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield { rows: [row(`${shown}`, 'x')], dropped: 0 };
      }
    },
    { stillMay: async () => shown < 3, heartbeatMs: 10 },
  );
  expect(shown).toBeLessThan(200);
});
