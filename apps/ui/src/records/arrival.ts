import type { LogRow } from '@sightline/contract';
import { dayAndTime, longText } from '../components/time-format.ts';

/** A record that took longer to get here is marked: whoever looked at its moment before did not see it. */
const lateFromMs = 300_000;
/** Where the server keeps how far a site's clock was ahead of its own, milliseconds; only on records that it corrected. */
const skewAttribute = 'sightline.clock_skew_ms';

type Timed = Pick<LogRow, 'at' | 'receivedAt' | 'resource'>;

/** `12 min late`; '' for a record that came in time. */
export function lateText({ at, receivedAt }: Pick<Timed, 'at' | 'receivedAt'>): string {
  const lateMs = receivedAt - at;
  return lateMs > lateFromMs ? `${longText(lateMs)} late` : '';
}

/** What there is to know of how and when a record came, as sentences; none for most. */
export function arrivalNotes(row: Timed): readonly string[] {
  const late = lateText(row);
  const notes = late === '' ? [] : [`Arrived ${late}, on ${dayAndTime(row.receivedAt)}.`];
  const skewMs = Number(row.resource[skewAttribute] ?? 0);
  if (!Number.isFinite(skewMs) || skewMs === 0) return notes;
  const way = skewMs > 0 ? 'ahead' : 'behind';
  const said = dayAndTime(row.at + skewMs);
  return [
    ...notes,
    `The site’s clock was ${longText(Math.abs(skewMs))} ${way} and said ${said}; the time is corrected.`,
  ];
}
