import { fail, ok, type Result } from './result.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Reads `15m`, `1h30m`, `500ms` (Prometheus' form) as milliseconds. */
export function parseDuration(text: string): Result<number, string> {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g)];
  if (parts.length === 0 || parts.map((p) => p[0]).join('') !== text) {
    return fail(`expected a duration such as 15m, 1h30m or 500ms, got "${text}"`);
  }
  return ok(parts.reduce((sum, [, n, unit]) => sum + Number(n) * (unitMs[unit ?? ''] ?? 0), 0));
}

/** Writes milliseconds for people: `850 ms`, `12.4 s`, `3 min`, `2.5 h`, `4 d`. */
export function formatDuration(ms: number): string {
  const short = (n: number): string => (n >= 100 || Number.isInteger(n) ? String(Math.round(n)) : n.toFixed(1));
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  if (ms < 1000) return `${short(ms)} ms`;
  if (ms < 60_000) return `${short(ms / 1000)} s`;
  if (ms < 3_600_000) return `${short(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${short(ms / 3_600_000)} h`;
  return `${short(ms / 86_400_000)} d`;
}
