import { type AttributeValue, writeAnyValue, writeAttributes } from './any-value.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

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
export class LogsRequestBuilder {
  readonly #writer: ProtobufWriter;
  #resourceAt = -1;
  #scopeAt = -1;
  #records = 0;

  /** `expectedBytes`: about what will be written, so that it need not be copied while it grows. */
  constructor(expectedBytes = 8192) {
    this.#writer = new ProtobufWriter(Math.ceil(expectedBytes));
  }

  /** Log records added so far. */
  get records(): number {
    return this.#records;
  }

  /** Starts a new group: the records that follow belong to a resource with these attributes. */
  resource(attributes: Readonly<Record<string, AttributeValue>>, scopeName = ''): this {
    this.#closeGroup();
    this.#resourceAt = this.#writer.open(1);
    const resource = this.#writer.open(1);
    writeAttributes(this.#writer, 1, attributes);
    this.#writer.close(resource);
    this.#scopeAt = this.#writer.open(2);
    if (scopeName !== '') {
      const scope = this.#writer.open(1);
      this.#writer.string(1, scopeName);
      this.#writer.close(scope);
    }
    return this;
  }

  /** Adds a record to the current group; without one, to a group without attributes. */
  add(record: LogRecordInput): this {
    if (this.#resourceAt < 0) this.resource({});
    const writer = this.#writer;
    const opened = writer.open(2);
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
    this.#records++;
    return this;
  }

  /**
   * Adds a record of so many bytes to the current group, which there must be. Its fields are to be written at once, at the returned place of
   * `target`.
   */
  addEncoded(sizeBytes: number): number {
    this.#records++;
    return this.#writer.sized(2, sizeBytes);
  }

  /** Where `addEncoded` makes room; another one after each addition. */
  get target(): Buffer {
    return this.#writer.target;
  }

  /** The encoded request. The builder must not be used afterwards. */
  build(): Buffer {
    this.#closeGroup();
    return this.#writer.finish();
  }

  #closeGroup(): void {
    if (this.#resourceAt < 0) return;
    this.#writer.close(this.#scopeAt);
    this.#writer.close(this.#resourceAt);
    this.#resourceAt = -1;
  }
}

const none = new Uint8Array(0);

/** Bytes of an identifier given as hexadecimal text or bytes; empty when it is not exactly `sizeBytes` long. */
export function idBytes(id: string | Uint8Array | undefined, sizeBytes: number): Uint8Array {
  if (id === undefined) return none;
  const bytes = typeof id === 'string' ? Buffer.from(id, 'hex') : id;
  return bytes.length === sizeBytes && (typeof id !== 'string' || id.length === sizeBytes * 2) ? bytes : none;
}
