import { numberOf } from './json-reader.ts';

const dayMs = 86_400_000;

/**
 * Nanoseconds since the epoch of what clients write as a time: seconds, milliseconds, microseconds or nanoseconds (told
 * apart by size) as number or numeric text, or an ISO 8601 text (UTC where it names no zone). Undefined when it is none.
 */
export function timeNs(value: unknown): bigint | undefined {
  if (typeof value === 'string' && /^\d{17,19}$/.test(value)) return scaled(BigInt(value));
  const number = numberOf(value);
  if (number !== undefined) return numericNs(number);
  if (typeof value !== 'string' || value.length > 64) return undefined;
  return isoNs(value);
}

/** `timeNs` in whole milliseconds, rounded down. */
export function timeMs(value: unknown): number | undefined {
  // Most clients write seconds, which need no more digits than a number has.
  if (typeof value === 'number' && value > 0 && value < 1e11) {
    const seconds = Math.floor(value);
    return seconds * 1000 + Math.floor(Math.round((value - seconds) * 1e6) / 1000);
  }
  const ns = timeNs(value);
  return ns === undefined ? undefined : Number(ns / 1_000_000n);
}

function scaled(digits: bigint): bigint {
  return digits > 100_000_000_000_000_000n ? digits : digits * 1000n;
}

function numericNs(number: number): bigint | undefined {
  if (number <= 0 || number > 9.2e18) return undefined;
  if (number < 1e11) {
    const seconds = Math.floor(number);
    return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round((number - seconds) * 1e6)) * 1000n;
  }
  if (number < 1e14) return BigInt(Math.round(number * 1000)) * 1000n;
  if (number < 1e17) return BigInt(Math.round(number)) * 1000n;
  return BigInt(Math.round(number));
}

function isoNs(text: string): bigint | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,12}))?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(
      text.trim(),
    );
  if (!match) return undefined;
  const [, date, clock = '00:00:00', fraction = '', zone = 'Z'] = match;
  const offset = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const ms = parsedMs(`${date}T${clock}${offset}`);
  if (!Number.isFinite(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

let lastParsed = { text: '', ms: Number.NaN };

/** `Date.parse` of a whole second: the records of one request are mostly of the same one. */
function parsedMs(text: string): number {
  if (text !== lastParsed.text) lastParsed = { text, ms: Date.parse(text) };
  return lastParsed.ms;
}

/** Nanoseconds of a moment in milliseconds. */
export function msToNs(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

/** Whether a moment may be stored: within `keepDays` before and one day after the moment of receipt. */
export function timeJudgement(ns: bigint, receivedAtMs: number, keepDays: number): 'good' | 'too-old' | 'too-new' {
  return msJudgement(Number(ns / 1_000_000n), receivedAtMs, keepDays);
}

/** `timeJudgement` of a moment in whole milliseconds. */
export function msJudgement(ms: number, receivedAtMs: number, keepDays: number): 'good' | 'too-old' | 'too-new' {
  if (ms < receivedAtMs - keepDays * dayMs) return 'too-old';
  return ms > receivedAtMs + dayMs ? 'too-new' : 'good';
}

/**
 * The time of an event that is too precious to refuse: its own where it is believable, else the moment of receipt, as
 * Sentry does with clocks that went astray.
 */
export function believableNs(value: unknown, receivedAtMs: number, keepDays: number): bigint {
  const ns = timeNs(value);
  return ns !== undefined && timeJudgement(ns, receivedAtMs, keepDays) === 'good' ? ns : msToNs(receivedAtMs);
}
