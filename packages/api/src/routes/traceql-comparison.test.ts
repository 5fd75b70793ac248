import type { TraceqlSeries } from '@sightline/query';
import { expect, test } from 'vitest';
import { comparisonOf } from './traceql-comparison.ts';

const series = (meta: string, name: string, value: string, count: number): TraceqlSeries => ({
  labels: [
    ['__meta_type', meta],
    [name, value],
  ],
  samples: [{ atMs: 0, value: count }],
  exemplars: [],
});

test('the value whose share differs most comes first; one that a side lacks counts as none', () => {
  const { rows, ...rest } = comparisonOf([
    series('selection', 'kind', 'client', 10),
    series('baseline', 'kind', 'client', 90),
    series('selection', 'span.code', '502', 8),
    series('baseline', 'span.code', '200', 100),
    series('selection_total', 'kind', 'nil', 10),
    series('selection_total', 'span.code', 'nil', 8),
    series('baseline_total', 'kind', 'nil', 100),
    {
      labels: [
        ['__meta_error', '__too_many_values__'],
        ['span.id', 'nil'],
      ],
      samples: [],
      exemplars: [],
    },
  ]);
  expect(rest).toEqual({ selected: 10, others: 100, more: 0, cut: ['span.id'] });
  expect(rows).toEqual([
    { name: 'span.code', value: '200', selected: 0, others: 100 },
    { name: 'span.code', value: '502', selected: 8, others: 0 },
    { name: 'kind', value: 'client', selected: 10, others: 90 },
  ]);
});

test('nothing compared is an empty table', () => {
  expect(comparisonOf([])).toEqual({ selected: 0, others: 0, rows: [], more: 0, cut: [] });
});
