import { describe, expect, test } from 'vitest';
import {
  BoundedQueue,
  formatDuration,
  jsonLogger,
  LruCache,
  ManualClock,
  parseDuration,
  redact,
  redactText,
  retry,
} from './index.ts';

describe('duration', () => {
  test.each([
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toEqual({ ok: true, value: ms }));
  test.each(['', '15', 'm15', '1h x'])('"%s" is refused with what was expected', (text) => {
    const parsed = parseDuration(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error).toContain('expected a duration');
  });
  test.each([
    [0.25, '250 µs'],
    [850, '850 ms'],
    [12_400, '12.4 s'],
    [180_000, '3 min'],
  ])('%d ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('redaction', () => {
  test('a bearer token, a URL password and our own key leave no trace', () => {
    expect(redactText('Bearer abc.def postgres://u:hunter2@h/db sl_ingest_Zz0123456789')).toBe(
      'Bearer <redacted> postgres://u:<redacted>@h/db sl_<redacted>',
    );
  });
  test('fields are judged by their name', () => {
    expect(redact({ password: 'x', nested: { apiKey: 'y', site: 'STORE_047' } })).toEqual({
      password: '<redacted>',
      nested: { apiKey: '<redacted>', site: 'STORE_047' },
    });
  });
  test('a statement that failed is told with its reason and without what was bound to it', () => {
    const error = new Error(
      'Failed query: select "id" from "sessions"\nwhere "hash" = $1\nparams: 9f86d081,ana@shop.example',
      {
        cause: new Error('canceling statement due to statement timeout'),
      },
    );
    const lines: string[] = [];
    const log = jsonLogger(new ManualClock(0), (line) => lines.push(line));
    log.warn('a step failed', { error, reason: error.message });
    expect(lines.join()).not.toMatch(/9f86d081|ana@shop/);
    const told = JSON.parse(lines[0] ?? '') as { error: { stack: string } };
    expect(told).toMatchObject({
      error: {
        message: expect.stringMatching(/"hash" = \$1$/),
        cause: { message: expect.stringContaining('timeout') },
      },
      reason: expect.stringMatching(/"hash" = \$1$/),
    });
    expect(told.error.stack).toContain('base.test.ts');
  });
});

test('the queue refuses what does not fit and hands over in order', async () => {
  const queue = new BoundedQueue<number>(2);
  expect([queue.offer(1), queue.offer(2), queue.offer(3)]).toEqual([true, true, false]);
  expect([await queue.take(), await queue.take()]).toEqual([1, 2]);
  const waiting = queue.take();
  queue.close();
  expect(await waiting).toBeUndefined();
});

test('the cache forgets by age and by number', () => {
  const clock = new ManualClock(0);
  const cache = new LruCache<string, number>(2, 1000, clock);
  cache.set('a', 1);
  cache.set('b', 2);
  cache.get('a');
  cache.set('c', 3);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
  clock.advance(1000);
  expect(cache.get('a')).toBeUndefined();
});

test('retry gives up after its attempts with the last error', async () => {
  const clock = new ManualClock(0);
  const tries: number[] = [];
  const run = retry({ attempts: 3, firstDelayMs: 10, maxDelayMs: 100 }, clock, async (n) => {
    tries.push(n);
    throw new Error(`try ${n}`);
  });
  const seen = expect(run).rejects.toThrow('try 3');
  for (let i = 0; i < 10; i++) {
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(200);
  }
  await seen;
  expect(tries).toEqual([1, 2, 3]);
});
