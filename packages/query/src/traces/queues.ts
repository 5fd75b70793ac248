import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { ReadScope } from '../search/scope.ts';
import { middleMs } from './duration-buckets.ts';
import { minutesOf, rolledRows } from './rolled-rows.ts';
import { pairsOfSite } from './service-map.ts';

/** A queue or topic and who is at its ends. */
export interface QueueSummary {
  /** `kafka/orders` */
  readonly queue: string;
  readonly producers: string[];
  readonly consumers: string[];
  readonly produced: number;
  readonly consumed: number;
  readonly errors: number;
  readonly publishP95Ms: number;
  readonly processP95Ms: number;
  readonly lagMs: number | null;
}

interface QueueRow {
  readonly queue: string;
  readonly producers: string[];
  readonly consumers: string[];
  readonly produced: string;
  readonly consumed: string;
  readonly failed: string;
  readonly publishBucket: number;
  readonly processBucket: number;
}

const mostQueues = 500;

/**
 * Queues, the busiest 500 at most (`cut`: there were more), by what their producers (`publish`, `send`, `create`) and consumers (`process`, `deliver`, `receive`) told. The wait is known where
 * the consumer's span has the producer's as its parent or links to it. Throws `StoreError`.
 */
export async function listQueues(
  reader: TelemetryReader,
  scope: ReadScope,
  limits: QueryLimits = {},
): Promise<{ queues: QueueSummary[]; cut: boolean }> {
  if (minutesOf(scope).minutes === 0) return { queues: [], cut: false };
  const rows = rolledRows('calls', scope);
  // The views know no sites: of one site the pairs are joined from its spans.
  const edges = scope.site === '' ? rolledRows('edges', scope) : pairsOfSite({ ...scope, service: '' });
  const publishes = `r.action IN ('publish', 'send', 'create')`;
  const processes = `r.action IN ('process', 'deliver')`;
  const p95 = (which: string): string =>
    `toInt32(ifNotFinite(quantileExactWeightedIf(0.95)(toFloat64(r.bucket), r.calls, ${which}), 0))`;
  const [queues, waits] = await Promise.all([
    reader.query<QueueRow>(
      `SELECT r.peer AS queue, arraySort(groupUniqArrayIf(20)(toString(r.service), ${publishes})) AS producers, arraySort(groupUniqArrayIf(20)(toString(r.service), NOT ${publishes})) AS consumers,
         toString(sumIf(r.calls, ${publishes})) AS produced, toString(sumIf(r.calls, ${processes})) AS consumed, toString(sum(r.errors)) AS failed,
         ${p95(publishes)} AS publishBucket, ${p95(processes)} AS processBucket
       FROM ${rows.sql} AS r WHERE r.call = 'queue' GROUP BY r.peer ORDER BY sum(r.calls) DESC, queue LIMIT {most:UInt32}`,
      { ...rows.parameters, most: mostQueues + 1 },
      limits,
    ),
    reader.query<{ peer: string; waited: number }>(
      `SELECT r.peer AS peer, sum(r.lag_ns) / sum(r.calls) / 1e6 AS waited FROM ${edges.sql} AS r WHERE r.message = 1 GROUP BY r.peer`,
      edges.parameters,
      limits,
    ),
  ]);
  const lags = new Map(waits.map(({ peer, waited }) => [peer, waited]));
  const shown = queues.slice(0, mostQueues).map((row): QueueSummary => ({
    queue: row.queue,
    producers: row.producers,
    consumers: row.consumers,
    produced: Number(row.produced),
    consumed: Number(row.consumed),
    errors: Number(row.failed),
    publishP95Ms: row.produced === '0' ? 0 : middleMs(row.publishBucket),
    processP95Ms: row.consumed === '0' ? 0 : middleMs(row.processBucket),
    lagMs: lags.get(row.queue) ?? null,
  }));
  return { queues: shown, cut: queues.length > mostQueues };
}
