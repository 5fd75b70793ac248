import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { niceStepMs } from '../logs/log-histogram.ts';
import { minuteCondition, type ReadScope } from '../search/scope.ts';

interface Point {
  /** Start of the bucket, ms. */
  readonly at: number;
  readonly value: number;
}

/** Rate, errors and duration of a service over the range. */
export interface ServiceSummary {
  readonly service: string;
  readonly sites: number;
  readonly requestsPerMin: number;
  /** 0 to 1. */
  readonly errorRate: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Requests a minute. */
  readonly rate: Point[];
  /** Failed requests a minute. */
  readonly errors: Point[];
}

interface Totals {
  readonly service: string;
  readonly sites: string;
  readonly total: string;
  readonly failed: string;
  readonly quantiles: number[];
}

interface Bucket {
  readonly service: string;
  readonly bucket: string;
  readonly total: string;
  readonly failed: string;
}

const pointsPerService = 60;
const mostServices = 500;

/** Every service that served requests in the range, busiest first; whole minutes. Throws `StoreError`. */
export async function listServices(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits = {},
): Promise<ServiceSummary[]> {
  const last = 4_294_944_000_000;
  const fromMs = Math.min(last, Math.floor(scope.fromMs / 60_000) * 60_000);
  const toMs = Math.min(last, Math.ceil(scope.toMs / 60_000) * 60_000);
  if (fromMs >= toMs) return [];
  const condition = minuteCondition(scope, fromMs / 1000, toMs / 1000);
  const stepMs = Math.max(60_000, niceStepMs(toMs - fromMs, pointsPerService));
  const totals = await reader.query<Totals>(
    `SELECT service, toString(uniqExactIf(site, site != '')) AS sites, toString(sum(red.requests)) AS total, toString(sum(red.errors)) AS failed,
       arrayMap(x -> if(isFinite(x), x, 0), quantilesTDigestMerge(0.5, 0.95, 0.99)(latency)) AS quantiles
     FROM red PREWHERE ${condition.sql} GROUP BY service ORDER BY sum(red.requests) DESC, service LIMIT {most:UInt32}`,
    { ...condition.parameters, most: mostServices },
    limits,
  );
  const buckets = await reader.query<Bucket>(
    `SELECT service, toString(intDiv(toInt64(toUnixTimestamp(minute)) * 1000, {stepMs:Int64})) AS bucket,
       toString(sum(red.requests)) AS total, toString(sum(red.errors)) AS failed
     FROM red PREWHERE ${condition.sql} GROUP BY service, bucket`,
    { ...condition.parameters, stepMs },
    limits,
  );
  const found = new Map(buckets.map((row) => [`${row.bucket}/${row.service}`, row]));
  const minutes = (toMs - fromMs) / 60_000;
  return totals.map((row) => {
    const [p50Ms = 0, p95Ms = 0, p99Ms = 0] = row.quantiles.map((ns) => ns / 1e6);
    const points = (of: 'total' | 'failed'): Point[] => {
      const all: Point[] = [];
      for (let bucket = Math.floor(fromMs / stepMs); bucket * stepMs < toMs; bucket++) {
        const value = Number(found.get(`${bucket}/${row.service}`)?.[of] ?? 0);
        all.push({ at: bucket * stepMs, value: value / (stepMs / 60_000) });
      }
      return all;
    };
    const total = Number(row.total);
    return {
      service: row.service,
      sites: Number(row.sites),
      requestsPerMin: total / minutes,
      errorRate: total === 0 ? 0 : Number(row.failed) / total,
      p50Ms,
      p95Ms,
      p99Ms,
      rate: points('total'),
      errors: points('failed'),
    };
  });
}
