import { type AttributeValue, writeAnyValue, writeAttributes } from './any-value.ts';
import { RequestBuilder } from './request-builder.ts';

/** The lane whose frames are OTLP `ExportLogsServiceRequest` bytes. A builder's bytes go there. */
export const otlpLogsLane = 'otlp-logs';

/** One log record to be encoded. What is left out takes OTLP's default; a time of 0 becomes the time of receipt. */
export interface LogRecordInput {
  /** Nanoseconds since the epoch. */
  readonly timeNs?: bigint;
  readonly observedTimeNs?: bigint;
  /** 1-24; 0 lets the engine read it from `severityText`. */
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AttributeValue;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** 32 hexadecimal digits or 16 bytes; anything else is left out. */
  readonly traceId?: string | Uint8Array;
  /** 16 hexadecimal digits or 8 bytes; anything else is left out. */
  readonly spanId?: string | Uint8Array;
  readonly flags?: number;
  readonly eventName?: string;
}

/**
 * Encodes an OTLP `ExportLogsServiceRequest` (https://opentelemetry.io/docs/specs/otlp/), so that any protocol that
 * carries logs can share the lane `otlp-logs`, its SQL and its scrubber.
 *
 *     const builder = new LogsRequestBuilder();
 *     builder.resource({ 'service.name': 'orders', 'store.id': 'STORE_047' });
 *     builder.add({ timeNs, severityText: 'error', body: 'payment declined', attributes: { 'order.id': 7 } });
 *     return { lane: otlpLogsLane, bytes: builder.build(), records: builder.records, signal: 'logs' };
 */
export class LogsRequestBuilder extends RequestBuilder {
  /** Adds a record to the current group; without one, to a group without attributes. */
  add(record: LogRecordInput): this {
    const { writer } = this;
    const opened = this.openRecord();
    writer.fixed64(1, record.timeNs ?? 0n);
    writer.integer(2, record.severityNumber ?? 0);
    writer.string(3, record.severityText ?? '');
    if (record.body !== undefined) writeAnyValue(writer, 5, record.body);
    if (record.attributes) writeAttributes(writer, 6, record.attributes);
    writer.fixed32(8, record.flags ?? 0);
    writer.bytes(9, idBytes(record.traceId, 16));
    writer.bytes(10, idBytes(record.spanId, 8));
    writer.fixed64(11, record.observedTimeNs ?? 0n);
    writer.string(12, record.eventName ?? '');
    writer.close(opened);
    return this;
  }

  /**
   * Adds a record of so many bytes to the current group, which there must be. Its fields are to be written at once, at the returned place of
   * `target`.
   */
  addEncoded(sizeBytes: number): number {
    this.written++;
    return this.writer.sized(2, sizeBytes);
  }

  /** Where `addEncoded` makes room; another one after each addition. */
  get target(): Buffer {
    return this.writer.target;
  }
}

const none = new Uint8Array(0);

/** Bytes of an identifier given as hexadecimal text or bytes; empty when it is not exactly `sizeBytes` long. */
export function idBytes(id: string | Uint8Array | undefined, sizeBytes: number): Uint8Array {
  if (id === undefined) return none;
  const bytes = typeof id === 'string' ? Buffer.from(id, 'hex') : id;
  return bytes.length === sizeBytes && (typeof id !== 'string' || id.length === sizeBytes * 2) ? bytes : none;
}
