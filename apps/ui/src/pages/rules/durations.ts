import { formatDuration } from '../../charts/number-format.ts';

/** Choices of a duration, the present one among them whatever it is. Values are milliseconds as text. */
export function durations(present: number, usual: readonly number[]): { value: string; label: string }[] {
  return [...new Set([...usual, present])]
    .sort((a, b) => a - b)
    .map((ms) => ({ value: String(ms), label: ms === 0 ? 'at once' : formatDuration(ms) }));
}
