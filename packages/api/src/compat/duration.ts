import { parseDuration } from '@sightline/base';

/** Nanoseconds of Go's durations: `1h2m`, `1.5s`, `100us`; undefined for anything else. */
export function durationNs(text: string): number | undefined {
  const fine = /^(\d+(?:\.\d+)?)(us|µs|ns)$/.exec(text);
  if (fine) return Number(fine[1]) * (fine[2] === 'ns' ? 1 : 1000);
  const parsed = parseDuration(text);
  return parsed.ok ? parsed.value * 1e6 : undefined;
}
