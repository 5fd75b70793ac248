import type { AttributeValue } from '../../otlp/any-value.ts';

/** Name and value, in the order in which they came; a name may come twice. */
export type Tag = readonly [name: string, value: AttributeValue];

/** Whose spans they are. */
export interface JaegerProcess {
  readonly service: string;
  readonly tags: readonly Tag[];
}

/** Another span that this one refers to. */
export interface JaegerReference {
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes. */
  readonly spanId: Uint8Array;
  readonly followsFrom: boolean;
}

/** A span of Jaeger's model, as both Thrift and protobuf carry it. */
export interface JaegerSpan {
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes. */
  readonly spanId: Uint8Array;
  /** 8 bytes; all zero where references say it, or for a root. */
  readonly parentId: Uint8Array;
  readonly operation: string;
  readonly references: readonly JaegerReference[];
  readonly startNs: bigint;
  readonly durationNs: bigint;
  readonly tags: readonly Tag[];
  readonly logs: readonly { readonly timeNs: bigint; readonly fields: readonly Tag[] }[];
  /** Where it differs from the batch's. */
  readonly process?: JaegerProcess;
  /** Why it cannot be used, where it cannot. */
  readonly problem?: string;
}

/** What a client sends at once. */
export interface JaegerBatch {
  readonly process: JaegerProcess;
  readonly spans: readonly JaegerSpan[];
}

/** Tags, log fields, references and logs of one span that are kept; what comes beyond is left out. */
export const mostParts = 512;
