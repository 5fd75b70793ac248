import { LruCache, type Clock } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { startOfLocalDay } from './local-day.ts';
import { counterNames, readIncreases } from './site-metrics.ts';

export interface SiteDay {
  readonly orders: number;
  readonly revenue: number;
}
export interface BusinessDay {
  readonly bySite: ReadonlyMap<string, SiteDay>;
  /** Revenue of the same weekday a week ago up to the same time of day; null where nothing was counted then. */
  readonly revenueSameWeekday: number | null;
}

/** The earth has 38 offsets in use; sites of one zone share a midnight and one query. */
const midnightLimit = 40;

/**
 * Orders and revenue since each site's own midnight. `zones` gives the sites' time zones (absent or unknown: UTC).
 */
export async function readBusinessDay(
  reader: TelemetryReader,
  asked: { organisation: string; nowMs: number; zones: ReadonlyMap<string, string> },
  limits: QueryLimits,
): Promise<BusinessDay> {
  const bySite = new Map<string, SiteDay>();
  let lastWeek: number | null = null;
  for (const [midnightMs, day] of sitesByMidnight(asked.zones, asked.nowMs)) {
    for (const row of await readDay(reader, asked.organisation, day.sites, midnightMs, asked.nowMs, limits)) {
      const before = bySite.get(row.site) ?? { orders: 0, revenue: 0 };
      const isRevenue = counterNames.revenue.some((name) => name === row.metric);
      bySite.set(row.site, {
        orders: before.orders + (isRevenue ? 0 : row.increase),
        revenue: before.revenue + (isRevenue ? row.increase : 0),
      });
    }
    const then = await readRevenue(reader, asked.organisation, day, asked.nowMs - midnightMs, limits);
    if (then !== null) lastWeek = (lastWeek ?? 0) + then;
  }
  return { bySite, revenueSameWeekday: lastWeek };
}

interface DayOfSites {
  readonly sites: string[];
  readonly weekBeforeMs: number;
}

function sitesByMidnight(zones: ReadonlyMap<string, string>, nowMs: number): Map<number, DayOfSites> {
  const starts = new Map<string, { midnightMs: number; weekBeforeMs: number }>();
  const days = new Map<number, DayOfSites>();
  for (const [site, zone] of zones) {
    let start = starts.get(zone);
    if (!start) {
      start = { midnightMs: startOfLocalDay(nowMs, zone), weekBeforeMs: startOfLocalDay(nowMs, zone, 7) };
      starts.set(zone, start);
    }
    const day = days.get(start.midnightMs);
    if (day) day.sites.push(site);
    else if (days.size < midnightLimit) days.set(start.midnightMs, { sites: [site], weekBeforeMs: start.weekBeforeMs });
  }
  return days;
}

function readDay(
  reader: TelemetryReader,
  organisation: string,
  sites: readonly string[],
  fromMs: number,
  nowMs: number,
  limits: QueryLimits,
): ReturnType<typeof readIncreases> {
  const metrics = [...counterNames.orders, ...counterNames.revenue];
  return readIncreases(reader, { organisation, metrics, sites, label: '', fromMs, toMs: nowMs + 1 }, limits);
}

async function readRevenue(
  reader: TelemetryReader,
  organisation: string,
  day: DayOfSites,
  elapsedMs: number,
  limits: QueryLimits,
): Promise<number | null> {
  const rows = await readIncreases(
    reader,
    {
      organisation,
      metrics: counterNames.revenue,
      sites: day.sites,
      label: '',
      fromMs: day.weekBeforeMs,
      toMs: day.weekBeforeMs + elapsedMs + 1,
    },
    limits,
  );
  return rows.length === 0 ? null : rows.reduce((sum, row) => sum + row.increase, 0);
}

/**
 * The business day, read again when it is older than 20 s: it walks all samples since midnight, and orders of the last
 * seconds are no reason to do that with each look at the fleet.
 */
export class BusinessDays {
  readonly #days: LruCache<string, BusinessDay>;
  readonly #reader: TelemetryReader;

  constructor(reader: TelemetryReader, clock: Clock) {
    this.#reader = reader;
    this.#days = new LruCache(200, 20_000, clock);
  }

  async read(
    asked: { organisation: string; nowMs: number; zones: ReadonlyMap<string, string> },
    limits: QueryLimits,
  ): Promise<BusinessDay> {
    const known = this.#days.get(asked.organisation);
    if (known) return known;
    const day = await readBusinessDay(this.#reader, asked, limits);
    this.#days.set(asked.organisation, day);
    return day;
  }
}
