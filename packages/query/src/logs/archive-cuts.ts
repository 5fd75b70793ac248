import type { ArchivedLogFile } from '@sightline/store/port';
import type { ArchiveBound, LeftOut } from './log-reach.ts';

const dayMs = 86_400_000;
/** Bytes of files that one statement reads, where a day can be cut so small. */
const stretchBytes = 128 * 1024 * 1024;
const partsOfADay = 24;

/**
 * Those of the files (all of which meet the range) that may hold records of its newest whole days (UTC), as many as fit into the bound; what is
 * left out where not all do. Without a day that fits none is read.
 */
export function newestThatFit(
  files: readonly ArchivedLogFile[],
  fromMs: number,
  toMs: number,
  most: ArchiveBound,
): { readonly files: readonly ArchivedLogFile[]; readonly leftOut: LeftOut | undefined } {
  const firstDay = Math.floor(fromMs / dayMs);
  const days = Math.ceil(toMs / dayMs) - firstDay;
  if (files.length === 0 || days <= 0) return { files, leftOut: undefined };
  const bytesOf = sumByDays(files, firstDay, days, ({ bytes }) => bytes);
  const filesOf = sumByDays(files, firstDay, days, () => 1);
  let first = days;
  while (first > 0 && bytesOf(first - 1, days - 1) <= most.bytes && filesOf(first - 1, days - 1) <= most.files) first--;
  if (first === 0) return { files, leftOut: undefined };
  const sinceMs = Math.min(toMs, (firstDay + first) * dayMs);
  const own = first === days ? [] : files.filter(({ lastMs }) => lastMs >= sinceMs);
  const sizeOf = (all: readonly ArchivedLogFile[]): number => all.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    files: own,
    leftOut: { fromMs: sinceMs, files: files.length - own.length, bytes: sizeOf(files) - sizeOf(own) },
  };
}

interface Cut {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Cuts at midnights (UTC) into pieces of about `stretchBytes` of files; with `growing` the first is one day, each next one four times as many. */
export function cut(
  files: readonly ArchivedLogFile[],
  fromMs: number,
  toMs: number,
  order: 'newest' | 'oldest',
  growing: boolean,
): Cut[] {
  const firstDay = Math.floor(fromMs / dayMs);
  const days = Math.ceil(toMs / dayMs) - firstDay;
  const bytesOf = sumByDays(files, firstDay, days, ({ bytes }) => bytes);
  const pieces: Cut[] = [];
  let many = growing ? 1 : days;
  for (let done = 0; done < days; many *= 4) {
    // Days from the end where the search begins.
    const piece = (count: number): { first: number; last: number; bytes: number } => {
      const [first, last] = order === 'newest' ? [days - done - count, days - done - 1] : [done, done + count - 1];
      return { first, last, bytes: bytesOf(first, last) };
    };
    let count = Math.min(many, days - done);
    while (count > 1 && piece(count).bytes > stretchBytes) count = Math.ceil(count / 2);
    const { first, last, bytes } = piece(count);
    const from = Math.max(fromMs, (firstDay + first) * dayMs);
    pieces.push(...slices({ from, to: Math.min(toMs, (firstDay + last + 1) * dayMs), bytes }, order));
    done += count;
  }
  return pieces;
}

/** A sum over the files that may hold records of the days `first` to `last` (counted from `firstDay`), each file once. */
function sumByDays(
  files: readonly ArchivedLogFile[],
  firstDay: number,
  days: number,
  of: (file: ArchivedLogFile) => number,
): (first: number, last: number) => number {
  const begun = Array.from({ length: days }, () => 0);
  const ended = Array.from({ length: days }, () => 0);
  for (const file of files) {
    const { firstMs, lastMs } = file;
    const first = Math.max(0, Math.floor(firstMs / dayMs) - firstDay);
    const last = Math.floor(lastMs / dayMs) - firstDay;
    begun[first] = (begun[first] ?? 0) + of(file);
    if (last < days) ended[last] = (ended[last] ?? 0) + of(file);
  }
  for (let day = 1; day < days; day++) {
    begun[day] = (begun[day] ?? 0) + (begun[day - 1] ?? 0);
    ended[day] = (ended[day] ?? 0) + (ended[day - 1] ?? 0);
  }
  return (first, last) => (begun[last] ?? 0) - (first > 0 ? (ended[first - 1] ?? 0) : 0);
}

/** A day with too many bytes is read by hours: files lie in order of time, and what is outside is skipped. */
function slices(piece: Cut, order: 'newest' | 'oldest'): Cut[] {
  const parts = Math.min(partsOfADay, Math.ceil(piece.bytes / stretchBytes));
  if (parts <= 1) return [piece];
  const stepMs = Math.ceil((piece.to - piece.from) / parts);
  const cuts: Cut[] = [];
  for (let from = piece.from; from < piece.to; from += stepMs)
    cuts.push({ from, to: Math.min(piece.to, from + stepMs), bytes: Math.ceil(piece.bytes / parts) });
  return order === 'newest' ? cuts.reverse() : cuts;
}
