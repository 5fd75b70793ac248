/** Ticks of an axis; null where none is written. */
type Ticks = readonly (number | null)[];

/** Where all values are whole (things that are counted), half a thing has no tick. `columns`: the values drawn, one list for each series. */
export function countTicks(ticks: Ticks, columns: readonly ArrayLike<number | null | undefined>[]): (number | null)[] {
  const counts = columns.every((column) =>
    Array.prototype.every.call(column, (value: number | null | undefined) => value == null || Number.isInteger(value)),
  );
  return counts ? ticks.map((tick) => (Number.isInteger(tick) ? tick : null)) : [...ticks];
}
