import type { Reduction } from '@sightline/contract';

/** One series of a chart as a column beside the chart's times; null is a gap. */
export interface Column {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** A CSS colour or variable; without it the chart's palette in order. */
  readonly colour?: string | undefined;
  /** Drawn broken: what was, beside what is. */
  readonly dashed?: boolean;
}

/**
 * At most `most` columns by their greatest sum, in the order given. The rest become one column `others (n)` when their values
 * may be added, and are only counted when they may not.
 */
export function topColumns(
  columns: readonly Column[],
  most: number,
  addable: boolean,
): { readonly kept: readonly Column[]; readonly omitted: number } {
  if (columns.length <= most) return { kept: columns, omitted: 0 };
  const weights = columns.map(({ values }) => values.reduce<number>((sum, value) => sum + Math.abs(value ?? 0), 0));
  const order = columns.map((_, index) => index).toSorted((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  const chosen = new Set(order.slice(0, most));
  const kept = columns.filter((_, index) => chosen.has(index));
  const others = columns.filter((_, index) => !chosen.has(index));
  if (!addable) return { kept, omitted: others.length };
  const values = (columns[0]?.values ?? []).map((_, at) => {
    let sum: number | null = null;
    for (const one of others) {
      const value = one.values[at] ?? null;
      if (value !== null) sum = (sum ?? 0) + value;
    }
    return sum;
  });
  return { kept: [...kept, { name: `others (${others.length})`, values, colour: 'var(--chart-others)' }], omitted: 0 };
}

/** A column as one number; null where it has no value at all. */
export function reduceValues(values: readonly (number | null)[], how: Reduction): number | null {
  const known = values.filter((value) => value !== null);
  const [first] = known;
  if (first === undefined) return how === 'count' ? 0 : null;
  switch (how) {
    case 'last':
      return known.at(-1) ?? null;
    case 'first':
      return first;
    case 'count':
      return known.length;
    case 'sum':
      return known.reduce((sum, value) => sum + value, 0);
    case 'mean':
      return known.reduce((sum, value) => sum + value, 0) / known.length;
    case 'min':
      return known.reduce((low, value) => Math.min(low, value), first);
    case 'max':
      return known.reduce((high, value) => Math.max(high, value), first);
    case 'range':
      return (
        known.reduce((high, value) => Math.max(high, value), first) -
        known.reduce((low, value) => Math.min(low, value), first)
      );
  }
}

/** What a chart says to someone who does not see it: one sentence for each column. */
export function spokenColumns(columns: readonly Column[], format: (value: number) => string): readonly string[] {
  return columns.map(({ name, values }) => {
    const [last, low, high] = (['last', 'min', 'max'] as const).map((how) => reduceValues(values, how));
    if (last === undefined || last === null) return `${name}: no values`;
    return `${name}: last ${format(last)}, lowest ${format(low ?? last)}, highest ${format(high ?? last)}`;
  });
}
