import type { MetricColumns } from '@sightline/contract';
import { expect, test } from 'vitest';
import { joinAnswers } from './join-answers.ts';

const answer = (values: (number | null)[][], rest: Partial<MetricColumns> = {}): MetricColumns => ({
  type: 'matrix',
  stepMs: 1000,
  times: [1, 2],
  series: values.map((one, n) => ({ labels: { site: `S${n}` }, values: one })),
  odd: [],
  text: '',
  more: 0,
  warnings: [],
  infos: [],
  samples: 2,
  ...rest,
});

test('one answer stays as it is, none is none', () => {
  const one = answer([[1, 2]]);
  expect(joinAnswers([{ ref: 'A', data: one }])).toBe(one);
  expect(joinAnswers([])).toBeUndefined();
});

test('series say whose they are, odd values stay with their series, facts are added up', () => {
  const joined = joinAnswers([
    {
      ref: 'A',
      data: answer(
        [
          [1, 2],
          [3, 4],
        ],
        { warnings: ['w'], more: 1 },
      ),
    },
    { ref: 'B', data: answer([[5, null]], { odd: [{ series: 0, index: 1, value: 'NaN' }], warnings: ['w'] }) },
  ]);
  expect(joined?.series.map(({ labels }) => labels)).toEqual([
    { query: 'A', site: 'S0' },
    { query: 'A', site: 'S1' },
    { query: 'B', site: 'S0' },
  ]);
  expect(joined).toMatchObject({
    odd: [{ series: 2, index: 1, value: 'NaN' }],
    warnings: ['w'],
    more: 1,
    samples: 4,
  });
});

test('an answer without series lends no times, a text has no series', () => {
  const joined = joinAnswers([
    { ref: 'A', data: answer([], { times: [] }) },
    { ref: 'B', data: answer([[1, 2]]) },
    { ref: 'C', data: answer([], { type: 'string', text: 'x' }) },
  ]);
  expect(joined).toMatchObject({ times: [1, 2], type: 'matrix' });
  expect(joined?.series).toHaveLength(1);
});
