/** LogQL as a tree (https://grafana.com/docs/loki/latest/query/). Positions are offsets in UTF-16 code units. */
export type Position = number;

export interface Span {
  readonly from: Position;
  readonly to: Position;
}

/** A query that could not be read or makes no sense. `message` is worded as Loki's, with line and column where it has them. */
export interface LogqlError {
  readonly message: string;
  readonly position: Span;
}

export type MatchOperator = '=' | '!=' | '=~' | '!~';
export interface Matcher {
  readonly label: string;
  readonly op: MatchOperator;
  readonly value: string;
}

export const lineOperators = ['|=', '!=', '|~', '!~', '|>', '!>'] as const;
export type LineOperator = (typeof lineOperators)[number];
export interface LineValue {
  readonly text: string;
  /** True for `ip("…")`. */
  readonly ip: boolean;
}

export type NumberOperator = '==' | '!=' | '>' | '>=' | '<' | '<=';
/** A condition on labels. Durations are seconds, sizes bytes. */
export type LabelFilter =
  | { readonly kind: 'and' | 'or'; readonly left: LabelFilter; readonly right: LabelFilter }
  | { readonly kind: 'text'; readonly label: string; readonly op: MatchOperator; readonly value: string }
  | {
      readonly kind: 'number';
      readonly type: 'number' | 'duration' | 'bytes';
      readonly label: string;
      readonly op: NumberOperator;
      readonly value: number;
      /** As it was written. */
      readonly written: string;
    }
  | { readonly kind: 'ip'; readonly label: string; readonly op: '=' | '!='; readonly value: string };

/** `label="expression"` of `json` and `logfmt`. */
export interface Extraction {
  readonly label: string;
  readonly expression: string;
}
export interface LabelFormat {
  readonly label: string;
  /** Either a label to rename, or a template. */
  readonly from: string | undefined;
  readonly template: string;
}
/** One of `drop` and `keep`: a label, or one whose value matches. */
export interface LabelChoice {
  readonly label: string;
  readonly matcher: Matcher | undefined;
}

export type Stage =
  /** `values` are joined by `or`. */
  | { readonly kind: 'line'; readonly op: LineOperator; readonly values: readonly LineValue[] }
  | { readonly kind: 'labels'; readonly filter: LabelFilter }
  | { readonly kind: 'json'; readonly fields: readonly Extraction[] }
  | {
      readonly kind: 'logfmt';
      readonly fields: readonly Extraction[];
      readonly strict: boolean;
      readonly keepEmpty: boolean;
    }
  | { readonly kind: 'pattern' | 'regexp'; readonly pattern: string }
  | { readonly kind: 'unpack' | 'decolorize' }
  | { readonly kind: 'line_format'; readonly template: string }
  | { readonly kind: 'label_format'; readonly formats: readonly LabelFormat[] }
  | { readonly kind: 'drop' | 'keep'; readonly choices: readonly LabelChoice[] };

export interface LogExpression {
  readonly kind: 'log';
  readonly matchers: readonly Matcher[];
  readonly stages: readonly Stage[];
}

export type Conversion = '' | 'duration' | 'duration_seconds' | 'bytes';
export interface Unwrap {
  readonly label: string;
  readonly conversion: Conversion;
  /** Conditions behind it, mostly `__error__=""`. */
  readonly filters: readonly LabelFilter[];
}

export const rangeFunctions = [
  'rate',
  'rate_counter',
  'count_over_time',
  'bytes_rate',
  'bytes_over_time',
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
  'first_over_time',
  'last_over_time',
  'absent_over_time',
] as const;
export type RangeFunction = (typeof rangeFunctions)[number];

export interface Grouping {
  readonly without: boolean;
  readonly labels: readonly string[];
}

export interface RangeAggregation {
  readonly kind: 'range';
  readonly name: RangeFunction;
  /** The quantile of `quantile_over_time`. */
  readonly parameter: number | undefined;
  readonly log: LogExpression;
  readonly unwrap: Unwrap | undefined;
  readonly rangeMs: number;
  readonly offsetMs: number;
  readonly grouping: Grouping | undefined;
}

export const vectorFunctions = [
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'approx_topk',
  'sort',
  'sort_desc',
] as const;
export type VectorFunction = (typeof vectorFunctions)[number];

export const binaryOperators = [
  'or',
  'and',
  'unless',
  '==',
  '!=',
  '>',
  '>=',
  '<',
  '<=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
] as const;
export type BinaryOperator = (typeof binaryOperators)[number];

export interface Matching {
  readonly on: boolean;
  readonly labels: readonly string[];
  /** `group_left` or `group_right`. */
  readonly group: 'left' | 'right' | undefined;
  readonly include: readonly string[];
}

export type MetricExpression =
  | RangeAggregation
  | {
      readonly kind: 'vector-aggregation';
      readonly name: VectorFunction;
      /** Of topk, bottomk and approx_topk. */
      readonly parameter: number | undefined;
      readonly inner: MetricExpression;
      readonly grouping: Grouping | undefined;
    }
  | {
      readonly kind: 'binary';
      readonly op: BinaryOperator;
      readonly left: MetricExpression;
      readonly right: MetricExpression;
      readonly bool: boolean;
      readonly matching: Matching | undefined;
    }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'vector'; readonly value: number }
  | {
      readonly kind: 'label_replace';
      readonly inner: MetricExpression;
      readonly to: string;
      readonly replacement: string;
      readonly from: string;
      readonly pattern: string;
    };

export type Query = LogExpression | MetricExpression;
