import { hexId, msOf } from '../logs/log-row.ts';

/** A span as a pointer into its trace. */
export interface SpanExample {
  readonly traceId: string;
  readonly spanId: string;
  readonly at: number;
  readonly durationMs: number;
  readonly service: string;
  readonly site: string;
  readonly name: string;
  readonly failed: boolean;
}

/** What `exampleColumns` selects. */
export interface ExampleColumns {
  readonly traceHex: string;
  readonly spanHex: string;
  readonly startNs: string;
  readonly lasted: string;
  readonly service: string;
  readonly site: string;
  readonly name: string;
  readonly failed: number;
}

export const exampleColumns = `${hexId('trace_id', 16)} AS traceHex, ${hexId('span_id', 8)} AS spanHex, toString(toUnixTimestamp64Nano(ts)) AS startNs,
  toString(duration_ns) AS lasted, service, site, name, status_code = 2 AS failed`;

export function toExample(row: ExampleColumns): SpanExample {
  return {
    traceId: row.traceHex,
    spanId: row.spanHex,
    at: msOf(row.startNs),
    durationMs: Number(row.lasted) / 1e6,
    service: row.service,
    site: row.site,
    name: row.name,
    failed: row.failed === 1,
  };
}
