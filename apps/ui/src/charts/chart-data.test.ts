import { describe, expect, it } from 'vitest';
import { alignSeries, stackColumns, summariseSeries, topSeries, type ChartSeries } from './chart-data.ts';

const line = (name: string, points: [number, number][]): ChartSeries => ({
  name,
  points: points.map(([at, value]) => ({ at, value })),
});

describe('alignSeries', () => {
  it.each<[string, ChartSeries[], number[], (number | null)[][]]>([
    [
      'keeps a gap a gap',
      [
        line('a', [
          [0, 1],
          [20, 3],
        ]),
      ],
      [0, 10, 20, 30],
      [[1, null, 3, null]],
    ],
    [
      'puts two series on one axis',
      [line('a', [[10, 1]]), line('b', [[30, 2]])],
      [0, 10, 20, 30],
      [
        [null, 1, null, null],
        [null, null, null, 2],
      ],
    ],
    ['keeps the phase of the buckets', [line('a', [[15, 1]])], [5, 15, 25, 35], [[null, 1, null, null]]],
    [
      'leaves out what lies outside',
      [
        line('a', [
          [-50, 9],
          [10, 1],
          [400, 9],
        ]),
      ],
      [0, 10, 20, 30],
      [[null, 1, null, null]],
    ],
    [
      'keeps the last one of a series out of step with the first',
      [line('a', [[0, 1]]), line('b', [[38, 2]])],
      [0, 10, 20, 30],
      [
        [1, null, null, null],
        [null, null, null, 2],
      ],
    ],
    ['takes no infinities', [line('a', [[0, Number.POSITIVE_INFINITY]])], [0, 10, 20, 30], [[null, null, null, null]]],
  ])('%s', (_name, series, times, columns) => {
    expect(alignSeries(series, 0, 40, 10)).toEqual({ times, columns });
  });
  it('is bounded whatever the step', () => {
    expect(alignSeries([line('a', [[0, 1]])], 0, 1e12, 1).times.length).toBeLessThanOrEqual(5000);
    expect(alignSeries([], 0, 100, 0).times.length).toBeLessThanOrEqual(100);
    expect(alignSeries([], 100, 0, 10)).toEqual({ times: [], columns: [] });
  });
});

describe('topSeries', () => {
  const many = [
    line('small', [[0, 1]]),
    line('big', [[0, 100]]),
    line('tiny', [
      [0, 0.5],
      [10, 1],
    ]),
    line('mid', [[0, 50]]),
  ];
  it('adds the rest up where that is right', () => {
    const { kept, omitted } = topSeries(many, 2, 'sum');
    expect(kept.map(({ name }) => name)).toEqual(['big', 'mid', 'others (2)']);
    expect(kept[2]?.points).toEqual([
      { at: 0, value: 1.5 },
      { at: 10, value: 1 },
    ]);
    expect(omitted).toBe(0);
  });
  it('only counts the rest where it is not', () => {
    const { kept, omitted } = topSeries(many, 3, 'omit');
    expect(kept.map(({ name }) => name)).toEqual(['big', 'tiny', 'mid']);
    expect(omitted).toBe(1);
  });
  it('leaves few series alone', () => expect(topSeries(many, 4, 'sum').kept).toBe(many));
});

describe('stackColumns', () => {
  it.each([
    [
      'adds up',
      [
        [1, 2],
        [10, 20],
      ],
      [
        [1, 2],
        [11, 22],
      ],
    ],
    [
      'a gap adds nothing',
      [
        [1, null],
        [null, 5],
      ],
      [
        [1, 0],
        [1, 5],
      ],
    ],
    [
      'all gaps stay a gap',
      [
        [null, 1],
        [null, 1],
      ],
      [
        [null, 1],
        [null, 2],
      ],
    ],
    ['nothing is nothing', [], []],
  ])('%s', (_name, columns, expected) => expect(stackColumns(columns)).toEqual(expected));
});

it('summarises for those who do not see it', () => {
  expect(
    summariseSeries(
      [
        line('cpu', [
          [0, 5],
          [10, 9],
          [20, 7],
        ]),
        line('none', []),
      ],
      (value) => `${value} %`,
    ),
  ).toEqual(['cpu: last 7 %, lowest 5 %, highest 9 %', 'none: no values']);
});
