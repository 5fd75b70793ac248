import { labelKey, type FoundEntry } from '@sightline/query';

export interface QueryStats {
  readonly lines: number;
  readonly bytes: number;
  readonly returned: number;
  readonly seconds: number;
  /** Archived files that lie in the range, and bytes of them that were read. */
  readonly archive?: { readonly files: number; readonly bytes: number };
}

/** Loki's block of statistics; what has no meaning here is 0. */
export function statsBlock({ lines, bytes, returned, seconds, archive }: QueryStats): unknown {
  const chunk = {
    headChunkBytes: 0,
    headChunkLines: 0,
    decompressedBytes: bytes,
    decompressedLines: lines,
    compressedBytes: archive?.bytes ?? 0,
    totalDuplicates: 0,
    postFilterLines: returned,
  };
  const files = archive?.files ?? 0;
  const store = { totalChunksRef: files, totalChunksDownloaded: files, chunksDownloadTime: 0, chunk };
  const perSecond = (value: number): number => (seconds > 0 ? Math.round(value / seconds) : 0);
  return {
    summary: {
      bytesProcessedPerSecond: perSecond(bytes),
      linesProcessedPerSecond: perSecond(lines),
      totalBytesProcessed: bytes,
      totalLinesProcessed: lines,
      execTime: seconds,
      queueTime: 0,
      subqueries: 0,
      totalEntriesReturned: returned,
      splits: 0,
      shards: 0,
      totalPostFilterLines: returned,
      totalStructuredMetadataBytesProcessed: 0,
    },
    querier: { store },
    ingester: { totalReached: 0, totalChunksMatched: 0, totalBatches: 0, totalLinesSent: 0, store },
    cache: {},
  };
}

type Value = [string, string] | [string, string, { structuredMetadata?: unknown; parsed?: unknown }];

/** Entries by stream. With `categorize` the stream's labels stand alone, and each line says what it knows besides. */
export function streamsOf(entries: readonly FoundEntry[], categorize: boolean): { stream: object; values: Value[] }[] {
  const streams = new Map<string, { stream: object; values: Value[] }>();
  for (const { tsNs, line, stream, metadata, parsed } of entries) {
    const labels = categorize ? stream : { ...metadata, ...stream, ...parsed };
    const key = labelKey(labels);
    let found = streams.get(key);
    if (!found) streams.set(key, (found = { stream: labels, values: [] }));
    if (!categorize) found.values.push([tsNs, line]);
    else {
      const more = {
        ...(Object.keys(metadata).length > 0 ? { structuredMetadata: metadata } : {}),
        ...(Object.keys(parsed).length > 0 ? { parsed } : {}),
      };
      found.values.push([tsNs, line, more]);
    }
  }
  return [...streams.values()];
}

/** Entries that lie at least `intervalMs` apart. */
export function thinned(entries: readonly FoundEntry[], intervalMs: number | undefined): readonly FoundEntry[] {
  if (intervalMs === undefined) return entries;
  const gap = BigInt(intervalMs) * 1_000_000n;
  let last: bigint | undefined;
  return entries.filter(({ tsNs }) => {
    const at = BigInt(tsNs);
    if (last !== undefined && (at > last ? at - last : last - at) < gap) return false;
    last = at;
    return true;
  });
}
