import type { Result } from '@sightline/base';
import { type FullSpan, readFullTrace, type ReadScope, searchTraceql } from '@sightline/query';
import type { TelemetryReader } from '@sightline/store/port';
import { Fault, type Seen } from './trace-call.ts';

/** Spans of one answer: a trace has ten thousand at most, and a search may find hundreds of those. */
const mostSpans = 100_000;

/** Traces as they were found, without those of which nothing is there. */
export interface ReadTraces {
  readonly traces: readonly { readonly id: string; readonly spans: readonly FullSpan[] }[];
  /** False where further traces were left out, because the answer had as many spans as it may. */
  readonly complete: boolean;
}

/** Reads the traces with these ids (32 hexadecimal digits), one after another: each is a matter of milliseconds. Throws `StoreError`. */
export async function readTraces(
  store: TelemetryReader,
  seen: Seen,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadTraces> {
  const traces: { id: string; spans: readonly FullSpan[] }[] = [];
  let left = mostSpans;
  for (const id of ids) {
    const spans = await readFullTrace(store, seen, id, { signal });
    if (spans.length > left) return { traces, complete: false };
    left -= spans.length;
    if (spans.length > 0) traces.push({ id, spans });
  }
  return { traces, complete: true };
}

/** A search of Jaeger's or Zipkin's, in our terms. */
export interface TraceSearch {
  readonly traceql: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** How many traces are answered. */
  readonly limit: number;
}

/** Ids of the traces that a search finds; a fault (400) where it could not be read, or asks what TraceQL cannot. Throws `StoreError`. */
export async function findTraceIds(
  store: TelemetryReader,
  seen: Seen,
  search: Result<TraceSearch, string>,
  signal: AbortSignal,
): Promise<string[] | Fault> {
  if (!search.ok) return new Fault(400, search.error);
  const { traceql: query, ...range } = search.value;
  const found = await searchTraceql(store, { ...seen, ...range, query, spansPerSet: 1 }, { signal });
  return found.ok ? found.value.traces.map(({ traceId }) => traceId) : new Fault(400, found.error.message);
}

/** What may be read of a range of time; `service`: '' for all. */
export const traceScope = (
  { organisation, site }: Seen,
  range: { readonly fromMs: number; readonly toMs: number },
  service = '',
): ReadScope => ({ organisation, ...range, environment: '', site, boundTo: site, service });

/** How far back services, operations and attributes are named. */
const namedForMs = 7 * 86_400_000;

/** What names are told of: the last seven days. */
export const recentScope = (seen: Seen, nowMs: number, service = ''): ReadScope =>
  traceScope(seen, { fromMs: nowMs - namedForMs, toMs: nowMs }, service);

/** A trace id of up to 32 hexadecimal digits, filled up: clients of Jaeger and Zipkin leave leading zeros out. */
export function traceIdOf(text: string): string | undefined {
  return /^[0-9a-f]{1,32}$/i.test(text) ? text.toLowerCase().padStart(32, '0') : undefined;
}
