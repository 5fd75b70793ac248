/** Nanoseconds. */
const durationUnits: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 7 * 86_400e9,
  y: 365 * 86_400e9,
};
const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  eb: 1e18,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
  eib: 2 ** 60,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  p: 1e15,
  e: 1e18,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
  pi: 2 ** 50,
  ei: 2 ** 60,
};
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)/gy;

/** Seconds of Go's duration (`1.5s`, `1h30m`, `-3ms`), with days, weeks and years as Loki has them; undefined when it is none. */
export function parseSeconds(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const bare = /^[+-]/.test(text) ? text.slice(1) : text;
  if (bare === '0') return 0;
  if (bare === '') return undefined;
  // As Go counts: whole nanoseconds, so that 13 ms are 0.013 s to the bit.
  let ns = 0;
  let at = 0;
  for (durationPart.lastIndex = 0; at < bare.length;) {
    const part = durationPart.exec(bare);
    if (!part) return undefined;
    ns += Math.round(Number(part[1]) * (durationUnits[part[2] ?? ''] ?? 0));
    at = durationPart.lastIndex;
  }
  return sign * (Math.trunc(ns / 1e9) + (ns % 1e9) / 1e9);
}

/** Bytes of a size as people write it (`42MB`, `1.5 KiB`, `20kb`); undefined when it is none. */
export function parseBytes(text: string): number | undefined {
  const parts = /^(\d+(?:[.,]\d+)*)\s*([a-zA-Z]*)$/.exec(text.trim());
  const unit = parts ? byteUnits[(parts[2] ?? '').toLowerCase()] : undefined;
  if (!parts || unit === undefined) return undefined;
  const number = Number((parts[1] ?? '').replaceAll(',', ''));
  return Number.isFinite(number) ? Math.trunc(number * unit) : undefined;
}

/** A number as Go's `strconv.ParseFloat` takes it; undefined when it is none. */
export function parseFloatStrict(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (!special) return undefined;
  if (/^nan$/i.test(special[2] ?? '')) return Number.NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}
