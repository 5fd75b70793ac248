import type { PanelOptions } from '@sightline/contract';

/** A column as it is drawn: of a label, or of the values at the place `value` of a row. */
export interface ShownColumn {
  readonly label: string;
  readonly value: number | undefined;
  readonly title: string;
}

/** Labels, then values, as the panel's columns name, order and hide them. */
export function shownColumns(
  labels: readonly string[],
  values: readonly { readonly ref: string; readonly title: string }[],
  { columns, otherColumns }: Pick<PanelOptions, 'columns' | 'otherColumns'>,
): ShownColumn[] {
  const all = [
    ...labels.map((label) => ({ name: label, label, value: undefined, title: label })),
    ...values.map(({ ref, title }, value) => ({ name: `Value #${ref}`, label: '', value, title })),
  ];
  const listed = new Map(columns.map((column, at) => [column.name, { ...column, at }]));
  return all
    .filter(({ name }) => {
      const own = listed.get(name);
      return own === undefined ? otherColumns : !own.hidden;
    })
    .toSorted((a, b) => (listed.get(a.name)?.at ?? Infinity) - (listed.get(b.name)?.at ?? Infinity) || 0)
    .map(({ name, label, value, title }) => ({ label, value, title: (listed.get(name)?.title ?? '') || title }));
}
