import type { LogReach } from '../logs/log-reach.ts';
import type { MetricExpression } from './ast.ts';
import type { LogqlScope } from './bounds.ts';

/** A metric query over a range, or at a moment. */
export interface MetricQuery extends LogqlScope {
  readonly query: MetricExpression;
  readonly startMs: number;
  /** Included; equal to `startMs` for an instant query. */
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  /** As in `LogQuery`. */
  readonly reach?: LogReach | undefined;
  /** Parts of the table with so many lines are read for themselves, and what they hold is remembered. Default 500,000. */
  readonly largePartLines?: number;
}

/** `volume`: from the views by minute; `engine`: grouped by the engine; `lines`: over streamed rows. */
export type Way = 'volume' | 'engine' | 'lines';
