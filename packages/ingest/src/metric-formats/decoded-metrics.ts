import type { ReceivedSeries } from '@sightline/record';
import type { Refusal, SpooledFrame } from '../protocol.ts';

/** What a frame of metrics says, and what of it cannot be kept. `records` of the refusals are the protocol's own: data points. */
export interface DecodedMetrics {
  readonly series: readonly ReceivedSeries[];
  readonly refused: readonly Refusal[];
}

/** What of a frame a decoder reads. */
export type MetricFrame = Pick<SpooledFrame, 'scope' | 'receivedAtMs' | 'bytes' | 'origin'>;
