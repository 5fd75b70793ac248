import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition, type ReadScope } from '../search/scope.ts';

/** A release of a service that was not seen before. `at` is its first span, ms since the epoch. */
export interface Deploy {
  readonly at: number;
  readonly service: string;
  readonly release: string;
  readonly sites: number;
}

const dayMs = 86_400_000;
const leastLookbackMs = 6 * 3_600_000;
const deploysAtMost = 100;

/**
 * Releases first seen within the range, oldest first, the newest 100 at most (`cut`: there were more). What came before is read as far back again as the range is
 * long, 6 hours to a day; the first release of a service in that time is no deploy. Throws `StoreError`.
 */
export async function readDeploys(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits = {},
): Promise<{ deploys: Deploy[]; cut: boolean }> {
  const lookbackMs = Math.min(dayMs, Math.max(leastLookbackMs, scope.toMs - scope.fromMs));
  const { sql, parameters } = scopeCondition({ ...scope, fromMs: Math.max(0, scope.fromMs - lookbackMs) });
  const found = await reader.query<Deploy>(
    `SELECT at, service, release, sites FROM (
       SELECT service, release, toFloat64(toUnixTimestamp64Milli(min(ts))) AS at, toFloat64(uniq(site)) AS sites,
         min(at) OVER (PARTITION BY service) AS earliest
       FROM spans PREWHERE ${sql} WHERE release != '' AND kind IN (2, 5) GROUP BY service, release
     ) WHERE at > earliest AND at >= {startMs:Int64} ORDER BY at DESC, service LIMIT {most:UInt32}`,
    { ...parameters, startMs: Math.trunc(scope.fromMs), most: deploysAtMost + 1 },
    limits,
  );
  return { deploys: found.slice(0, deploysAtMost).reverse(), cut: found.length > deploysAtMost };
}
