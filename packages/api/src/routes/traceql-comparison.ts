import type { ComparedValue } from '@sightline/contract';
import type { TraceqlSeries } from '@sightline/query';

/** Values that a table has room for. */
const mostRows = 300;

export interface Comparison {
  readonly selected: number;
  readonly others: number;
  readonly rows: ComparedValue[];
  readonly more: number;
  readonly cut: string[];
}

/**
 * The series of `compare()`, of one step each, as a table: how many spans of the selection and of the others have each value, the greatest
 * difference between the two shares first. How many spans there are is what the attribute that all have (`name`, or the most frequent) tells.
 */
export function comparisonOf(series: readonly TraceqlSeries[]): Comparison {
  const values = new Map<string, { name: string; value: string; selected: number; others: number }>();
  const totals = { selection: 0, baseline: 0 };
  const cut: string[] = [];
  for (const { labels, samples } of series) {
    const [meta, pair] = labels;
    if (!meta || !pair) continue;
    const [name, value] = [pair[0], String(pair[1])];
    const count = samples.reduce((sum, sample) => sum + sample.value, 0);
    if (meta[0] === '__meta_error') cut.push(name);
    else if (meta[1] === 'selection_total') totals.selection = Math.max(totals.selection, count);
    else if (meta[1] === 'baseline_total') totals.baseline = Math.max(totals.baseline, count);
    else {
      const key = JSON.stringify([name, value]);
      const row = values.get(key) ?? { name, value, selected: 0, others: 0 };
      if (meta[1] === 'selection') row.selected += count;
      else row.others += count;
      values.set(key, row);
    }
  }
  const difference = ({ selected, others }: ComparedValue) =>
    selected / Math.max(1, totals.selection) - others / Math.max(1, totals.baseline);
  // Of equal ones what the selection has more often: that is what is asked for.
  const rows = [...values.values()].toSorted(
    (a, b) => Math.abs(difference(b)) - Math.abs(difference(a)) || difference(b) - difference(a),
  );
  return {
    selected: totals.selection,
    others: totals.baseline,
    rows: rows.slice(0, mostRows),
    more: Math.max(0, rows.length - mostRows),
    cut,
  };
}
