import { fail, ok, type Result } from '@sightline/base';
import { durationNs } from '../duration.ts';
import type { Form } from '../prometheus/parameters.ts';

const hourMs = 3_600_000;
/** As Loki's `max_entries_limit_per_query`. */
export const mostEntries = 5000;
/** A year: what the store keeps is shorter. */
const longestRangeNs = 366n * 86_400n * 1_000_000_000n;

/** Nanoseconds of a time as Loki's clients write it: nanoseconds, seconds (up to ten digits, or with a fraction) or RFC 3339. */
export function timeNs(text: string): bigint | undefined {
  if (/^\d{1,10}$/.test(text)) return BigInt(text) * 1_000_000_000n;
  if (/^\d{11,19}$/.test(text)) return BigInt(text);
  if (/^\d+\.\d*(?:e\+?\d+)?$/i.test(text) || /^\d+(?:\.\d+)?e\+?\d+$/i.test(text)) {
    const seconds = Number(text);
    return seconds < 4e9 ? BigInt(Math.round(seconds * 1000)) * 1_000_000n : undefined;
  }
  const fraction = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (!fraction) return undefined;
  const ms = Date.parse(`${fraction[1]}${fraction[3]}`);
  return ms >= 0 ? BigInt(ms) * 1_000_000n + BigInt((fraction[2] ?? '').padEnd(9, '0')) : undefined;
}

/** `start` and `end`; without them the hour before now, or `since`. Nanoseconds, `to` excluded. */
export function readRange(form: Form, nowMs: number): Result<{ fromNs: bigint; toNs: bigint }, string> {
  const [start, end, since] = [form.get('start'), form.get('end') || form.get('time'), form.get('since')];
  const toNs = end === '' ? BigInt(Math.trunc(nowMs)) * 1_000_000n : timeNs(end);
  if (toNs === undefined) return fail(`could not parse 'end' parameter: ${JSON.stringify(end)}`);
  const reachNs = since === '' ? hourMs * 1e6 : durationNs(since);
  if (reachNs === undefined) return fail(`could not parse 'since' parameter: ${JSON.stringify(since)}`);
  const fromNs = start === '' ? toNs - BigInt(Math.trunc(reachNs)) : timeNs(start);
  if (fromNs === undefined) return fail(`could not parse 'start' parameter: ${JSON.stringify(start)}`);
  if (fromNs > toNs) return fail('end timestamp must not be before or equal to start time');
  if (toNs - fromNs > longestRangeNs) return fail('the query time range exceeds the limit (366d)');
  return ok({ fromNs: fromNs < 0n ? 0n : fromNs, toNs });
}

/** `limit`, 100 where there is none. */
export function readLimit(form: Form): Result<number, string> {
  const text = form.get('limit');
  if (text === '') return ok(100);
  const limit = Number(text);
  if (!/^\d{1,9}$/.test(text)) return fail(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (limit === 0) return fail('limit must be a positive value');
  if (limit > mostEntries)
    return fail(
      `max entries limit per query exceeded, limit > max_entries_limit_per_query (${limit} > ${mostEntries})`,
    );
  return ok(limit);
}

/** `direction`; the newest first where there is none. */
export function readDirection(form: Form): Result<'forward' | 'backward', string> {
  const text = form.get('direction').toLowerCase();
  if (text === '' || text === 'backward') return ok('backward');
  return text === 'forward' ? ok('forward') : fail(`invalid direction '${text}'`);
}

/** Milliseconds of `step` or `interval`; undefined where there is none. */
export function readStep(form: Form, name: 'step' | 'interval'): Result<number | undefined, string> {
  const text = form.get(name);
  if (text === '') return ok(undefined);
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : (durationNs(text) ?? 0) / 1e6;
  if (name === 'interval' && ms === 0) return ok(undefined);
  if (!(ms >= 1)) return fail('zero or negative query resolution step widths are not accepted. Try a positive integer');
  return ok(Math.round(ms));
}

/** As Loki: 250 points, but no finer than a second. */
export function defaultStepMs(fromNs: bigint, toNs: bigint): number {
  return Math.max(1000, Math.floor(Number((toNs - fromNs) / 1_000_000_000n) / 250) * 1000);
}
