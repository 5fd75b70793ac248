import type { Frames } from '../use-frames.ts';

/** Counts by bucket and time. `bounds` are the buckets' names from the lowest up; a cell is null where nothing was measured. */
export interface HeatCells {
  readonly times: readonly number[];
  readonly bounds: readonly string[];
  readonly cells: readonly (readonly (number | null)[])[];
  readonly most: number;
}

/** Cumulative buckets (`le`) become counts of each; other series are rows as they are. */
export function heatCells({ frames }: Pick<Frames, 'frames'>): HeatCells {
  const frame = frames.find(({ instant }) => !instant);
  if (frame === undefined) return { times: [], bounds: [], cells: [], most: 0 };
  const cumulative = frame.columns.length > 0 && frame.columns.every(({ labels }) => labels['le'] !== undefined);
  const order = cumulative ? frame.columns.toSorted((a, b) => boundOf(a.labels) - boundOf(b.labels)) : frame.columns;
  const cells = order.map(({ values }, row) => {
    const below = cumulative ? order[row - 1]?.values : undefined;
    return values.map((value, at) => (value === null ? null : Math.max(0, value - (below?.[at] ?? 0))));
  });
  let most = 0;
  for (const row of cells) for (const value of row) most = Math.max(most, value ?? 0);
  return {
    times: frame.times,
    bounds: order.map(({ labels, name }) => (cumulative ? (labels['le'] ?? '') : name)),
    cells,
    most,
  };
}

const boundOf = (labels: Readonly<Record<string, string>>): number =>
  labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
