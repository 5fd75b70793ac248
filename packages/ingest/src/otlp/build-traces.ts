import { type AttributeValue, writeAttributes } from './any-value.ts';
import { idBytes } from './build-logs.ts';
import { RequestBuilder } from './request-builder.ts';

/** The lane whose frames are OTLP `ExportTraceServiceRequest` bytes. A builder's bytes go there. */
export const otlpTracesLane = 'otlp-traces';

/** OTLP's span kinds by name. */
export const spanKindNumbers: Readonly<Record<string, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};

/** One span to be encoded. What is left out takes OTLP's default. */
export interface SpanInput {
  /** 32 hexadecimal digits or 16 bytes, not all zero. */
  readonly traceId: string | Uint8Array;
  /** 16 hexadecimal digits or 8 bytes, not all zero. */
  readonly spanId: string | Uint8Array;
  readonly parentId?: string | Uint8Array;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer; 0 unspecified. */
  readonly kind?: number;
  /** Nanoseconds since the epoch. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly traceState?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly events?: readonly SpanEventInput[];
  readonly links?: readonly SpanLinkInput[];
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode?: number;
  readonly statusMessage?: string;
}

export interface SpanEventInput {
  readonly timeNs: bigint;
  readonly name: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface SpanLinkInput {
  readonly traceId: string | Uint8Array;
  readonly spanId: string | Uint8Array;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/**
 * Encodes an OTLP `ExportTraceServiceRequest` (https://opentelemetry.io/docs/specs/otlp/), so that any protocol that carries
 * spans shares the lane `otlp-traces`, its SQL and its scrubber. `resource` begins a group; `add` adds to it.
 */
export class TracesRequestBuilder extends RequestBuilder {
  add(span: SpanInput): this {
    const { writer } = this;
    const opened = this.openRecord();
    writer.bytes(1, idBytes(span.traceId, 16));
    writer.bytes(2, idBytes(span.spanId, 8));
    writer.string(3, span.traceState ?? '');
    writer.bytes(4, idBytes(span.parentId, 8));
    writer.string(5, span.name);
    writer.integer(6, span.kind ?? 0);
    writer.fixed64(7, span.startNs);
    writer.fixed64(8, span.endNs);
    if (span.attributes) writeAttributes(writer, 9, span.attributes);
    for (const event of span.events ?? []) this.#event(event);
    for (const link of span.links ?? []) this.#link(link);
    if ((span.statusCode ?? 0) !== 0 || (span.statusMessage ?? '') !== '') {
      const status = writer.open(15);
      writer.string(2, span.statusMessage ?? '');
      writer.integer(3, span.statusCode ?? 0);
      writer.close(status);
    }
    writer.close(opened);
    return this;
  }

  #event({ timeNs, name, attributes }: SpanEventInput): void {
    const opened = this.writer.open(11);
    this.writer.fixed64(1, timeNs);
    this.writer.string(2, name);
    if (attributes) writeAttributes(this.writer, 3, attributes);
    this.writer.close(opened);
  }

  #link({ traceId, spanId, attributes }: SpanLinkInput): void {
    const opened = this.writer.open(13);
    this.writer.bytes(1, idBytes(traceId, 16));
    this.writer.bytes(2, idBytes(spanId, 8));
    if (attributes) writeAttributes(this.writer, 4, attributes);
    this.writer.close(opened);
  }
}
