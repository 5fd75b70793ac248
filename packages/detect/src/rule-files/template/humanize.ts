import { general } from './format-words.ts';

const large = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const small = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];

/** `1234567` → `1.235M`. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return general(value, 4);
  return Math.abs(value) >= 1 ? scaledDown(value, 1000, large) : scaledUp(value);
}

/** `1048576` → `1Mi`. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return general(value, 4);
  return scaledDown(value, 1024, ['ki', ...large.slice(1).map((prefix) => `${prefix}i`)]);
}

/** `0.1234` → `12.34%`. */
export function humanizePercentage(value: number): string {
  return `${general(value * 100, 4)}%`;
}

/** Seconds: `90061.5` → `1d 1h 1m 1s`, `0.0123` → `12.3ms`. */
export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return general(value, 4);
  if (value === 0) return '0s';
  if (Math.abs(value) < 1) return `${scaledUp(value)}s`;
  const sign = value < 0 ? '-' : '';
  const whole = Math.trunc(Math.abs(value));
  const days = Math.trunc(whole / 86_400);
  const hours = Math.trunc(whole / 3600) % 24;
  const minutes = Math.trunc(whole / 60) % 60;
  const seconds = whole % 60;
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours > 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  if (minutes > 0) return `${sign}${minutes}m ${seconds}s`;
  return `${sign}${general(Math.abs(value), 4)}s`;
}

function scaledDown(value: number, base: number, prefixes: readonly string[]): string {
  let scaled = value;
  let prefix = '';
  for (const next of prefixes) {
    if (Math.abs(scaled) < base) break;
    prefix = next;
    scaled /= base;
  }
  return general(scaled, 4) + prefix;
}

function scaledUp(value: number): string {
  let scaled = value;
  let prefix = '';
  for (const next of small) {
    if (Math.abs(scaled) >= 1) break;
    prefix = next;
    scaled *= 1000;
  }
  return general(scaled, 4) + prefix;
}
