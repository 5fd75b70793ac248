import type { ScanAnnotation } from '../source.ts';

/**
 * Whether a sample's start timestamp says that the counter began anew after the sample before. A start of 0 is not known; one at or
 * after the sample is not meaningful; one at the sample before is a reset of delta series alone, whose starts move.
 */
export function isStartReset(previousStart: number, previousMs: number, start: number, atMs: number): boolean {
  if (start === 0 || start >= atMs || start < previousMs) return false;
  if (start > previousMs) return true;
  return previousStart <= previousMs && previousStart !== 0 && previousStart !== previousMs;
}

/** Whether a sample claims to have begun before the sample before it, though with another start: damaged data. */
export function startsOverlap(previousStart: number, previousMs: number, start: number): boolean {
  return start !== 0 && start < previousMs && start !== previousStart;
}

/** The warning for such data: said once, with how many windows had it. */
export function overlapWarning(metric: string): ScanAnnotation {
  const message = `PromQL warning: sample has start time that overlaps with previous sample timestamp for metric ${JSON.stringify(metric)}`;
  return { level: 'warning', message, count: 1 };
}
