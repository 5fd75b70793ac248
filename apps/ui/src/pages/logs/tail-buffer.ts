import type { LogRow } from '@sightline/contract';

/** What a live tail holds: rows that are shown, newest first, and rows that wait until the reader asks for them. */
export interface TailBuffer {
  readonly shown: readonly LogRow[];
  readonly waiting: readonly LogRow[];
  /** All that came since the reader last saw the newest line; may exceed what is still held. */
  readonly unread: number;
  /** Lines that the server could not send in time. */
  readonly dropped: number;
}

export const emptyTail: TailBuffer = { shown: [], waiting: [], unread: 0, dropped: 0 };
/** Rows held at most, in each of the two lists: the oldest go first. */
export const mostTailRows = 2000;

/**
 * Takes rows as they arrived (oldest first). With `hold` (the reader has scrolled away, or paused) they wait and what is
 * shown stays where it is.
 */
export function receiveRows(buffer: TailBuffer, rows: readonly LogRow[], hold: boolean): TailBuffer {
  if (rows.length === 0) return buffer;
  const known = new Set([...buffer.shown, ...buffer.waiting].map(({ id }) => id));
  const fresh = rows.filter(({ id }) => !known.has(id) && known.add(id)).toReversed();
  if (!hold) {
    const shown = [...fresh, ...buffer.waiting, ...buffer.shown].slice(0, mostTailRows);
    return { ...buffer, shown, waiting: [], unread: 0 };
  }
  const waiting = [...fresh, ...buffer.waiting].slice(0, mostTailRows);
  return { ...buffer, waiting, unread: buffer.unread + fresh.length };
}

/** The reader goes back to the newest line: what waited is shown. */
export function showWaiting(buffer: TailBuffer): TailBuffer {
  return { ...buffer, shown: [...buffer.waiting, ...buffer.shown].slice(0, mostTailRows), waiting: [], unread: 0 };
}

/** Counts lines that the server says it dropped for this reader. */
export function countDropped(buffer: TailBuffer, dropped: number): TailBuffer {
  return Number.isFinite(dropped) && dropped > 0 ? { ...buffer, dropped: buffer.dropped + dropped } : buffer;
}
