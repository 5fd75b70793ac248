import type { MetricColumns } from '@sightline/contract';
import { describe, expect, test } from 'vitest';
import { emptyNotes, joinAnswers } from './join-answers.ts';

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

describe('queries that gave nothing', () => {
  const [some, none] = [
    { type: 'matrix' as const, series: [{ labels: {}, values: [1] }] },
    { type: 'matrix' as const, series: [] },
  ];
  test.each([
    ['all gave something', [some, some, some], []],
    ['none did: the chart says so', [none, none, none], []],
    ['one is empty', [some, none, none], ['B has no series in this range.', 'Formula has no series in this range.']],
    ['the formula alone is empty', [some, some, none], [expect.stringMatching(/^The formula has no series: /)]],
  ])('%s', (_, answers, said) => {
    const parts = answers.map((data, i) => ({ ref: ['A', 'B', 'Formula'][i] ?? '', data }));
    expect(emptyNotes(parts as Parameters<typeof emptyNotes>[0], 'Formula')).toEqual(said);
  });
});
