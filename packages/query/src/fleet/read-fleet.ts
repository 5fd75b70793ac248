import type { QueryLimits } from '@sightline/store/port';
import type { TelemetryReads } from '../metrics/telemetry-reads.ts';
import type { BusinessDay } from './business-day.ts';
import { counterNames, readGauges, readIncreases, type SiteGauges } from './site-metrics.ts';
import {
  healthMinutes,
  healthStart,
  rateStart,
  type Latency,
  readLatency,
  readSeenSites,
  readTraffic,
  siteLimit,
  type FleetScope,
  type SeenSite,
  type SiteTraffic,
} from './site-signals.ts';
import { judgeMinute, judgeSite, type MinuteHealth, type SiteState } from './site-state.ts';

/** What the control plane knows of a site. */
export interface KnownSite {
  readonly code: string;
  readonly name: string;
  readonly city: string;
  readonly region: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly timeZone: string;
}

/** One site of the fleet page (`siteSummary` of the contract). Shares are 0 to 1, rates per minute. */
export interface SiteSummary extends KnownSite {
  readonly state: SiteState;
  readonly worst: string;
  readonly lastSeenAt: number | null;
  readonly release: string;
  readonly services: number;
  readonly errorsPerMin: number;
  readonly requestsPerMin: number;
  readonly errorRate: number;
  readonly p95Ms: number;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly disk: number | null;
  readonly queue: number | null;
  readonly paymentSuccess: number | null;
  readonly ordersToday: number;
  readonly revenueToday: number;
  readonly openIncidents: number;
  readonly health: MinuteHealth[];
}

export interface FleetSummary {
  readonly at: number;
  readonly sites: SiteSummary[];
  readonly totals: {
    readonly sites: number;
    readonly online: number;
    readonly openIncidents: number;
    readonly errorsPerMin: number;
    readonly ordersToday: number;
    readonly revenueToday: number;
    readonly revenueSameWeekday: number | null;
  };
}

/** Incidents of a site that are not resolved: how many, and what the worst is called. */
export interface OpenAtSite {
  readonly count: number;
  readonly title: string;
}
/** Incidents that are not resolved. Not the sum over the sites: one may concern many, or none. */
export interface OpenIncidents {
  readonly all: number;
  readonly bySite: ReadonlyMap<string, OpenAtSite>;
}

/** Payments are few: ten minutes have enough of them to judge. */
const paymentWindowMs = 10 * 60_000;

interface Payments {
  readonly attempts: number;
  readonly failures: number;
}

/** Everything telemetry says about the sites of an organisation at one moment. */
export interface FleetTelemetry {
  readonly seen: ReadonlyMap<string, SeenSite>;
  readonly traffic: ReadonlyMap<string, SiteTraffic>;
  readonly latency: ReadonlyMap<string, Latency>;
  readonly gauges: ReadonlyMap<string, SiteGauges>;
  readonly payments: ReadonlyMap<string, Payments>;
}

/** Reads it in a few grouped queries, whatever the number of sites (at most `siteLimit`). Throws `StoreError`. */
export async function readFleetTelemetry(
  reader: TelemetryReads,
  scope: FleetScope,
  limits: QueryLimits = {},
): Promise<FleetTelemetry> {
  const [seen, traffic, latency, gauges, payments] = await Promise.all([
    readSeenSites(reader, scope, limits),
    readTraffic(reader, scope, limits),
    readLatency(reader, scope, limits),
    readGauges(reader, scope, limits),
    readPayments(reader, scope, limits),
  ]);
  return { seen: new Map(seen.map((site) => [site.site, site])), traffic, latency, gauges, payments };
}

async function readPayments(
  reader: TelemetryReads,
  scope: FleetScope,
  limits: QueryLimits,
): Promise<Map<string, Payments>> {
  const rows = await readIncreases(
    reader,
    {
      organisation: scope.organisation,
      metrics: counterNames.payments,
      label: 'outcome',
      fromMs: scope.nowMs - paymentWindowMs,
      toMs: scope.nowMs + 1,
    },
    limits,
  );
  const bySite = new Map<string, Payments>();
  for (const row of rows) {
    const before = bySite.get(row.site) ?? { attempts: 0, failures: 0 };
    const failures = before.failures + (row.label === 'failure' ? row.increase : 0);
    bySite.set(row.site, { attempts: before.attempts + row.increase, failures });
  }
  return bySite;
}

/**
 * The fleet page: the sites the control plane knows and those that telemetry alone knows, by code. With an environment,
 * only sites heard in it.
 */
