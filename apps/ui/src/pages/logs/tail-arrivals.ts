import { logRow, type LogRow } from '@sightline/contract';
import { mostTailRows } from './tail-buffer.ts';

/**
 * Lines that came since they were drawn last. They stay text until they are drawn: of a burst only as many are read as the page holds, and those are
 * the newest.
 */
export class TailArrivals {
  #texts: string[] = [];
  #dropped = 0;

  /** Takes a line as the server wrote it. */
  add(text: string): void {
    this.#texts.push(text);
    // Twice as many: what is too much is then cut off now and then instead of with each line.
    if (this.#texts.length >= 2 * mostTailRows) this.#cut();
  }

  /** Counts lines that the server says it dropped, in its own words. */
  drop(text: string): void {
    const count = Number(parse(text));
    if (Number.isFinite(count) && count > 0) this.#dropped += count;
  }

  /** What is to be drawn, oldest first, and how many lines never will be. */
  take(): { readonly rows: readonly LogRow[]; readonly dropped: number } {
    this.#cut();
    const values = this.#texts.map(parse);
    // One server writes all of them: where the first is a row by every rule, the others need not prove it to the last field.
    const rows = logRow.safeParse(values[0]).success ? values.filter(isRow) : values.filter(isWholeRow);
    const dropped = this.#dropped + values.length - rows.length;
    this.#texts = [];
    this.#dropped = 0;
    return { rows, dropped };
  }

  #cut(): void {
    const tooMany = this.#texts.length - mostTailRows;
    if (tooMany <= 0) return;
    this.#texts = this.#texts.slice(tooMany);
    this.#dropped += tooMany;
  }
}

function isRow(value: unknown): value is LogRow {
  const row = value as Partial<LogRow> | undefined;
  return typeof row?.id === 'string' && typeof row.body === 'string' && typeof row.attributes === 'object';
}

function isWholeRow(value: unknown): value is LogRow {
  return logRow.safeParse(value).success;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
