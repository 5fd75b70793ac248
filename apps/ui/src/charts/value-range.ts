/**
 * Ends of a value axis for values between `low` and `high`, null where there are none. It begins at zero where the height means
 * something or zero is near; values that are all zero end at `zeroTop`.
 */
export function valueRange(
  low: number | null,
  high: number | null,
  fromZero: boolean,
  zeroTop = 1,
): readonly [number, number] {
  if (low === null || high === null) return [0, 1];
  if (low === 0 && high === 0 && zeroTop > 0) return [0, zeroTop];
  const room = (high - low) * 0.15 || Math.abs(high) * 0.1 || 1;
  if (fromZero || (low >= 0 && low < high * 0.6)) return [Math.min(0, low), high > 0 ? high * 1.08 : 1];
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/** Ends that are set hold; values beyond them are cut by the frame. */
export function bounded(
  [low, high]: readonly [number, number],
  { low: least = null, high: most = null }: { readonly low?: number | null; readonly high?: number | null },
): [number, number] {
  const from = least ?? low;
  const to = most ?? high;
  return from < to ? [from, to] : [from, from + 1];
}

/** Whole decades. */
export function logRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || high <= 0) return [1, 10];
  const from = 10 ** Math.floor(Math.log10(low > 0 ? low : high / 1000));
  return [from, Math.max(from * 10, 10 ** Math.ceil(Math.log10(high)))];
}
