/** What one request says of a site's clock is no better than the time it may take to be sent. */
const sureWithinMs = 10_000;
/** A clock that never was set stands at 1970; what is further off than a century is no clock. */
const longestSkewMs = 100 * 366 * 86_400_000;

/**
 * How far a site's clock is ahead of ours, milliseconds: as the link has measured it over several messages, unless this very request
 * says something else altogether: then the link has not measured yet, or the clock was set since. Null when nothing is
 * known. `saidMs` is the request's own account (NaN when it gives none).
 */
export function skewOf(measuredMs: number | null, saidMs: number): number | null {
  if (!Number.isFinite(saidMs) || Math.abs(saidMs) > longestSkewMs) return measuredMs;
  return Math.abs(saidMs - (measuredMs ?? 0)) > sureWithinMs ? saidMs : measuredMs;
}
