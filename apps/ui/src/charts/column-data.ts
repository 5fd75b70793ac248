import type { Reduction } from '@sightline/contract';
import { isStack, stackColumns } from './chart-data.ts';
import type { ChartKind } from './uplot-options.ts';

/** null is a gap; undefined is a time at which only other series were asked: nothing is drawn, and nothing is missing. */
export type ColumnValue = number | null | undefined;

/** How the line of a series is drawn; what is left out is as the chart draws it. */
export interface LineLook {
  /** Pixels. */
  readonly width?: number | undefined;
  /** Of the area below a line, per cent. */
  readonly fill?: number | undefined;
  readonly broken?: boolean | undefined;
}

/** One series of a chart as a column beside the chart's times. */
export interface Column {
  readonly name: string;
  readonly values: readonly ColumnValue[];
  /** A CSS colour or variable; without it the chart's palette in order. */
  readonly colour?: string | undefined;
  /** Drawn broken: what was, beside what is. */
  readonly dashed?: boolean;
  /** Drawn otherwise than the chart. */
  readonly draw?: ChartKind | undefined;
  /** Stands on the axis at the right. */
  readonly axis?: 'right' | undefined;
  readonly line?: LineLook | undefined;
  /** Written otherwise than the chart's values. */
  readonly format?: ((value: number) => string) | undefined;
}

/**
 * Columns as they are painted. Those that stack stand on those of their axis that are drawn alike, and are painted first, from
 * the greatest total to the least; then the rest; what was before lies over all.
 */
export function paintColumns<C extends Column>(
  columns: readonly C[],
  kind: ChartKind,
): readonly { readonly column: C; readonly values: readonly ColumnValue[] }[] {
  const stacks = new Map<string, C[]>();
  const rest: C[] = [];
  for (const column of columns) {
    const draw = column.draw ?? kind;
    if (column.dashed === true || !isStack(draw)) rest.push(column);
    else {
      const key = `${column.axis ?? 'left'} ${draw}`;
      const stack = stacks.get(key);
      if (stack) stack.push(column);
      else stacks.set(key, [column]);
    }
  }
  const stacked = [...stacks.values()].flatMap((stack) => {
    const sums = stackColumns(stack.map(({ values }) => values));
    return stack.map((column, index) => ({ column, values: sums[index] ?? column.values })).toReversed();
  });
  return [...stacked, ...rest.map((column) => ({ column, values: column.values }))];
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
export function reduceValues(values: readonly ColumnValue[], how: Reduction): number | null {
  const known = values.filter((value) => value !== null && value !== undefined);
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
  return columns.map(({ name, values, format: own }) => {
    const text = own ?? format;
    const [last, low, high] = (['last', 'min', 'max'] as const).map((how) => reduceValues(values, how));
    if (last === undefined || last === null) return `${name}: no values`;
    return `${name}: last ${text(last)}, lowest ${text(low ?? last)}, highest ${text(high ?? last)}`;
  });
}
