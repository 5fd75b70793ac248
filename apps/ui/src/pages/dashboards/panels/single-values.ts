import type { DashboardPanel } from '@sightline/contract';
import { reduceValues } from '../../../charts/column-data.ts';
import type { FrameColumn, Frames } from '../use-frames.ts';

export interface SingleValue {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
  /** The values it was made of. */
  readonly values: readonly (number | null)[];
  /** The same a week before; null where it had no value then, undefined where nothing is compared. */
  readonly before?: number | null | undefined;
}

/** Every series of a panel as one number, with that of a week before by its labels. */
export function singleValues(panel: DashboardPanel, { frames }: Pick<Frames, 'frames'>): readonly SingleValue[] {
  const reduce = ({ values }: FrameColumn): number | null => reduceValues(values, panel.options.reduce);
  return frames.flatMap(({ columns, before }) => {
    const then = new Map(before?.map((column) => [labelText(column), reduce(column)]));
    return columns.map((column): SingleValue => ({
      name: column.name,
      labels: column.labels,
      values: column.values,
      value: reduce(column),
      before: before === undefined ? undefined : (then.get(labelText(column)) ?? null),
    }));
  });
}

const labelText = ({ labels }: FrameColumn): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
