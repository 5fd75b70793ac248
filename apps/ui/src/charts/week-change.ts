/** A value beside that of a week before, in words. */
export interface WeekChange {
  /** `302 ms last week, +12 %` */
  readonly text: string;
  readonly direction: 'up' | 'down' | 'same' | 'unknown';
}

const small = { maximumFractionDigits: 1 } as const;

/**
 * How a value stands beside that of a week before: its value then and the change. Shares (unit `share` or `%`) change by points, all
 * else by per cent of what it was; without a value then or now, or with zero then, there is no such share.
 */
export function weekChange(
  now: number | null,
  before: number | null,
  unit: string,
  format: (value: number | null) => string,
): WeekChange {
  if (before === null) return { text: 'no value last week', direction: 'unknown' };
  const then = `${format(before)} last week`;
  if (now === null) return { text: then, direction: 'unknown' };
  const direction = now === before ? 'same' : now > before ? 'up' : 'down';
  if (direction === 'same') return { text: `${then}, the same`, direction };
  if (unit === 'share' || unit === '%') {
    const points = (now - before) * (unit === 'share' ? 100 : 1);
    return { text: `${then}, ${signed(points)} points`, direction };
  }
  if (before === 0) return { text: then, direction };
  const ratio = now / before;
  if (ratio >= 10) return { text: `${then}, ${Math.round(ratio).toLocaleString('en-US')} times`, direction };
  return { text: `${then}, ${signed((100 * (now - before)) / Math.abs(before))} %`, direction };
}

function signed(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 10 ? Math.round(size).toLocaleString('en-US') : size.toLocaleString('en-US', small);
  if (digits === '0') return '±0';
  return `${value < 0 ? '−' : '+'}${digits}`;
}
