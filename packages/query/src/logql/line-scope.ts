import { type Condition, minuteCondition, scanCondition } from '../search/scope.ts';
import type { LogqlScope } from './bounds.ts';

/** Unix milliseconds as nanoseconds, never before 1970. */
export const nanoseconds = (ms: number): bigint => BigInt(Math.max(0, Math.round(ms))) * 1_000_000n;

/** The lines of windows from `fromMs` to `toMs`: those are open on their left and closed on their right. */
export function linesWithin({ organisation, site }: LogqlScope, fromMs: number, toMs: number): Condition {
  const window = { fromNs: nanoseconds(fromMs) + 1n, toNs: nanoseconds(toMs) + 1n };
  return scanCondition({ organisation, site, fromMs: 0, toMs: 0, environment: '', service: '' }, window);
}

/** The same of the views by minute, and which of them: `bySite` where the question tells sites apart. */
export function minutesWithin(
  { organisation, site }: LogqlScope,
  fromMs: number,
  toMs: number,
  bySite: boolean,
): Condition & { readonly table: 'volume' | 'service_volume' } {
  const scope = { organisation, site, fromMs, toMs, environment: '', service: '' };
  const table = bySite || site !== '' ? 'volume' : 'service_volume';
  return { table, ...minuteCondition(scope, Math.max(0, fromMs / 1000), Math.max(0, toMs / 1000)) };
}
