import type { Gauge, Table } from '@sightline/query';

/**
 * What rules ask of the telemetry store, in words that the batch planner understands: rules say questions, never SQL. An
 * answer is one number a group; groups are the values of `by`, in its order.
 */
export type Question =
  | RecordsQuestion
  | MetricQuestion
  | VitalQuestion
  | SeenQuestion
  | IssuesQuestion
  | PatternsQuestion
  | FeedbackQuestion;

/** Counts records that match a search, or takes a quantile of one of their numbers. */
export interface RecordsQuestion {
  readonly kind: 'records';
  readonly table: Table;
  /** In the search language. */
  readonly query: string;
  readonly windowMs: number;
  readonly by: readonly string[];
  /** 'count', or a quantile (0 to 1) of a field: `duration` (answered in ms) or any field that holds a number. */
  readonly measure: 'count' | { readonly quantile: number; readonly field: string };
  /** The answer may be this old. Questions over long windows are asked rarely. */
  readonly maxAgeMs?: number;
}

/** Aggregates samples of metrics. `sum` adds the means of the series; `increase` is a counter's growth, through restarts. */
export interface MetricQuestion {
  readonly kind: 'metric';
  /** Names of one quantity: OpenTelemetry's, and what Prometheus clients make of it. */
  readonly metrics: readonly string[];
  readonly where: Readonly<Record<string, string>>;
  readonly by: readonly string[];
  readonly windowMs: number;
  readonly aggregate: 'avg' | 'min' | 'max' | 'sum' | 'increase';
}

/** The present level of a site's machines, judged as the fleet page does: shares 0 to 1, queues in items. By site. */
export interface VitalQuestion {
  readonly kind: 'vital';
  readonly vital: Gauge;
}

/** When groups were last heard by any signal, milliseconds since the epoch. */
export interface SeenQuestion {
  readonly kind: 'seen';
  readonly by: readonly SeenDimension[];
  /** Dimensions that must have a value. */
  readonly where: Readonly<Partial<Record<SeenDimension, string>>>;
}

/** Issues that are new, came back or spike: their events in the window. By issue, type and service. */
export interface IssuesQuestion {
  readonly kind: 'issues';
  readonly what: 'new' | 'regressed' | 'spiking';
  /** In the search language of the issue list. */
  readonly query: string;
  readonly windowMs: number;
  readonly least: number;
  readonly times: number;
}

/** Templates of log lines that were not seen before: their lines in the window. By template. */
export interface PatternsQuestion {
  readonly kind: 'patterns';
  /** In the search language. */
  readonly query: string;
  readonly windowMs: number;
  /** What was not seen for so long is new. */
  readonly quietMs: number;
}

/** What people wrote and nobody dealt with yet. By message, site and service. */
export interface FeedbackQuestion {
  readonly kind: 'feedback';
  /** Words that all stand in it. */
  readonly words: string;
  /** '' for all. */
  readonly site: string;
  readonly service: string;
  readonly environment: string;
  readonly windowMs: number;
}
export const seenDimensions = ['site', 'service', 'environment'] as const;
export type SeenDimension = (typeof seenDimensions)[number];

/** One number a group. Keys are made by `groupOf`. */
export interface Answer {
  readonly values: ReadonlyMap<string, number>;
  /** What more there is to say of a group, for people. */
  readonly details?: ReadonlyMap<string, string>;
  /** True when there were more groups than are read: the rest was left out. */
  readonly overflow: boolean;
}

/** The key of a group in an answer: its values in the order of the question's `by`. */
export const groupOf = (values: readonly string[]): string => JSON.stringify(values);
/** The values of a key that `groupOf` made. */
export const groupValues = (key: string): readonly string[] => JSON.parse(key) as string[];

/** Two questions of one key have one answer. */
export const questionKey = (question: Question): string => JSON.stringify(question);
