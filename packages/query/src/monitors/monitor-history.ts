import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';

/** Shares of the measured time, 0…1; null where nothing was measured. */
export interface UptimeShares {
  readonly day: number | null;
  readonly week: number | null;
  readonly quarter: number | null;
}

/** Ninety days of one monitor at a glance. */
export interface MonitorHistory {
  readonly uptime: UptimeShares;
  /** Ninety days in UTC, the last being today: share of the measured time that it was up, null for a gap. */
  readonly days: (number | null)[];
  /** Minutes down of the same days. */
  readonly downMin: number[];
  /** Mean response of the last 24 hours, an hour each, ms; null without a good result. */
  readonly response: (number | null)[];
}

export const historyDays = 90;
const responseHours = 24;
const dayMs = 86_400_000;
const hourMs = 3_600_000;

interface Sums {
  readonly upMs: number;
  readonly downMs: number;
}

/**
 * Ninety days of bars, uptimes and the last day's response times of an organisation's monitors, or of one of them.
 * Monitors without a result are missing. Throws `StoreError`.
 */
export async function readMonitorHistory(
  reader: TelemetryReader,
  asked: { readonly organisation: string; readonly nowMs: number; readonly monitor?: string },
  limits: QueryLimits = {},
): Promise<ReadonlyMap<string, MonitorHistory>> {
  const parameters = { organisation: asked.organisation, monitor: asked.monitor ?? '' };
  const firstDayMs = Math.floor(asked.nowMs / dayMs) * dayMs - (historyDays - 1) * dayMs;
  const firstHourMs = Math.floor(asked.nowMs / hourMs) * hourMs - (responseHours - 1) * hourMs;
  const [days, hours, recent] = await Promise.all([
    ask<{ m: string; day: number; up: number; down: number }>(
      reader,
      `SELECT monitor AS m, toUInt32(intDiv(toUnixTimestamp(hour) - {from:UInt32}, 86400)) AS day, sum(up_ms) AS up, sum(down_ms) AS down
      FROM check_hours WHERE ${whose} AND hour >= toDateTime({from:UInt32}, 'UTC') GROUP BY m, day`,
      { ...parameters, from: firstDayMs / 1000 },
      { resultRows: 500_000, ...limits },
    ),
    ask<{ m: string; h: number; ups: number; duration: number }>(
      reader,
      `SELECT monitor AS m, toUInt32(intDiv(toUnixTimestamp(hour) - {from:UInt32}, 3600)) AS h, toFloat64(sum(ups)) AS ups, sum(duration_ms) AS duration
      FROM check_hours WHERE ${whose} AND hour >= toDateTime({from:UInt32}, 'UTC') GROUP BY m, h`,
      { ...parameters, from: firstHourMs / 1000 },
      { resultRows: 200_000, ...limits },
    ),
    ask<{ m: string; up1: number; down1: number; up7: number; down7: number }>(
      reader,
      `SELECT monitor AS m, sumIf(up_ms, ${lastDay}) AS up1, sumIf(down_ms, ${lastDay}) AS down1, sum(up_ms) AS up7, sum(down_ms) AS down7
      FROM check_hours WHERE ${whose} AND hour >= toDateTime({week:UInt32}, 'UTC') GROUP BY m`,
      { ...parameters, from: firstHourMs / 1000, week: firstHourMs / 1000 - 6 * 86_400 },
      limits,
    ),
  ]);
  return gather(days, hours, recent);
}

const whose = `organisation = {organisation:String} AND ({monitor:String} = '' OR monitor = {monitor:String})`;
const lastDay = `hour >= toDateTime({from:UInt32}, 'UTC')`;

function gather(
  days: readonly { m: string; day: number; up: number; down: number }[],
  hours: readonly { m: string; h: number; ups: number; duration: number }[],
  recent: readonly { m: string; up1: number; down1: number; up7: number; down7: number }[],
): ReadonlyMap<string, MonitorHistory> {
  const sums = new Map<string, Sums[]>();
  for (const { m, day, up, down } of days) {
    const own = sums.get(m) ?? Array.from({ length: historyDays }, () => ({ upMs: 0, downMs: 0 }));
    sums.set(m, own);
    // A result of tomorrow (a clock that runs ahead by a little) counts as of today.
    own[Math.min(day, historyDays - 1)] = { upMs: up, downMs: down };
  }
  const responses = new Map<string, (number | null)[]>();
  for (const { m, h, ups, duration } of hours) {
    const own = responses.get(m) ?? Array.from<number | null>({ length: responseHours }).fill(null);
    responses.set(m, own);
    if (ups > 0 && h < responseHours) own[h] = Math.round((duration / ups) * 10) / 10;
  }
  const shares = new Map(recent.map((row) => [row.m, row]));
  return new Map(
    [...sums].map(([monitor, own]) => {
      const near = shares.get(monitor);
      const quarter = own.reduce((sum, one) => ({ upMs: sum.upMs + one.upMs, downMs: sum.downMs + one.downMs }));
      return [
        monitor,
        {
          uptime: {
            day: near ? share(near.up1, near.down1) : null,
            week: near ? share(near.up7, near.down7) : null,
            quarter: share(quarter.upMs, quarter.downMs),
          },
          days: own.map(({ upMs, downMs }) => share(upMs, downMs)),
          downMin: own.map(({ downMs }) => Math.round(downMs / 6000) / 10),
          response: responses.get(monitor) ?? Array.from<null>({ length: responseHours }).fill(null),
        },
      ];
    }),
  );
}

function share(upMs: number, downMs: number): number | null {
  return upMs + downMs === 0 ? null : Math.round((upMs / (upMs + downMs)) * 1e6) / 1e6;
}
