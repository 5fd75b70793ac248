import type { MonitorState, MonitorSummary } from '@sightline/contract';
import type { Tone } from '../../components/state-badge.tsx';

export const stateTones: Readonly<Record<MonitorState, Tone>> = {
  up: 'good',
  down: 'bad',
  unknown: 'idle',
  paused: 'idle',
};

export const typeTitles: Readonly<Record<string, string>> = { http: 'HTTP', tcp: 'TCP', heartbeat: 'Heartbeat' };

/** Worst first: what is down, then what nothing is known of, then what is well, then what is paused; by name within. */
export function byUrgency(a: MonitorSummary, b: MonitorSummary): number {
  return rank[a.state] - rank[b.state] || a.name.localeCompare(b.name, 'en', { numeric: true });
}
const rank: Readonly<Record<MonitorState, number>> = { down: 0, unknown: 1, up: 2, paused: 3 };

/** The state in a word, as it stands on the page. */
export function stateWord(monitor: Pick<MonitorSummary, 'state' | 'lastCheckedAt'>): string {
  if (monitor.state !== 'unknown') return monitor.state;
  return monitor.lastCheckedAt === null ? 'waiting' : 'unknown';
}

const units = [
  { ms: 86_400_000, one: 'day' },
  { ms: 3_600_000, one: 'hour' },
  { ms: 60_000, one: 'minute' },
  { ms: 1000, one: 'second' },
];

/** `every minute`, `every 5 minutes`, `every day`, `every 90 seconds`. */
export function everyWords(ms: number): string {
  const unit = units.find((one) => ms >= one.ms && ms % one.ms === 0) ?? units[3];
  const count = ms / (unit?.ms ?? 1000);
  return count === 1 ? `every ${unit?.one}` : `every ${count} ${unit?.one}s`;
}

/** When a monitor is due: by its crontab (`0 3 * * *, Europe/Berlin`), else by its interval. */
export function dueWords({
  everyMs,
  settings,
}: {
  readonly everyMs: number;
  readonly settings: Readonly<Record<string, unknown>>;
}): string {
  const { cron, timeZone } = settings;
  if (typeof cron !== 'string' || cron === '') return everyWords(everyMs);
  return typeof timeZone === 'string' && timeZone !== '' ? `${cron}, ${timeZone}` : cron;
}

/** A share as people say it of uptime: `100 %`, `99.98 %`, `–`. Never rounded up to 100. */
export function uptimeText(share: number | null): string {
  if (share === null) return '–';
  if (share === 1) return '100 %';
  const percent = Math.floor(share * 10_000) / 100;
  return `${percent.toLocaleString('en-US', { maximumFractionDigits: 2 })} %`;
}

export function uptimeTone(share: number | null): Tone {
  if (share === null) return 'idle';
  if (share >= 0.999) return 'good';
  return share >= 0.95 ? 'warn' : 'bad';
}

/** One sentence for ninety bars. */
export function barsWords(days: readonly (number | null)[], downMin: readonly number[]): string {
  const measured = days.filter((day) => day !== null).length;
  if (measured === 0) return 'Nothing measured in the last 90 days';
  const bad = days.filter((day) => day !== null && day < 1).length;
  const minutes = downMin.reduce((sum, one) => sum + one, 0);
  const gaps = days.length - measured;
  const gapWords = gaps > 0 ? `, nothing measured on ${gaps}` : '';
  return bad === 0
    ? `Up on all ${measured} measured days of the last ${days.length}${gapWords}`
    : `Down on ${bad} of ${measured} measured days, ${minutesWords(minutes)} in all${gapWords}`;
}

/** `< 1 min`, `12 min`, `3.2 h`. */
export function minutesWords(minutes: number): string {
  if (minutes < 1) return '< 1 min';
  return minutes < 120 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}
