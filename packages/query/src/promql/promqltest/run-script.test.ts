import { fail, ok } from '@sightline/base';
import { describe, expect, it } from 'vitest';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import type { QueryValue } from '../metric-engine.ts';
import { wholeHistograms } from './compare-answer.ts';
import type { LoadedSeries } from './load-series.ts';
import { parseScript } from './parse-script.ts';
import { runScript, type ScriptTarget } from './run-script.ts';

/** A store that says what it was told and gives one answer to every instant query. */
function target(value: QueryValue | string, notes: { warnings?: string[]; infos?: string[] } = {}) {
  const loaded: LoadedSeries[] = [];
  const answer = typeof value === 'string' ? fail(value) : ok({ value, warnings: [], infos: [], samples: 0, ...notes });
  const made: ScriptTarget<FloatHistogram> = {
    histograms: wholeHistograms,
    clear: async () => {
      loaded.length = 0;
    },
    load: async (series) => {
      loaded.push(...series);
    },
    instant: async () => answer,
    range: async (_, startMs) => {
      if (typeof value === 'string' || value.type !== 'vector') return answer;
      const series = value.samples.map((sample) => ({
        labels: sample.labels,
        floats: { times: Float64Array.of(startMs + 60_000), values: Float64Array.of(sample.value) },
        histograms: [],
      }));
      return ok({ value: { type: 'matrix', series }, warnings: [], infos: [], samples: 0 });
    },
  };
  return { ...made, loaded };
}
const vector = (...samples: [Record<string, string>, number][]): QueryValue => ({
  type: 'vector',
  atMs: 0,
  samples: samples.map(([labels, value]) => ({ labels, value })),
});
async function difference(script: string, value: QueryValue | string, notes = {}): Promise<string | undefined> {
  const run = await runScript(script, target(value, notes));
  if (!run.ok) throw new Error(run.error);
  return run.value[0]?.difference;
}

