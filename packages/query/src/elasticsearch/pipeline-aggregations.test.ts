import { describe, expect, test } from 'vitest';
import { readBucketScript } from './bucket-script.ts';
import { ElasticFault } from './fault.ts';
import { addPipelines, checkPipelines, type AskedAggregation } from './pipeline-aggregations.ts';

const minute = 60_000;

/** An aggregation by its kind, with what stands within it. */
function asked(
  name: string,
  kind: string,
  body: object = {},
  inner: readonly AskedAggregation[] = [],
): AskedAggregation {
  return { name, kind, body: body as AskedAggregation['body'], inner };
}

/** Minutes of sales, one of them without any, with pipelines within and beside them. */
function answered(within: readonly AskedAggregation[], beside: readonly AskedAggregation[] = []): Record<string, any> {
  const list = [
    asked('minutes', 'date_histogram', {}, [
      asked('sales', 'sum'),
      asked('spread', 'percentiles'),
      asked('kinds', 'terms'),
      ...within,
    ]),
    ...beside,
  ];
  checkPipelines(list, undefined);
  const sales = [10, 30, null, 20];
  const buckets = sales.map((value, i) => ({
    key: i * minute,
    key_as_string: `minute ${i}`,
    doc_count: value === null ? 0 : i + 1,
    sales: { value: value ?? 0 },
    spread: { values: { '50.0': i, '99.9': 10 * i } },
    kinds: { buckets: [{ key: 'card', doc_count: i, sales: { value: 100 + i } }] },
  }));
  const answer = { minutes: { buckets } };
  addPipelines(list, answer);
  return answer;
}
const valuesOf = (answer: Record<string, any>, name: string): unknown[] =>
  answer['minutes'].buckets.map((bucket: Record<string, any>) => bucket[name]?.value);

describe('within buckets', () => {
  test.each<[string, string, object, unknown[]]>([
    ['the difference to the bucket before', 'derivative', {}, [undefined, 20, null, null]],
    ['an empty bucket as zero', 'derivative', { gap_policy: 'insert_zeros' }, [undefined, 20, -30, 20]],
    ['the sum so far', 'cumulative_sum', {}, [10, 40, 40, 60]],
    [
      'the difference to two before',
      'serial_diff',
      { lag: 2, gap_policy: 'keep_values' },
      [undefined, undefined, -10, -10],
    ],
    [
      'a mean of the two before',
      'moving_fn',
      { window: 2, script: 'MovingFunctions.unweightedAvg(values)' },
      [null, 10, 20, 30],
    ],
    [
      'and with this one',
      'moving_fn',
      { window: 2, shift: 1, script: 'return MovingFunctions.sum(values);' },
      [10, 40, 30, 20],
    ],
    ['smoothed', 'moving_fn', { window: 4, shift: 1, script: 'MovingFunctions.ewma(values, 0.5)' }, [10, 20, 20, 20]],
  ])('%s', (_, kind, body, expected) =>
    expect(valuesOf(answered([asked('made', kind, { buckets_path: 'sales', ...body })]), 'made')).toEqual(expected),
  );

  test('a slope by a unit of time', () => {
    const { minutes } = answered([asked('slope', 'derivative', { buckets_path: '_count', unit: '1s' })]);
    expect(minutes.buckets[1].slope).toEqual({ value: 1, normalized_value: 1 / 60 });
  });

  test.each<[string, object, unknown[]]>([
    [
      'paths of many forms',
      {
        paths: { a: 'sales', b: '_count', c: "kinds['card']>sales", d: 'spread.50', e: 'spread[99.9]' },
        script: 'params.a + params.b + params.c + params.d + params.e',
      },
      [111, 144, undefined, 160],
    ],
    [
      'constants and functions',
      { paths: { a: 'sales' }, script: { source: 'Math.max(params.a, params.least) * 2', params: { least: 15 } } },
      [30, 60, undefined, 40],
    ],
    ['another pipeline', { paths: { a: 'sum' }, script: 'params.a > 30 ? 1 : 0' }, [0, 1, undefined, 1]],
  ])('a script over %s', (_, { paths, script }: any, expected) => {
    const sum = asked('sum', 'cumulative_sum', { buckets_path: 'sales' });
    const answer = answered([asked('made', 'bucket_script', { buckets_path: paths, script }), sum]);
    expect(valuesOf(answer, 'made')).toEqual(expected);
  });

  test('buckets are selected, then sorted and cut', () => {
    const selector = asked('some', 'bucket_selector', {
      buckets_path: { n: 'sales' },
      script: 'params.n >= 10 && params.n < 30',
    });
    expect(answered([selector]).minutes.buckets.map(({ key }: { key: number }) => key / minute)).toEqual([0, 3]);
    const sort = asked('order', 'bucket_sort', { sort: [{ sales: { order: 'desc' } }], size: 2, from: 1 });
    expect(answered([sort]).minutes.buckets.map(({ key }: { key: number }) => key / minute)).toEqual([3, 0]);
  });
});

