import { expect, test } from 'vitest';
import { readSamples } from './read-samples.ts';
import { SampleReader } from './sample-reader.ts';

const range = { sinceMs: 0, untilMs: 1e15 };
const profile = (samples: number) => ({
  content: Buffer.from(
    JSON.stringify({
      platform: 'node',
      profile: {
        samples: Array.from({ length: samples }, (_, i) => ({
          stack_id: i % 2,
          thread_id: '0',
          timestamp: 1000 + i / 100,
        })),
        stacks: [[0, 1], [1]],
        frames: [{ function: 'pay', lineno: 3 }, { function: 'main' }],
      },
    }),
  ),
  atMs: 0,
});
const large = profile(12_000);

test('large files are read on a thread, to the same', async () => {
  expect(large.content.length).toBeGreaterThan(512 * 1024);
  expect(await new SampleReader().read([large], range)).toEqual(readSamples([large], range));
});

test('the server goes on meanwhile, and a third has to come again', async () => {
  const reader = new SampleReader();
  let turns = 0;
  const counter = setInterval(() => turns++, 1);
  const answers = await Promise.all([1, 2, 3].map(() => reader.read([large], range)));
  clearInterval(counter);
  expect(answers.map((one) => (one.ok ? 'read' : one.error.kind))).toEqual(['read', 'read', 'busy']);
  expect(turns).toBeGreaterThan(1);
  expect((await reader.read([large], range)).ok).toBe(true);
});

test.each([
  ['a small one', 'x'],
  ['a large one', 'x'.repeat(600 * 1024)],
])('what is no profile is said to be none: %s', async (_, text) =>
  expect(await new SampleReader().read([{ content: Buffer.from(text), atMs: 0 }], range)).toEqual({
    ok: false,
    error: { kind: 'unreadable', message: 'it is no JSON object' },
  }),
);

test('who has gone is not waited for', async () => {
  const away = new AbortController();
  const asked = new SampleReader().read([large], range, away.signal);
  away.abort();
  expect((await asked).ok).toBe(false);
});
