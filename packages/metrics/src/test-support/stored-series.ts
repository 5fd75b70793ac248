/** Series and chunks put straight into a real engine, for tests of reading. */
import type { FloatHistogram, Labels } from '@sightline/query/promql';
import type { TelemetryStore } from '@sightline/store';
import { blockMs, blockStartOf } from '../block.ts';
import { encodeChunk } from '../chunk/chunk.ts';

export interface GivenSeries {
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly number[] | Float64Array;
  readonly histograms?: readonly (FloatHistogram | undefined)[];
}

/** A fingerprint for tests: spread over the whole range, the same for the same labels. */
export function fpOf(labels: Labels): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return BigInt.asUintN(64, (hash ^ (hash >> 29n)) * 0xbf58476d1ce4e5b9n);
}

/** Stores definitions, and one chunk for each block. */
export async function givenSeries(
  store: TelemetryStore,
  organisation: string,
  all: readonly GivenSeries[],
): Promise<void> {
  for (const { labels, times } of all) {
    const { __name__: metric = '', ...rest } = labels;
    await store.execute(
      `INSERT INTO metric_series (organisation, metric, fp, labels, first_seen, last_seen)
       SELECT {organisation:String}, {metric:String}, {fp:UInt64}, {labels:Map(String, String)}, {first:Int64}, {last:Int64}`,
      {
        organisation,
        metric,
        fp: fpOf(labels),
        labels: new Map(Object.entries(rest)),
        first: Math.floor(times[0] ?? 0),
        last: Math.floor(times.at(-1) ?? 0),
      },
      { settings: { insert_deduplicate: 0 } },
    );
  }
  await givenChunks(store, organisation, all);
}

export async function givenChunks(
  store: TelemetryStore,
  organisation: string,
  all: readonly GivenSeries[],
): Promise<void> {
  const rows: { metric: string; fp: bigint; t: number; chunk: string }[] = [];
  for (const { labels, times, values, histograms } of all) {
    const samples = {
      count: times.length,
      times: Float64Array.from(times),
      values: Float64Array.from(values),
      ...(histograms ? { histograms } : {}),
    };
    for (let from = 0; from < times.length;) {
      const t = blockStartOf(times[from] ?? 0);
      let to = from;
      while (to < times.length && (times[to] ?? 0) < t + blockMs) to++;
      const chunk = Buffer.from(encodeChunk(samples, from, to)).toString('base64');
      rows.push({ metric: labels.__name__ ?? '', fp: fpOf(labels), t, chunk });
      from = to;
    }
  }
  await store.execute(
    `INSERT INTO metric_chunks (organisation, metric, fp, t, chunk)
     SELECT {organisation:String}, metric, fp, t, base64Decode(chunk)
     FROM (SELECT 1) ARRAY JOIN {metrics:Array(String)} AS metric, {fps:Array(UInt64)} AS fp, {ts:Array(Int64)} AS t, {chunks:Array(String)} AS chunk`,
    {
      organisation,
      metrics: rows.map((row) => row.metric),
      fps: rows.map((row) => row.fp),
      ts: rows.map((row) => row.t),
      chunks: rows.map((row) => row.chunk),
    },
    { settings: { insert_deduplicate: 0, max_partitions_per_insert_block: 0 } },
  );
}
