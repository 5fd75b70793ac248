import type { ArchivedDay } from '@sightline/contract';

const dayMs = 86_400_000;
/** A day is written an hour after it is over, and that takes its time. */
const writtenAfterMs = 2 * 3_600_000;

/** A day of the archive, or one that should be there. */
export interface CalendarDay {
  readonly day: string;
  /** Undefined where the archive has none. */
  readonly held: ArchivedDay | undefined;
}

/** Every day from the first one in the archive to the last that must have been written by now, the newest first. */
export function calendarOf(days: readonly ArchivedDay[], nowMs: number): readonly CalendarDay[] {
  const [first] = days;
  const newest = days.at(-1);
  if (first === undefined || newest === undefined) return [];
  const held = new Map(days.map((one) => [one.day, one]));
  const due = Math.floor((nowMs - writtenAfterMs) / dayMs) * dayMs - dayMs;
  const calendar: CalendarDay[] = [];
  for (let at = Math.max(due, Date.parse(newest.day)); at >= Date.parse(first.day); at -= dayMs) {
    const day = new Date(at).toISOString().slice(0, 10);
    calendar.push({ day, held: held.get(day) });
  }
  return calendar;
}

/** Files of a day added up by class and site, the largest first. */
export function bySiteAndClass(
  files: readonly {
    readonly class: string;
    readonly site: string | null;
    readonly rows: number;
    readonly bytes: number;
  }[],
): readonly {
  readonly class: string;
  readonly site: string | null;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}[] {
  const groups = new Map<string, { class: string; site: string | null; files: number; rows: number; bytes: number }>();
  for (const { class: kept, site, rows, bytes } of files) {
    const key = JSON.stringify([kept, site]);
    const group = groups.get(key) ?? { class: kept, site, files: 0, rows: 0, bytes: 0 };
    groups.set(key, { ...group, files: group.files + 1, rows: group.rows + rows, bytes: group.bytes + bytes });
  }
  return [...groups.values()].toSorted((a, b) => b.bytes - a.bytes);
}
