import type { FloatHistogram } from './float-histogram.ts';

/** Types of OpenMetrics and remote write 2.0. */
export const metricTypes = [
  'unknown',
  'counter',
  'gauge',
  'summary',
  'histogram',
  'gaugehistogram',
  'info',
  'stateset',
] as const;
export type MetricType = (typeof metricTypes)[number];

/** The bits of a staleness mark: the sample after which a series has no value (https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers). */
export const staleNaNBits = 0x7ff0000000000002n;

/** Whatever a processor made of the mark's quiet bit on its way through registers. */
const quietBit = 0x0008000000000000n;

/** Whether a float's bits are Prometheus' mark that a series has ended (https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers). */
export function isStaleMark(bits: bigint): boolean {
  return (bits & ~quietBit) === staleNaNBits;
}

export interface ReceivedExemplar {
  /** Name and value in turn; `trace_id` and `span_id` among them. */
  readonly labels: readonly string[];
  readonly value: number;
  readonly atMs: number;
}

/**
 * Samples of one series as a client sent them: what each metric protocol decodes to, before label rules (scrubbing, site, limits)
 * are applied. The three sample arrays have one length; `times` need not be in order.
 */
export interface ReceivedSeries {
  /** Name and value in turn, `__name__` among them, in any order; no empty values, no name twice. */
  readonly labels: readonly string[];
  readonly type: MetricType;
  readonly unit: string;
  readonly help: string;
  /** True where values are growth since the sample before (OTLP delta, StatsD counters): whoever stores adds them up. */
  readonly delta: boolean;
  /** Milliseconds since the epoch. */
  readonly times: readonly number[];
  /** A staleness mark is told by `stale`. */
  readonly values: readonly number[];
  /** Indexes of staleness marks; absent where there are none. */
  readonly stale?: readonly number[];
  /** Set at an index where the sample is a native histogram. */
  readonly histograms?: readonly (FloatHistogram | undefined)[];
  /** Start (created) timestamps, milliseconds, 0 where not known. */
  readonly startTimes?: readonly number[];
  readonly exemplars?: readonly ReceivedExemplar[];
}
