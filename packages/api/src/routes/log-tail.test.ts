import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { ManualClock, silentLogger, systemClock } from '@sightline/base';
import type { LogRecord, TailBatch } from '@sightline/query';
import { StoreError } from '@sightline/store/port';
import { expect, test } from 'vitest';
import { openTail } from './log-tail.ts';

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

test('while nothing arrives, a heartbeat keeps the connection', async () => {
  const text = await followed(
    async function* () {
      await new Promise((resolve) => setTimeout(resolve, 200));
      yield { rows: [], dropped: 1 };
    },
    { stillMay: async () => true, heartbeatMs: 20 },
  );
  expect(text.split(': still here').length).toBeGreaterThan(2);
});

test('a reader that takes nothing holds back the batches, and is cut off in the end', async () => {
  const clock = new ManualClock(0);
  let given = 0;
  let ended = false;
  const server = createServer((_, raw) => {
    const batches = async function* (): AsyncGenerator<TailBatch> {
      for (;;) yield { rows: Array.from({ length: 100 }, () => row(`${given++}`, 'x'.repeat(10_000))), dropped: 0 };
    };
    const may = { stillMay: async () => true, heartbeatMs: 1000 };
    const parts = { clock, logger: silentLogger };
    void openTail(raw, batches(), parts, new AbortController().signal, may).then(() => (ended = true));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const reader = connect((server.address() as AddressInfo).port, '127.0.0.1');
  reader.on('error', () => undefined);
  reader.pause();
  reader.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const settled = async (before = -1): Promise<number> => {
    await systemClock.sleep(200);
    return given > 0 && given === before ? given : settled(given);
  };
  // What the kernel's buffers hold, and one batch more: nothing piles up.
  expect(await settled()).toBeLessThan(3000);
  expect(ended).toBe(false);
  clock.advance(30_000);
  await expect.poll(() => ended, { timeout: 5000 }).toBe(true);
  reader.destroy();
  server.close();
});
