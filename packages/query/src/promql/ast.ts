/**
 * PromQL as a tree. Times are milliseconds; positions are offsets into the text, for faults that point
 * (https://prometheus.io/docs/prometheus/latest/querying/basics/).
 */

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** Where a node stands in the text: UTF-16 offsets, `end` excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type MatchOperator = '=' | '!=' | '=~' | '!~';
export interface Matcher {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/**
 * A duration that is computed before the evaluation (`rate(x[step() * 4])`); seconds once evaluated. A plain duration is
 * folded by the parser and leaves no such node.
 */
export type DurationExpression =
  | {
      readonly kind: 'duration-number';
      readonly seconds: number;
      /** True where it was written as a duration (`5m`, not `300`). */
      readonly duration: boolean;
      readonly span: Span;
    }
  | {
      readonly kind: 'duration-operation';
      readonly operator: '+' | '-' | '*' | '/' | '%' | '^' | 'min' | 'max';
      /** Absent for a sign. */
      readonly left?: DurationExpression;
      readonly right: DurationExpression;
      readonly wrapped?: boolean;
      readonly span: Span;
    }
  | { readonly kind: 'duration-step' | 'duration-range'; readonly span: Span };

/** `offset` and `@` of a selector or subquery. */
export interface TimeShift {
  /** Milliseconds, positive into the past; 0 without `offset`. */
  readonly offsetMs: number;
  readonly offsetExpression?: DurationExpression;
  readonly at?: number | 'start' | 'end';
}

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  /** True where it was written as a duration (`5m` is 300). */
  readonly duration: boolean;
  readonly span: Span;
}
export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly span: Span;
}
export interface Parentheses {
  readonly kind: 'parentheses';
  readonly inner: Expression;
  readonly span: Span;
}
export interface Unary {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly inner: Expression;
  readonly span: Span;
}
export const binaryOperators = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  'atan2',
  '==',
  '!=',
  '>',
  '<',
  '>=',
  '<=',
  'and',
  'or',
  'unless',
  '</',
  '>/',
] as const;
export type BinaryOperator = (typeof binaryOperators)[number];
export interface VectorMatching {
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** True for `on(…)`, false for `ignoring(…)` and for none. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Labels of the "one" side that `group_left` or `group_right` adds. */
  readonly include: readonly string[];
  /** `fill(…)`, `fill_left(…)`, `fill_right(…)`: the value of a side that has no partner. */
  readonly fillLeft?: number;
  readonly fillRight?: number;
}
export interface Binary {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly bool: boolean;
  /** Only between two vectors. */
  readonly matching?: VectorMatching;
  readonly span: Span;
}
export const aggregators = [
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
] as const;
export type Aggregator = (typeof aggregators)[number];
export interface Aggregate {
  readonly kind: 'aggregate';
  readonly operator: Aggregator;
  readonly inner: Expression;
  readonly parameter?: Expression;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly span: Span;
}
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly arguments: readonly Expression[];
  readonly span: Span;
}
export interface VectorSelector {
  readonly kind: 'vector-selector';
  /** The name before the braces, '' when there is none. It stands among `matchers` too, as `__name__`. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly shift: TimeShift;
  /** `anchored` and `smoothed` select samples beyond the window's edges (Prometheus 3.8 on, extended range selectors). */
  readonly extended?: 'anchored' | 'smoothed';
  /** Set before the evaluation: nothing but count and sum of native histograms is asked for. */
  readonly statistics?: true;
  readonly span: Span;
}
export interface MatrixSelector {
  readonly kind: 'matrix-selector';
  readonly selector: VectorSelector;
  readonly rangeMs: number;
  readonly rangeExpression?: DurationExpression;
  readonly span: Span;
}
export interface Subquery {
  readonly kind: 'subquery';
  readonly inner: Expression;
  readonly rangeMs: number;
  readonly rangeExpression?: DurationExpression;
  /** 0: the default resolution. */
  readonly stepMs: number;
  readonly stepExpression?: DurationExpression;
  readonly shift: TimeShift;
  readonly span: Span;
}
export type Expression =
  | NumberLiteral
  | StringLiteral
  | Parentheses
  | Unary
  | Binary
  | Aggregate
  | Call
  | VectorSelector
  | MatrixSelector
  | Subquery;

/** Why a text is no query, in Prometheus' own words as far as possible: `1:8: parse error: unexpected …`. */
export interface ParseFault {
  readonly message: string;
  readonly span: Span;
}