export function summariseFleet(
  telemetry: FleetTelemetry,
  known: readonly KnownSite[],
  day: BusinessDay,
  scope: FleetScope,
  open?: OpenIncidents,
): FleetSummary {
  const byCode = new Map(known.map((site) => [site.code, site]));
  for (const code of telemetry.seen.keys()) if (!byCode.has(code)) byCode.set(code, unknownSite(code));
  const sites = [...byCode.values()]
    .filter((site) => scope.environment === '' || telemetry.seen.has(site.code))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .slice(0, siteLimit)
    .map((site) => summariseSite(telemetry, site, day, scope.nowMs, open?.bySite.get(site.code)));
  const sum = (of: (site: SiteSummary) => number): number => sites.reduce((total, site) => total + of(site), 0);
  return {
    at: scope.nowMs,
    sites,
    totals: {
      sites: sites.length,
      online: sites.filter((site) => site.state !== 'offline' && site.state !== 'late').length,
      openIncidents: open?.all ?? 0,
      errorsPerMin: sum((site) => site.errorsPerMin),
      ordersToday: sum((site) => site.ordersToday),
      revenueToday: sum((site) => site.revenueToday),
      revenueSameWeekday: day.revenueSameWeekday,
    },
  };
}

/** A site that nobody described yet. */
export function unknownSite(code: string): KnownSite {
  return { code, name: '', city: '', region: '', latitude: null, longitude: null, timeZone: '' };
}

/** One line of the fleet page. */
export function summariseSite(
  telemetry: FleetTelemetry,
  site: KnownSite,
  day: BusinessDay,
  nowMs: number,
  open?: OpenAtSite,
): SiteSummary {
  const seen = telemetry.seen.get(site.code);
  const rates = ratesOf(telemetry.traffic.get(site.code), nowMs);
  const gauges = telemetry.gauges.get(site.code) ?? { cpu: null, memory: null, disk: null, queue: null };
  const payments = telemetry.payments.get(site.code) ?? { attempts: 0, failures: 0 };
  const today = day.bySite.get(site.code) ?? { orders: 0, revenue: 0 };
  const vitals = {
    lastSeenAt: seen?.lastSeenAt ?? null,
    requests: rates.requests,
    failedRequests: rates.failedRequests,
    errorsPerMin: rates.errorsPerMin,
    ...(telemetry.latency.get(site.code) ?? { medianMs: 0, p95Ms: 0 }),
    ...gauges,
    paymentAttempts: payments.attempts,
    paymentFailures: payments.failures,
  };
  const judged = judgeSite(vitals, nowMs);
  return {
    code: site.code,
    name: site.name,
    city: site.city,
    region: site.region,
    latitude: site.latitude,
    longitude: site.longitude,
    timeZone: site.timeZone,
    ...judged,
    // What telemetry shows no longer, or never did, may still be open.
    worst: judged.worst === '' && open !== undefined ? open.title.replace(` at ${site.code}`, '') : judged.worst,
    lastSeenAt: vitals.lastSeenAt,
    release: seen?.release ?? '',
    services: seen?.services ?? 0,
    errorsPerMin: rates.errorsPerMin,
    requestsPerMin: rates.requests / rates.minutes,
    errorRate: rates.requests > 0 ? rates.failedRequests / rates.requests : 0,
    p95Ms: vitals.p95Ms,
    ...gauges,
    paymentSuccess: payments.attempts > 0 ? 1 - payments.failures / payments.attempts : null,
    ordersToday: Math.round(today.orders),
    revenueToday: today.revenue,
    openIncidents: open?.count ?? 0,
    health: healthOf(telemetry.traffic.get(site.code)),
  };
}

interface Rates {
  readonly minutes: number;
  readonly requests: number;
  readonly failedRequests: number;
  readonly errorsPerMin: number;
}

function ratesOf(traffic: SiteTraffic | undefined, nowMs: number): Rates {
  const startMs = rateStart(nowMs);
  const minutes = (nowMs - startMs) / 60_000;
  if (!traffic) return { minutes, requests: 0, failedRequests: 0, errorsPerMin: 0 };
  const first = (startMs - healthStart(nowMs)) / 60_000;
  const sum = (counts: Float64Array): number => counts.subarray(first).reduce((a, b) => a + b, 0);
  const failedRequests = sum(traffic.failedRequests);
  // One failure usually shows as span, log and event alike: the largest of the three counts it once.
  const failures = Math.max(failedRequests, sum(traffic.errorLogs), sum(traffic.errorEvents));
  return { minutes, requests: sum(traffic.requests), failedRequests, errorsPerMin: failures / minutes };
}

function healthOf(traffic: SiteTraffic | undefined): MinuteHealth[] {
  return Array.from({ length: healthMinutes }, (_, m) =>
    traffic
      ? judgeMinute({
          requests: traffic.requests[m] ?? 0,
          failedRequests: traffic.failedRequests[m] ?? 0,
          logs: traffic.logs[m] ?? 0,
          errorLogs: traffic.errorLogs[m] ?? 0,
          errorEvents: traffic.errorEvents[m] ?? 0,
        })
      : 'none',
  );
}
