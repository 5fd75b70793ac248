import { reduceValues } from '../../../charts/column-data.ts';
import type { DashboardPanel } from '@sightline/contract';
import type { Frames } from '../use-frames.ts';

export interface SingleValue {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
  /** The values it was made of. */
  readonly values: readonly (number | null)[];
}

/** Every series of a panel as one number. */
export function singleValues(panel: DashboardPanel, { frames }: Pick<Frames, 'frames'>): readonly SingleValue[] {
  return frames.flatMap(({ columns }) =>
    columns.map(({ name, labels, values }) => ({
      name,
      labels,
      values,
      value: reduceValues(values, panel.options.reduce),
    })),
  );
}
