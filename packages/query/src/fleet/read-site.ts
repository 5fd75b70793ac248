import { ask } from '../metrics/ask.ts';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { rateStart } from './site-signals.ts';
import type { SiteRange } from './site-lanes.ts';
import { judgeSite, type SiteState } from './site-state.ts';

export interface ServiceState {
  readonly service: string;
  readonly release: string;
  readonly environment: string;
  readonly lastSeenAt: number;
  readonly state: SiteState;
  readonly requestsPerMin: number;
  readonly errorRate: number;
  readonly p95Ms: number;
  readonly errorLogsPerMin: number;
}

interface ServiceRow {
  readonly service: string;
  readonly release: string;
  readonly environment: string;
  readonly lastSeenAt: number;
  readonly requests: number;
  readonly failed: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly errorLogs: number;
}

/** The services of a site (at most 500) with their rates over the last five minutes, by name. */
export async function readServices(
  reader: TelemetryReader,
  asked: { organisation: string; site: string; nowMs: number },
  limits: QueryLimits = {},
): Promise<ServiceState[]> {
  const startMs = rateStart(asked.nowMs);
  const minutes = (asked.nowMs - startMs) / 60_000;
  const where = `organisation = {organisation:String} AND site = {site:String} AND minute >= toDateTime({startS:UInt32})`;
  // Metric samples carry no environment: they say that a service lives, and are joined to its environments in JavaScript.
  const rows = await ask<ServiceRow>(
    reader,
    `SELECT service, environment, max(heard) AS lastSeenAt, max(current) AS release, sum(r) AS requests, sum(f) AS failed,
      max(m) AS medianMs, max(p) AS p95Ms, sum(l) AS errorLogs
    FROM (
      SELECT toString(service) AS service, toString(environment) AS environment, toFloat64(toUnixTimestamp64Milli(max(last_seen))) AS heard,
        argMaxMerge(release) AS current, 0. AS r, 0. AS f, 0. AS m, 0. AS p, 0. AS l
        FROM seen WHERE organisation = {organisation:String} AND site = {site:String} GROUP BY service, environment
      UNION ALL SELECT toString(service) AS service, toString(environment) AS environment, 0., '', toFloat64(sum(requests)), toFloat64(sum(errors)),
        toFloat64(quantilesTDigestMerge(0.5, 0.95, 0.99)(latency)[1]) / 1e6, toFloat64(quantilesTDigestMerge(0.5, 0.95, 0.99)(latency)[2]) / 1e6, 0.
        FROM red WHERE ${where} GROUP BY service, environment
      UNION ALL SELECT toString(service) AS service, toString(environment) AS environment, 0., '', 0., 0., 0., 0., toFloat64(sumIf(records, severity >= 17))
        FROM volume WHERE ${where} GROUP BY service, environment)
    WHERE service != '' GROUP BY service, environment ORDER BY service, environment LIMIT 500`,
    { organisation: asked.organisation, site: asked.site, startS: startMs / 1000 },
    limits,
  );
  return withoutBareMetrics(rows).map((row) => serviceState(row, minutes, asked.nowMs));
}

function withoutBareMetrics(rows: readonly ServiceRow[]): ServiceRow[] {
  const bare = new Map(rows.filter((row) => row.environment === '').map((row) => [row.service, row]));
  const named = new Set(rows.filter((row) => row.environment !== '').map((row) => row.service));
  return rows
    .filter((row) => row.environment !== '' || !named.has(row.service) || row.requests + row.errorLogs > 0)
    .map((row) => ({ ...row, lastSeenAt: Math.max(row.lastSeenAt, bare.get(row.service)?.lastSeenAt ?? 0) }));
}

function serviceState(row: ServiceRow, minutes: number, nowMs: number): ServiceState {
  const { state } = judgeSite(
    {
      lastSeenAt: row.lastSeenAt > 0 ? row.lastSeenAt : null,
      requests: row.requests,
      failedRequests: row.failed,
      errorsPerMin: Math.max(row.failed, row.errorLogs) / minutes,
      medianMs: row.medianMs,
      p95Ms: row.p95Ms,
      cpu: null,
      memory: null,
      disk: null,
      queue: null,
      paymentAttempts: 0,
      paymentFailures: 0,
    },
    nowMs,
  );
  return {
    service: row.service,
    release: row.release,
    environment: row.environment,
    lastSeenAt: row.lastSeenAt,
    state,
    requestsPerMin: row.requests / minutes,
    errorRate: row.requests > 0 ? row.failed / row.requests : 0,
    p95Ms: row.p95Ms,
    errorLogsPerMin: row.errorLogs / minutes,
  };
}

