import type { LogRow } from '@sightline/contract';
import { columnValue } from '../../records/log-fields.ts';

/** What stands before the message where nobody chose columns. */
const usualColumns = ['site', 'service'];

/** The places of the lines that show the text, in the message or in a column, whatever its case; none for an empty text. */
export function findLines(
  rows: readonly LogRow[],
  text: string,
  columns: readonly string[] = usualColumns,
): readonly number[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const found: number[] = [];
  rows.forEach((row, index) => {
    const texts = [row.body || row.eventName, ...columns.map((name) => columnValue(row, name))];
    if (texts.some((one) => one.toLowerCase().includes(wanted))) found.push(index);
  });
  return found;
}

/** The match after (or before) this one, round the end; -1 where there is none. */
export function stepMatch(matches: number, at: number, by: 1 | -1): number {
  if (matches === 0) return -1;
  return (Math.min(at, matches - 1) + by + matches) % matches;
}
