import { spanColumns, toSpan, type SpanColumns, type SpanRecord } from '../traces/span-row.ts';

/** A span with all that is stored of it. */
export interface FullSpan extends SpanRecord {
  readonly traceState: string;
  /** Of each link, in the order of `links`. */
  readonly linkAttributes: readonly Readonly<Record<string, string>>[];
}

export interface FullSpanColumns extends SpanColumns {
  readonly traceState: string;
  readonly linkAttributes: Record<string, string>[];
}

export const fullSpanColumns = `${spanColumns}, trace_state AS traceState, links.attrs AS linkAttributes`;

export function toFullSpan(row: FullSpanColumns): FullSpan {
  return toSpan(row) as FullSpan;
}