describe('beside buckets', () => {
  test.each<[string, object, unknown]>([
    ['avg_bucket', {}, { value: 20 }],
    ['sum_bucket', {}, { value: 60 }],
    ['max_bucket', {}, { value: 30, keys: ['minute 1'] }],
    ['min_bucket', { gap_policy: 'insert_zeros' }, { value: 0, keys: ['minute 2'] }],
    ['stats_bucket', {}, { count: 3, min: 10, max: 30, avg: 20, sum: 60 }],
    [
      'extended_stats_bucket',
      {},
      {
        count: 3,
        min: 10,
        max: 30,
        avg: 20,
        sum: 60,
        sum_of_squares: 1400,
        variance: 1400 / 3 - 400,
        std_deviation: Math.sqrt(1400 / 3 - 400),
      },
    ],
    ['percentiles_bucket', { percents: [0, 50, 99.9] }, { values: { '0.0': 10, '50.0': 20, '99.9': 30 } }],
  ])('%s', (kind, body, expected) =>
    expect(answered([], [asked('made', kind, { buckets_path: 'minutes>sales', ...body })])['made']).toEqual(expected),
  );

  test('of a value that a pipeline made', () => {
    const slope = asked('slope', 'derivative', { buckets_path: 'sales' });
    expect(answered([slope], [asked('most', 'max_bucket', { buckets_path: 'minutes>slope' })])['most']).toEqual({
      value: 20,
      keys: ['minute 1'],
    });
  });
});

test.each<[string, readonly AskedAggregation[], string]>([
  ['no path', [asked('a', 'terms', {}, [asked('b', 'derivative')])], 'buckets_path'],
  [
    'a path to nothing',
    [asked('a', 'terms', {}, [asked('b', 'derivative', { buckets_path: 'x' })])],
    'No aggregation found for path [x]',
  ],
  [
    'nothing around',
    [asked('b', 'derivative', { buckets_path: '_count' })],
    'must be declared inside of another aggregation',
  ],
  [
    'a circle',
    [
      asked('a', 'terms', {}, [
        asked('b', 'derivative', { buckets_path: 'c' }),
        asked('c', 'derivative', { buckets_path: 'b' }),
      ]),
    ],
    'Cyclical dependency',
  ],
])('refused: %s', (_, list, reason) => {
  expect(() => checkPipelines(list, undefined)).toThrow(ElasticFault);
  expect(() => checkPipelines(list, undefined)).toThrow(reason);
});

describe('scripts', () => {
  const known = new Set(['a', 'b']);
  test.each<[string, number | boolean]>([
    ['params.a / params.b * 100', 250],
    ['a - b - 1', 2],
    ['-(a + b) % 4', -3],
    ['a > b && !(b == 2) || a != 5', false],
    ['a >= 5 ? b < 3 ? 7 : 8 : 9', 7],
    ['return Math.round(Math.sqrt(a * a));', 5],
    ['1.5e1 + 2L', 17],
  ])('%s', (text, expected) => expect(readBucketScript(text, known)({ a: 5, b: 2 })).toBe(expected));

  test.each<[string, string]>([
    ['', 'ends too soon'],
    ['params.c', 'cannot resolve symbol [params.c]'],
    ['constructor', 'cannot resolve symbol [constructor]'],
    ['Math.constructor(1)', 'unknown function'],
    ['Math.max(1)', 'takes 2 values, not 1'],
    ['a + ', 'ends too soon'],
    ['a b', 'unexpected [b]'],
    ['for (;;) {}', 'cannot read the script at [{}]'],
    ['('.repeat(60) + 'a', 'nested too deeply'],
    ['-'.repeat(60) + 'a', 'nested too deeply'],
    ['a + '.repeat(600) + 'a', 'at most 2000 characters'],
  ])('%s is refused', (text, reason) => expect(() => readBucketScript(text, known)).toThrow(reason));
});
