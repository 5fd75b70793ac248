/** Where something stands in the query: offset in UTF-16 code units. */
export type Position = number;

export type Status = 'unset' | 'ok' | 'error';
export type Kind = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** A literal. Durations are nanoseconds. */
export type Literal =
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'number'; readonly value: number; readonly whole: boolean }
  | { readonly type: 'duration'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'status'; readonly value: Status }
  | { readonly type: 'kind'; readonly value: Kind }
  | { readonly type: 'nil' };

export const intrinsics = [
  'duration',
  'name',
  'status',
  'statusMessage',
  'kind',
  'childCount',
  'parent',
  'rootName',
  'rootServiceName',
  'traceDuration',
  'nestedSetLeft',
  'nestedSetRight',
  'nestedSetParent',
  'span:id',
  'span:parentID',
  'trace:id',
  'event:name',
  'event:timeSinceStart',
  'link:traceID',
  'link:spanID',
  'instrumentation:name',
  'instrumentation:version',
] as const;
export type Intrinsic = (typeof intrinsics)[number];

export type Scope = 'any' | 'span' | 'resource' | 'event' | 'link' | 'instrumentation';

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '=~' | '!~';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^';

/** What stands between braces, in `by()`, `select()` and aggregates. */
export type Field =
  | { readonly kind: 'literal'; readonly literal: Literal; readonly at: Position }
  | { readonly kind: 'intrinsic'; readonly name: Intrinsic; readonly at: Position }
  | {
      readonly kind: 'attribute';
      readonly scope: Scope;
      readonly parent: boolean;
      readonly name: string;
      readonly at: Position;
    }
  | {
      readonly kind: 'compare';
      readonly op: ComparisonOperator;
      readonly left: Field;
      readonly right: Field;
      readonly at: Position;
    }
  | {
      readonly kind: 'arithmetic';
      readonly op: ArithmeticOperator;
      readonly left: Field;
      readonly right: Field;
      readonly at: Position;
    }
  | {
      readonly kind: 'logic';
      readonly op: '&&' | '||';
      readonly left: Field;
      readonly right: Field;
      readonly at: Position;
    }
  | { readonly kind: 'not'; readonly operand: Field; readonly at: Position }
  | { readonly kind: 'negate'; readonly operand: Field; readonly at: Position };

/** `>>` and the like. `!` keeps what has no such relative, `&` keeps both sides. */
export type Structure = '>' | '<' | '>>' | '<<' | '~';

export type Spanset =
  | { readonly kind: 'filter'; /** Undefined for `{}`. */ readonly condition: Field | undefined; readonly at: Position }
  | {
      readonly kind: 'logic';
      readonly op: '&&' | '||';
      readonly left: Spanset;
      readonly right: Spanset;
      readonly at: Position;
    }
  | {
      readonly kind: 'structure';
      readonly op: Structure;
      readonly mode: '' | '!' | '&';
      readonly left: Spanset;
      readonly right: Spanset;
      readonly at: Position;
    }
  /** A pipeline in parentheses. */
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline; readonly at: Position };

/** A number of a spanset: an aggregate, a literal, or arithmetic on them. */
export type Scalar =
  | {
      readonly kind: 'aggregate';
      readonly name: 'count' | 'avg' | 'min' | 'max' | 'sum';
      readonly of: Field | undefined;
      readonly at: Position;
    }
  | { readonly kind: 'literal'; readonly literal: Literal; readonly at: Position }
  | {
      readonly kind: 'arithmetic';
      readonly op: ArithmeticOperator;
      readonly left: Scalar;
      readonly right: Scalar;
      readonly at: Position;
    };

export type Stage =
  | { readonly kind: 'spanset'; readonly spanset: Spanset }
  | {
      readonly kind: 'scalar';
      readonly op: Exclude<ComparisonOperator, '=~' | '!~'>;
      readonly left: Scalar;
      readonly right: Scalar;
      readonly at: Position;
    }
  | { readonly kind: 'by'; readonly field: Field; readonly at: Position }
  | { readonly kind: 'coalesce'; readonly at: Position }
  | { readonly kind: 'select'; readonly fields: readonly Field[]; readonly at: Position };

export interface Pipeline {
  readonly stages: readonly Stage[];
}

export const metricFunctions = [
  'rate',
  'count_over_time',
  'min_over_time',
  'max_over_time',
  'avg_over_time',
  'sum_over_time',
  'quantile_over_time',
  'histogram_over_time',
  'compare',
] as const;
export type MetricFunction = (typeof metricFunctions)[number];

/** What is done with the series of a metrics function: the largest or smallest of each step, or the samples that satisfy a comparison. */
export type MetricStage =
  | { readonly kind: 'top'; readonly name: 'topk' | 'bottomk'; readonly count: number }
  /** A duration stands in seconds, as the samples do. */
  | { readonly kind: 'compare'; readonly op: Exclude<ComparisonOperator, '=~' | '!~'>; readonly value: number };

/** What follows the pipeline of a metrics query. */
export interface Metric {
  readonly name: MetricFunction;
  /** Of `…_over_time`; undefined for `rate`, `count_over_time` and `compare`. */
  readonly of: Field | undefined;
  readonly quantiles: readonly number[];
  readonly by: readonly Field[];
  /** `compare({…}, topN, from, to)`. */
  readonly selection: Spanset | undefined;
  readonly top: number;
  /** Spans that begin after `from`, up to `to`, may be in the selection: nanoseconds since the epoch. */
  readonly selectionRange: { readonly from: number; readonly to: number } | undefined;
  /** From left to right. */
  readonly stages: readonly MetricStage[];
  readonly at: Position;
}

/** Arithmetic on metrics queries, such as `({status = error} | rate()) / ({} | rate())`. */
export type MetricMath =
  | { readonly kind: 'query'; readonly pipeline: Pipeline; readonly metric: Metric; readonly at: Position }
  | { readonly kind: 'number'; readonly value: number; readonly at: Position }
  | {
      readonly kind: 'arithmetic';
      readonly op: '+' | '-' | '*' | '/';
      readonly left: MetricMath;
      readonly right: MetricMath;
      readonly at: Position;
    }
  | {
      readonly kind: 'staged';
      readonly of: MetricMath;
      readonly stages: readonly MetricStage[];
      readonly at: Position;
    };

export interface Query {
  /** Without stages where there is `math`. */
  readonly pipeline: Pipeline;
  readonly metric: Metric | undefined;
  /** Arithmetic between metrics queries; `metric` is undefined then. */
  readonly math: MetricMath | undefined;
  /** `with (exemplars=…)`: how many, or whether any; undefined where it is not said. */
  readonly exemplars: number | boolean | undefined;
}

/** A query that could not be read or makes no sense. */
export interface TraceqlError {
  readonly message: string;
  readonly position: { readonly from: number; readonly to: number };
}

/** Whether a query is answered by series over time, and where that begins; undefined where it finds traces. */
export const seriesAskedAt = ({ metric, math }: Query): Position | undefined => metric?.at ?? math?.at;