describe('what a script loads', () => {
  it('is series with gaps, staleness marks, histograms and start times', async () => {
    const store = target(vector());
    const run = await runScript(
      `load 30s
         up{job="a", 'with space'="b"} 1 _x2 2+1x2 stale
         h {{count:1 buckets:[1]}} {{count:2 buckets:[2]}} {{count:1 buckets:[1]}}
         c_total@st _ -10s 0s
         c_total 1 2 3
      `,
      store,
    );
    expect(run).toEqual(ok([]));
    const [up, h, c] = store.loaded;
    expect(up?.labels).toEqual({ __name__: 'up', job: 'a', 'with space': 'b' });
    expect([...(up?.columns.times ?? [])]).toEqual([0, 90_000, 120_000, 150_000, 180_000]);
    expect([...(up?.columns.values ?? [])].slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(new BigUint64Array(up?.columns.values.buffer ?? new ArrayBuffer(0))[4]).toBe(0x7ff0000000000002n);
    expect(h?.columns.histograms?.map((histogram) => histogram?.counterResetHint)).toEqual([0, 2, 0]);
    expect([...(c?.columns.startTimes ?? [])]).toEqual([0, 20_000, 60_000]);
  });

  it('is classic histograms as native ones too, where asked', async () => {
    const store = target(vector());
    await runScript(
      `load_with_nhcb 1m
         d_bucket{le="1"} 1 2
         d_bucket{le="+Inf"} 3 4
         d_sum 5 6`,
      store,
    );
    const native = store.loaded.find(({ labels }) => labels['__name__'] === 'd');
    expect(native?.columns.histograms?.[1]).toMatchObject({ schema: -53, count: 4, sum: 6, positiveBuckets: [2, 2] });
  });

  it.each([
    ['load five', 'line 1: "load five" is no load command'],
    ['eval instant', 'line 1: "eval instant" is no command'],
    ['load 1m\n  up{ 1', 'line 1: the labels of "up{ 1" do not end'],
    ['load 1m\n  up 1 two', 'line 1: "two" is no value of a series'],
    ['load 1m\n  up 1x99999999', 'line 1: more than 1000000 values in one line'],
    ['eval instant at 1m up\n  expect sorted', 'line 1: "expect sorted" is no expectation'],
    ['load 1m\n  up@st 1s', 'line 1: an @st line has no series below it'],
  ])('is refused: %j', (script, error) => {
    expect(parseScript(script)).toEqual(fail(error));
  });
});

describe('what a script expects', () => {
  it.each([
    [
      'the vector',
      'eval instant at 5m up\n  up{job="a"} 1',
      vector([{ __name__: 'up', job: 'a' }, 1.000_000_1]),
      undefined,
    ],
    ['another value', 'eval instant at 5m up\n  up 1', vector([{ __name__: 'up' }, 2]), 'up{}: got 2 instead of 1'],
    ['one too many', 'eval instant at 5m up', vector([{ __name__: 'up' }, 2]), 'up{} was not expected: 2'],
    ['one too few', 'eval instant at 5m up\n  up{a="b"} 1', vector(), 'up{a="b"} is missing'],
    ['a scalar', 'eval instant at 5m 1 + 1\n  2', { type: 'scalar', atMs: 0, value: 2 }, undefined],
    ['a text', 'eval instant at 5m "x"\n  expect string "x"', { type: 'string', atMs: 0, value: 'x' }, undefined],
    ['a failure', 'eval instant at 5m rate(x)\n  expect fail msg: no range', 'no range', undefined],
    ['another failure', 'eval instant at 5m up\n  expect fail regex: a.c', 'xyz', 'failed with "xyz" instead of "a.c"'],
    ['no failure', 'eval instant at 5m up', 'xyz', 'failed: xyz'],
    [
      'an order',
      'eval instant at 5m sort(up)\n  expect ordered\n  {a="1"} 1\n  {a="2"} 2',
      vector([{ a: '2' }, 2], [{ a: '1' }, 1]),
      '{a="2"} is at 1 instead of 2',
    ],
  ] as const)('%s', async (_, script, value, expected) => {
    expect(await difference(script, value)).toBe(expected);
  });

  it('warnings and infos', async () => {
    const script = (line: string) => `eval instant at 5m up\n  expect ${line}`;
    const notes = { warnings: ['PromQL warning: odd'] };
    expect(await difference(script('warn'), vector(), notes)).toBeUndefined();
    expect(await difference(script('warn msg: PromQL warning: odd'), vector(), notes)).toBeUndefined();
    expect(await difference(script('no_warn'), vector(), notes)).toBe('no warn was expected: PromQL warning: odd');
    expect(await difference(script('info'), vector(), notes)).toBe('info "any" is missing among: none');
  });

  it('samples of a range, in the order of labels', async () => {
    const script = 'eval range from 0 to 2m step 1m up\n  up{a="1"} 1 _ 3\n  up{a="2"} 1 2 3';
    const series = (label: string, ...values: number[]) => ({
      labels: { __name__: 'up', a: label },
      floats: { times: Float64Array.from(values, (_, i) => i * 60_000), values: Float64Array.from(values) },
      histograms: [],
    });
    const run = async (...all: ReturnType<typeof series>[]) => {
      const answer = { value: { type: 'matrix', series: all } as const, warnings: [], infos: [], samples: 0 };
      const found = await runScript(script, { ...target(vector()), range: async () => ok(answer) });
      return found.ok ? found.value[0]?.difference : found.error;
    };
    expect(await run(series('2', 1, 2, 3), series('1', 1))).toBe('up{a="1"} is not in the order of labels');
    expect(await run(series('1', 1, 2, 3), series('2', 1, 2, 3))).toBe('up{a="1"}: has a value at 60000 ms');
    expect(await run(series('1', 1), series('2', 1, 2, 3))).toBe('up{a="1"}: has no value at 120000 ms');
  });
});
