import { type FullSpan, readFullTrace } from '@sightline/query';
import type { TelemetryReader } from '@sightline/store/port';
import type { Seen } from './trace-call.ts';

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

/** A trace id of up to 32 hexadecimal digits, filled up: clients of Jaeger and Zipkin leave leading zeros out. */
export function traceIdOf(text: string): string | undefined {
  return /^[0-9a-f]{1,32}$/i.test(text) ? text.toLowerCase().padStart(32, '0') : undefined;
}
