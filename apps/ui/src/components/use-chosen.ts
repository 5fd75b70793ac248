import { useState } from 'react';
import { toggledIn } from './toggled-in.ts';

/** Which rows of a list are chosen, to do something with all of them. */
export interface Chosen<Row> {
  /** Those of the rows listed now. */
  readonly rows: readonly Row[];
  readonly has: (id: string) => boolean;
  readonly toggle: (id: string) => void;
  /** Chooses every row, or none where every one is chosen. */
  readonly toggleAll: () => void;
  readonly clear: () => void;
}

/** `idOf` names a row among all that the list may show. */
export function useChosen<Row>(listed: readonly Row[], idOf: (row: Row) => string): Chosen<Row> {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const rows = listed.filter((row) => ids.has(idOf(row)));
  return {
    rows,
    has: (id) => ids.has(id),
    toggle: (id) => setIds((old) => toggledIn(old, id)),
    toggleAll: () => setIds(rows.length === listed.length ? new Set() : new Set(listed.map(idOf))),
    clear: () => setIds(new Set()),
  };
}
