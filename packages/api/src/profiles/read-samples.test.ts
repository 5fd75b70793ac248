import { describe, expect, test } from 'vitest';
import { readSamples, type Samples } from './read-samples.ts';

const always = { sinceMs: 0, untilMs: Infinity };
const at = 1_790_000_000_000;
const frames = [
  { function: 'main', filename: 'app.js', abs_path: '/srv/app.js', lineno: 1, in_app: true },
  { function: 'pay', abs_path: '/srv/pay.js', lineno: 7, colno: 3 },
  { function: 'query', abs_path: '/srv/node_modules/pg/client.js' },
  { function: '(idle)' },
];
const file = (profile: object, more: object = {}) => ({
  content: Buffer.from(JSON.stringify({ platform: 'node', ...more, profile })),
  atMs: at,
});
const sample = (stack_id: number, ms: number, thread_id: number | string = 0) => ({
  stack_id,
  thread_id,
  elapsed_since_start_ns: String(ms * 1e6),
});
const chunked = (stack_id: number, ms: number) => ({ stack_id, thread_id: '0', timestamp: (at + ms) / 1000 });

function read(files: Parameters<typeof readSamples>[0], range = always): Samples {
  const samples = readSamples(files, range);
  if (!samples.ok) throw new Error(samples.error);
  return samples.value;
}
/** Samples as `thread stack from+length`, in milliseconds. */
const told = ({ samples, stacks, frames: known, threads }: Samples): string[] =>
  samples.map(([thread, stack, from, length]) => {
    const names = (stacks[stack] ?? []).map((frame) => known[frame]?.function);
    return `${threads[thread]?.id} ${names.join('>')} ${from / 1000}+${length / 1000}`;
  });

describe('samples', () => {
  test('of the first version last until the next of their thread, the running one first', () => {
    const found = read([
      file(
        {
          frames,
          stacks: [[1, 0], [2, 1, 0], []],
          samples: [sample(0, 0), sample(1, 10), sample(1, 5, 7), sample(2, 30), sample(0, 15, 7)],
          thread_metadata: { 0: { name: 'main' }, 7: { name: 'worker' } },
        },
        { transaction: { active_thread_id: 7 } },
      ),
    ]);
    expect(found.threads).toEqual([
      { id: '7', name: 'worker' },
      { id: '0', name: 'main' },
    ]);
    expect(told(found)).toEqual([
      '7 main>pay>query 5+10',
      '7 main>pay 15+10',
      '0 main>pay 0+10',
      '0 main>pay>query 10+20',
      '0  30+20',
    ]);
    expect([found.startMs, found.endMs]).toEqual([at, at + 50]);
  });

  test('of chunks are joined, each frame and stack once, and nothing fills the time between them', () => {
    const one = file({ frames, stacks: [[0]], samples: [chunked(0, 0), chunked(0, 10)] });
    const two = file({ frames: frames.toReversed(), stacks: [[2, 3]], samples: [chunked(0, 500)] });
    const found = read([one, two]);
    expect(told(found)).toEqual(['0 main 0+10', '0 main 10+10', '0 main>pay 500+10']);
    expect(found.frames).toHaveLength(2);
  });

  test('are cut to the time that is asked for', () => {
    const one = file({ frames, stacks: [[0]], samples: [chunked(0, 0), chunked(0, 10), chunked(0, 20)] });
    expect(told(read([one], { sinceMs: at + 5, untilMs: at + 12 }))).toEqual(['0 main 0+5', '0 main 5+2']);
    expect(told(read([one], { sinceMs: at + 99, untilMs: at + 100 }))).toEqual([]);
  });

  test('what is of the program itself', () => {
    const places = [
      ['told', { in_app: false, abs_path: '/srv/told.js' }, false],
      ['own file', { abs_path: '/srv/app.js' }, true],
      ['dependency', { abs_path: '/srv/node_modules/pg/client.js' }, false],
      ['runtime', { abs_path: 'node:fs' }, false],
      ['without a place', { function: 'parse' }, false],
      ['idle', { function: '(idle)', abs_path: 'x' }, false],
      ['extension', { abs_path: 'chrome-extension://a/b.js' }, false],
    ] as const;
    const found = read([
      file({ frames: places.map(([, frame]) => frame), stacks: [places.map((_, i) => i)], samples: [sample(0, 0)] }),
    ]);
    expect(found.frames.map(({ inApp }) => inApp).toReversed()).toEqual(places.map(([, , own]) => own));
  });

  test('debug ids belong to the script they are told of', () => {
    const images = [{ type: 'sourcemap', code_file: '/srv/pay.js', debug_id: 'd' }];
    const found = read([file({ frames, stacks: [[1]], samples: [sample(0, 0)] }, { debug_meta: { images } })]);
    expect(found.frames).toMatchObject([{ debugId: 'd', path: '/srv/pay.js', line: 7, column: 3 }]);
  });

  test.each<[string, object | string, string]>([
    ['no JSON', 'x', 'no JSON object'],
    ['a list', '[]', 'no JSON object'],
    ['nothing in it', {}, 'no list of samples'],
    ['the form of Android', { sampled_profile: 'AAAA' }, 'Android’s own profiler'],
  ])('%s is refused', (_, content, message) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const found = readSamples([{ content: Buffer.from(text), atMs: at }], always);
    expect(found).toMatchObject({ ok: false, error: expect.stringContaining(message) });
  });

  test('nonsense in a list costs itself alone', () => {
    const found = read([
      file({
        frames: [null, { function: 5, lineno: -1 }, 'x'],
        stacks: [[1], 'x', [9], ['a']],
        samples: [null, sample(0, 0), sample(1, 1), sample(2, 2), sample(3, 3), { stack_id: 'x' }, sample(-1, 4)],
      }),
    ]);
    expect(found.samples).toHaveLength(3);
    expect(found.left).toBe(1);
  });
});
