import { LruCache, type Clock } from '@sightline/base';
import type { QueryLimits } from '@sightline/store/port';
import type { TelemetryReads } from '../metrics/telemetry-reads.ts';
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
  reader: TelemetryReads,
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
  reader: TelemetryReads,
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
  reader: TelemetryReads,
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

interface KnownDay {
  readonly day: BusinessDay;
  readonly readAt: number;
  /** How long it took to read, ms. */
  readonly tookMs: number;
}

/** Orders of the last seconds are no reason to walk all samples since midnight with each look at the fleet. */
const freshMs = 20_000;
/** Reading takes a twentieth of one core's time at most, however many sites there are. */
const restPerWork = 20;
/** Older than this, and than three rests, is not shown while the next is being read: nobody had looked for a while. */
const lateMs = 60_000;
/** Older than this is forgotten. */
const staleMs = 10 * 60_000;

/**
 * The business day of each organisation, kept for at least 20 s. An ageing day is answered at once while the next one is read
 * behind it; one older than a minute (longer where reading is slow), or one whose refresh failed, is waited for.
 */
export class BusinessDays {
  readonly #days: LruCache<string, KnownDay>;
  readonly #reading = new Map<string, Promise<KnownDay>>();
  readonly #reader: TelemetryReads;
  readonly #clock: Clock;

  constructor(reader: TelemetryReads, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
    this.#days = new LruCache(200, staleMs, clock);
  }

  /** Throws `StoreError` when nothing is known and the store does not answer. */
  async read(asked: { organisation: string; nowMs: number; zones: ReadonlyMap<string, string> }): Promise<BusinessDay> {
    const known = this.#days.get(asked.organisation);
    if (!known) return (await this.#refresh(asked)).day;
    const age = this.#clock.now() - known.readAt;
    const restMs = Math.max(freshMs, known.tookMs * restPerWork);
    if (age > Math.max(lateMs, 3 * restMs)) return (await this.#refresh(asked)).day;
    if (age > restMs)
      // Whoever asks next waits for a new attempt, and hears of the fault if it stays.
      this.#refresh(asked).catch(() => this.#days.delete(asked.organisation));
    return known.day;
  }

  #refresh(asked: { organisation: string; nowMs: number; zones: ReadonlyMap<string, string> }): Promise<KnownDay> {
    const running = this.#reading.get(asked.organisation);
    if (running) return running;
    const reading = this.#readNow(asked).finally(() => this.#reading.delete(asked.organisation));
    this.#reading.set(asked.organisation, reading);
    return reading;
  }

  async #readNow(asked: {
    organisation: string;
    nowMs: number;
    zones: ReadonlyMap<string, string>;
  }): Promise<KnownDay> {
    const startedAt = this.#clock.now();
    // No caller's signal: others may wait for the same reading.
    const day = await readBusinessDay(this.#reader, asked, { threads: 1 });
    const readAt = this.#clock.now();
    const known = { day, readAt, tookMs: readAt - startedAt };
    this.#days.set(asked.organisation, known);
    return known;
  }
}
