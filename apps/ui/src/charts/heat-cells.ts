/** The label of buckets that count what lies in them alone, as TraceQL's `histogram_over_time` tells them. */
export const bucketLabel = '__bucket';

/** Counts by bucket and time. `bounds` are the buckets' names from the lowest up; a cell is null where nothing was measured. */
export interface HeatCells {
  readonly times: readonly number[];
  readonly bounds: readonly string[];
  readonly cells: readonly (readonly (number | null)[])[];
  readonly most: number;
}

interface HeatSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
}

/**
 * Cumulative buckets (`le`) become counts of each, from the lowest up; buckets that count what lies in them alone (`bucketLabel`) are put in order, and what is no bucket beside them (the sum of series over the limit) is left out, as `histogram_quantile` does. Where
 * there are no buckets, series are rows as they are.
 */
export function heatCells(times: readonly number[], columns: readonly HeatSeries[]): HeatCells {
  const bound = ['le', bucketLabel].find((name) => columns.some(({ labels }) => labels[name] !== undefined));
  const textOf = ({ labels }: HeatSeries): string => labels[bound ?? ''] ?? '';
  const order =
    bound === undefined
      ? columns
      : columns
          .filter(({ labels }) => labels[bound] !== undefined)
          .toSorted((a, b) => boundOf(textOf(a)) - boundOf(textOf(b)));
  const cells = order.map(({ values }, row) => {
    const below = bound === 'le' ? order[row - 1]?.values : undefined;
    return values.map((value, at) => (value === null ? null : Math.max(0, value - (below?.[at] ?? 0))));
  });
  let most = 0;
  for (const row of cells) for (const value of row) most = Math.max(most, value ?? 0);
  return { times, bounds: order.map((one) => (bound === undefined ? one.name : textOf(one))), cells, most };
}

const boundOf = (text: string): number => (text === '+Inf' ? Infinity : Number(text));
