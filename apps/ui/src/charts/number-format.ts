const nanosecond = 1e-6;

function trimmed(value: number, digits: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** Three significant digits at most below 1,000: 0.00123, 12.3, 999. */
function short(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 100) return trimmed(value, 0);
  if (size >= 10) return trimmed(value, 1);
  if (size >= 1) return trimmed(value, 2);
  return value.toLocaleString('en-US', { maximumSignificantDigits: 2 });
}

/** A count for people: `7`, `1,234`, `12.4k`, `3.1M`, `2B`. Not a number: `–`. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 999_950_000) return `${trimmed(value / 1e9, 1)}B`;
  if (size >= 999_950) return `${trimmed(value / 1e6, 1)}M`;
  if (size >= 10_000) return `${trimmed(value / 1e3, 1)}k`;
  return Number.isInteger(value) ? trimmed(value, 0) : short(value);
}

/** A duration in milliseconds: `850 ns`, `12.5 µs`, `340 ms`, `2.34 s`, `3 min 12 s`, `2 h 5 min`, `4 d 3 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size === 0) return '0 ms';
  if (size < 0.001) return `${sign}${Math.round(size * 1e6)} ns`;
  if (size < 0.9995) return `${sign}${short(size * 1e3)} µs`;
  if (size < 999.5) return `${sign}${short(size)} ms`;
  if (size < 59_995) return `${sign}${short(size / 1e3)} s`;
  const seconds = Math.round(size / 1e3);
  if (seconds < 3600) return `${sign}${pair(seconds, 60, 'min', 's')}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${sign}${pair(minutes, 60, 'h', 'min')}`;
  return `${sign}${pair(Math.round(minutes / 60), 24, 'd', 'h')}`;
}

function pair(total: number, per: number, large: string, small: string): string {
  const rest = total % per;
  const head = `${Math.floor(total / per)} ${large}`;
  return rest === 0 ? head : `${head} ${rest} ${small}`;
}

/** As `formatDuration`, from nanoseconds. */
export function formatNs(ns: number): string {
  return formatDuration(ns * nanosecond);
}

/** Bytes in powers of 1,000: `512 B`, `1.5 kB`, `2.3 GB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 999.5 && step < units.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${short(value)} ${units[step]}`;
}

/** A share of one as per cent: 0.824 → `82 %`, 0.0042 → `0.42 %`. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return '–';
  const percent = share * 100;
  if (Math.abs(percent) >= 10 || percent === 0) return `${Math.round(percent)} %`;
  return `${short(percent)} %`;
}

/** Money: `$1,240`, `$12.50`, `€1.2M`; `1,240` where the currency is not known (''), `1,240 XYZ` where it has no sign. */
export function formatAmount(amount: number, currency = 'USD'): string {
  if (!Number.isFinite(amount)) return '–';
  const size = Math.abs(amount);
  const digits = size >= 1000 ? 0 : 2;
  const money = /^[A-Z]{3}$/.test(currency) ? ({ style: 'currency', currency } as const) : {};
  return amount
    .toLocaleString('en-US', {
      ...money,
      ...(size >= 100_000
        ? { notation: 'compact', maximumFractionDigits: 1, minimumFractionDigits: 0 }
        : { minimumFractionDigits: Number.isInteger(amount) ? 0 : digits, maximumFractionDigits: digits }),
    })
    .replace(/\u00A0/g, ' ');
}

const durations: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/**
 * A measured value with its unit, the unit as UCUM writes it (`ms`, `By`, `1`, `%`, `{request}`) or in the words of
 * Prometheus names (`seconds`, `bytes`). An unknown unit follows the number as it is.
 */
export function formatValue(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const [base = '', per = ''] = unit.split('/', 2);
  const tail = per === '' ? '' : `/${per}`;
  const duration = durations[base === 'seconds' ? 's' : base];
  if (duration !== undefined) return formatDuration(value * duration) + tail;
  if (base === 'By' || base === 'bytes' || base === 'B') return formatBytes(value) + tail;
  if (base === 'share') return formatShare(value) + tail;
  if (base === '%') return `${short(value)} %${tail}`;
  if (base === 'usd' || base === 'USD' || base === '$') return formatAmount(value) + tail;
  const word = base.replace(/^\{(.*)\}$/, '$1');
  if (word === '' || word === '1') return formatCount(value) + tail;
  return `${formatCount(value)} ${word}${tail}`;
}