export interface SiteDevice {
  readonly device: string;
  readonly services: string[];
  readonly lastSeenAt: number;
}

/** Logs and spans are read for devices, which no view counts: three hours of them at most. */
const deviceWindowMs = 3 * 3_600_000;

/** The devices of a site (at most 200) heard in the last three hours of the range, and the newest resource attributes. */
export async function readDevices(
  reader: TelemetryReader,
  range: SiteRange,
  limits: QueryLimits = {},
): Promise<{ devices: SiteDevice[]; attributes: Record<string, string> }> {
  const from = (
    table: string,
  ): string => `SELECT toString(device) AS device, groupUniqArray(50)(toString(service)) AS services,
      toFloat64(toUnixTimestamp64Milli(max(ts))) AS heard, argMax(res, ts) AS res
    FROM ${table} WHERE organisation = {organisation:String} AND site = {site:String}
      AND ts >= fromUnixTimestamp64Milli({fromMs:Int64}) AND ts < fromUnixTimestamp64Milli({toMs:Int64}) GROUP BY device`;
  const rows = await ask<SiteDevice & { attributes: Record<string, string> }>(
    reader,
    `SELECT device, arraySort(arrayFilter(s -> s != '', groupUniqArrayArray(50)(services))) AS services, max(heard) AS lastSeenAt,
      argMax(res, heard) AS attributes
    FROM (${from('spans')} UNION ALL ${from('logs')}) GROUP BY device ORDER BY device LIMIT 201`,
    {
      organisation: range.organisation,
      site: range.site,
      fromMs: Math.max(range.fromMs, range.toMs - deviceWindowMs),
      toMs: range.toMs,
    },
    limits,
  );
  const newest = rows.reduce<(typeof rows)[number] | undefined>(
    (best, row) => (best && best.lastSeenAt >= row.lastSeenAt ? best : row),
    undefined,
  );
  return {
    devices: rows
      .filter((row) => row.device !== '')
      .slice(0, 200)
      .map(({ device, services, lastSeenAt }) => ({ device, services, lastSeenAt })),
    attributes: Object.fromEntries(Object.entries(newest?.attributes ?? {}).slice(0, 100)),
  };
}

export interface TopIssue {
  readonly issue: string;
  readonly title: string;
  readonly events: number;
  readonly lastSeenAt: number;
}

/** The ten issues with most events at the site in the range. */
export function readTopIssues(
  reader: TelemetryReader,
  range: SiteRange,
  limits: QueryLimits = {},
): Promise<TopIssue[]> {
  return ask<TopIssue>(
    reader,
    `SELECT leftPad(lower(hex(issue)), 16, '0') AS issue, if(type = '', message, if(message = '', type, concat(type, ': ', message))) AS title,
      here AS events, toFloat64(toUnixTimestamp64Milli(heard)) AS lastSeenAt
    FROM (SELECT issue, toFloat64(sum(events)) AS here FROM issue_volume
      WHERE organisation = {organisation:String} AND site = {site:String} AND minute >= toDateTime({fromS:UInt32})
        AND toUInt64(toUnixTimestamp(minute)) * 1000 < {toMs:Int64}
      GROUP BY issue ORDER BY here DESC, issue LIMIT 10) AS v
    INNER JOIN (SELECT issue, anyLast(type) AS type, anyLast(message) AS message, max(last_seen) AS heard FROM issues
      WHERE organisation = {organisation:String} GROUP BY issue) AS i USING (issue)
    ORDER BY events DESC, issue`,
    {
      organisation: range.organisation,
      site: range.site,
      fromS: Math.floor(range.fromMs / 60_000) * 60,
      toMs: range.toMs,
    },
    limits,
  );
}
