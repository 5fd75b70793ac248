import type { Answer, QueryValue } from '@sightline/query/promql';
import { expect, test } from 'vitest';
import { packAnswer, unpackAnswer } from './packed-answer.ts';

const times = Float64Array.of(1000, 2000);
const histogram = {
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 1,
  count: 1,
  sum: 2,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: [],
  negativeBuckets: [],
  hint: 'unknown',
} as never;

test.each<[string, QueryValue]>([
  ['a scalar', { type: 'scalar', atMs: 7, value: 1.5 }],
  ['a text', { type: 'string', atMs: 7, value: 'x' }],
  ['no samples', { type: 'vector', atMs: 7, samples: [] }],
  [
    'samples',
    {
      type: 'vector',
      atMs: 7,
      samples: [
        { labels: { __name__: 'up', job: 'a' }, value: 1 },
        { labels: {}, value: Number.NaN, histogram },
        { labels: { job: 'up', a: '' }, value: -0 },
      ],
    },
  ],
  [
    'series',
    {
      type: 'matrix',
      series: [
        { labels: { job: 'a' }, floats: { times, values: Float64Array.of(1, Infinity) }, histograms: [] },
        {
          labels: { job: 'b' },
          floats: { times: times.subarray(1), values: Float64Array.of(3) },
          histograms: [{ atMs: 1000, histogram }],
        },
      ],
    },
  ],
])('%s arrive as they left', (_, value) => {
  const answer: Answer = { value, warnings: ['w'], infos: [], samples: 3 };
  const { packed, buffers } = packAnswer(structuredClone(answer));
  expect(unpackAnswer(structuredClone(packed, { transfer: buffers }))).toEqual(answer);
});
