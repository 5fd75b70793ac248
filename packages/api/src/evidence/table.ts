import type { EvidenceSection } from '@sightline/contract';

const rowsShown = 500;

/** A number as the report writes it. */
export const count = (n: number): string => n.toLocaleString('en-US');

/** A table of the report, cut at 500 rows. */
export function table(title: string, columns: string[], rows: string[][]): EvidenceSection['tables'][number] {
  return { title, columns, rows: rows.slice(0, rowsShown), more: Math.max(0, rows.length - rowsShown) };
}
