import { middleMs } from './duration-buckets.ts';

/** Rate, errors and duration of a group of spans. */
export interface SpanFigures {
  readonly calls: number;
  readonly callsPerMin: number;
  readonly errors: number;
  /** 0 to 1. */
  readonly errorRate: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly totalMs: number;
}

/** What `figureColumns` selects. */
export interface FigureColumns {
  readonly total: string;
  readonly failed: string;
  readonly spent: string;
  readonly quantiles: number[];
}

/** Over rows with `calls`, `errors`, `duration_ns` and `bucket`. */
export const figureColumns = `toString(sum(r.calls)) AS total, toString(sum(r.errors)) AS failed, toString(sum(r.duration_ns)) AS spent,
  arrayMap(x -> toInt32(x), quantilesExactWeighted(0.5, 0.95, 0.99)(r.bucket, r.calls)) AS quantiles`;

export const figureOrders = {
  calls: 'sum(r.calls)',
  errors: 'sum(r.errors)',
  total: 'sum(r.duration_ns)',
  p95: 'quantileExactWeighted(0.95)(r.bucket, r.calls)',
} as const;
export type FigureOrder = keyof typeof figureOrders;

/** The figures of a row over a range of `minutes`. */
export function figuresOf(row: FigureColumns, minutes: number): SpanFigures {
  const calls = Number(row.total);
  const errors = Number(row.failed);
  const [p50Ms = 0, p95Ms = 0, p99Ms = 0] = calls === 0 ? [] : row.quantiles.map(middleMs);
  return {
    calls,
    callsPerMin: minutes > 0 ? calls / minutes : 0,
    errors,
    errorRate: calls === 0 ? 0 : errors / calls,
    p50Ms,
    p95Ms,
    p99Ms,
    totalMs: Number(row.spent) / 1e6,
  };
}
