import { ask } from '../metrics/ask.ts';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { rateWindowMs } from './site-state.ts';

/** More sites than any fleet page can show; a client that invents site names must not fill our memory. */
export const siteLimit = 5000;
export const healthMinutes = 30;
const minuteMs = 60_000;

export interface FleetScope {
  readonly organisation: string;
  /** '' means all. */
  readonly environment: string;
  readonly nowMs: number;
}

export const inEnvironment = `({environment:String} = '' OR environment = {environment:String})`;

export interface SeenSite {
  readonly site: string;
  readonly lastSeenAt: number;
  readonly release: string;
  readonly services: number;
}

/** Who was ever heard. The release is the one that most services of the site report. Throws `StoreError`. */
export function readSeenSites(reader: TelemetryReader, scope: FleetScope, limits: QueryLimits): Promise<SeenSite[]> {
  return ask<SeenSite>(
    reader,
    `SELECT site, toFloat64(toUnixTimestamp64Milli(max(heard))) AS lastSeenAt, toUInt32(uniqExactIf(service, service != '')) AS services,
      arrayElement(topKIf(1)(current, current != ''), 1) AS release
    FROM (SELECT toString(site) AS site, toString(service) AS service, environment, max(last_seen) AS heard, argMaxMerge(release) AS current
      FROM seen WHERE organisation = {organisation:String} AND site != ''
        AND ({environment:String} = '' OR environment = {environment:String} OR environment = '')
      GROUP BY site, service, environment)
    GROUP BY site HAVING {environment:String} = '' OR countIf(environment = {environment:String}) > 0
    ORDER BY site LIMIT ${siteLimit}`,
    { organisation: scope.organisation, environment: scope.environment },
    limits,
  );
}

/** Start of the oldest minute of the health bar. The newest is the minute that runs now. */
export function healthStart(nowMs: number): number {
  return (Math.floor(nowMs / minuteMs) - healthMinutes + 1) * minuteMs;
}

/** Start of the rate window, on the minute, as the views count by minute; it ends now. */
export function rateStart(nowMs: number): number {
  return Math.floor((nowMs - rateWindowMs) / minuteMs) * minuteMs;
}

/** Counts by minute of the last `healthMinutes` minutes, oldest first. */
export interface SiteTraffic {
  readonly requests: Float64Array;
  readonly failedRequests: Float64Array;
  readonly logs: Float64Array;
  readonly errorLogs: Float64Array;
  readonly errorEvents: Float64Array;
}

type TrafficField = keyof SiteTraffic;
interface CountRow {
  readonly site: string;
  readonly minutes: readonly number[];
  readonly all: readonly number[];
  readonly failed: readonly number[];
}

const noTraffic = (): SiteTraffic => ({
  requests: new Float64Array(healthMinutes),
  failedRequests: new Float64Array(healthMinutes),
  logs: new Float64Array(healthMinutes),
  errorLogs: new Float64Array(healthMinutes),
  errorEvents: new Float64Array(healthMinutes),
});

function countsSql(table: string, all: string, failed: string): string {
  return `SELECT site, groupArray(m) AS minutes, groupArray(a) AS all, groupArray(f) AS failed
    FROM (SELECT toString(site) AS site, toUInt8(intDiv(toUnixTimestamp(minute) - {startS:UInt32}, 60)) AS m,
        toFloat64(${all}) AS a, toFloat64(${failed}) AS f
      FROM ${table} WHERE organisation = {organisation:String} AND minute >= toDateTime({startS:UInt32})
        AND minute < toDateTime({startS:UInt32} + ${healthMinutes * 60}) AND site != '' AND ${inEnvironment}
      GROUP BY site, m)
    GROUP BY site LIMIT ${siteLimit}`;
}

const trafficQueries: readonly { sql: string; all: TrafficField; failed: TrafficField | undefined }[] = [
  { sql: countsSql('red', 'sum(requests)', 'sum(errors)'), all: 'requests', failed: 'failedRequests' },
  { sql: countsSql('volume', 'sum(records)', 'sumIf(records, severity >= 17)'), all: 'logs', failed: 'errorLogs' },
  { sql: countsSql('issue_volume', 'sum(events)', '0'), all: 'errorEvents', failed: undefined },
];

/** Requests, logs and error events of every site by minute, from the views: three queries whatever the number of sites. */
export async function readTraffic(
  reader: TelemetryReader,
  scope: FleetScope,
  limits: QueryLimits,
): Promise<Map<string, SiteTraffic>> {
  const parameters = {
    organisation: scope.organisation,
    environment: scope.environment,
    startS: healthStart(scope.nowMs) / 1000,
  };
  const answers = await Promise.all(trafficQueries.map((q) => ask<CountRow>(reader, q.sql, parameters, limits)));
  const bySite = new Map<string, SiteTraffic>();
  for (const [i, rows] of answers.entries()) {
    const query = trafficQueries[i];
    if (!query) continue;
    for (const row of rows) {
      const traffic = bySite.get(row.site) ?? noTraffic();
      bySite.set(row.site, traffic);
      for (const [k, minute] of row.minutes.entries()) {
        traffic[query.all][minute] = row.all[k] ?? 0;
        if (query.failed) traffic[query.failed][minute] = row.failed[k] ?? 0;
      }
    }
  }
  return bySite;
}

/** How long requests of the rate window took, milliseconds. */
export interface Latency {
  readonly medianMs: number;
  readonly p95Ms: number;
}

/** The same by site. */
export async function readLatency(
  reader: TelemetryReader,
  scope: FleetScope,
  limits: QueryLimits,
): Promise<Map<string, Latency>> {
  const rows = await ask<Latency & { site: string }>(
    reader,
    `SELECT toString(site) AS site, quantilesTDigestMerge(0.5, 0.95, 0.99)(latency) AS took, toFloat64(took[1]) / 1e6 AS medianMs, toFloat64(took[2]) / 1e6 AS p95Ms
    FROM red WHERE organisation = {organisation:String} AND minute >= toDateTime({startS:UInt32})
      AND minute <= toDateTime({nowS:UInt32}) AND site != '' AND ${inEnvironment}
    GROUP BY site LIMIT ${siteLimit}`,
    {
      organisation: scope.organisation,
      environment: scope.environment,
      startS: rateStart(scope.nowMs) / 1000,
      nowS: Math.floor(scope.nowMs / 1000),
    },
    limits,
  );
  return new Map(rows.map(({ site, medianMs, p95Ms }) => [site, { medianMs, p95Ms }]));
}
