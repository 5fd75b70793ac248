import type { IssueDecisions } from '../errors/find-issues.ts';
import type { FeedbackDecisions } from '../feedback/feedback-rows.ts';
import type { Result } from '@sightline/base';
import { StoreError, type QueryLimits, type TelemetryReader } from '@sightline/store/port';
import type {
  Answer,
  InstantQuery,
  MatrixSeries,
  MetricEngine,
  RangeQuery,
  VectorSample,
} from '../promql/metric-engine.ts';
import type { TemplateMemory } from '../patterns/new-patterns.ts';
import type { QueryFault } from '../promql/source.ts';

/** Telemetry as reads want it: rows by SQL, metrics by PromQL. */
export interface TelemetryReads extends TelemetryReader {
  readonly metrics: MetricEngine;
  /** What people decided about issues; absent where nobody decides: then every issue is open. */
  readonly issues?: (organisation: string) => Promise<IssueDecisions>;
  /** What people decided about feedback that was written in a range, milliseconds since the epoch; absent where nobody decides. */
  readonly feedback?: (organisation: string, fromMs: number, toMs: number) => Promise<FeedbackDecisions>;
  /** Templates of log lines that are known; absent where nothing is kept: then what the store holds tells what is known. */
  readonly templates?: TemplateMemory;
}

const kinds: Readonly<Record<QueryFault['kind'], StoreError['kind']>> = {
  bad_data: 'bug',
  execution: 'too-many-rows',
  timeout: 'timeout',
  canceled: 'cancelled',
  unavailable: 'unavailable',
  internal: 'bug',
};

/** The value of an answer; a fault is thrown as the store's own, so that reads of rows and of metrics fail alike. */
export function valueOrThrow<T>(answered: Result<T, QueryFault>): T {
  if (answered.ok) return answered.value;
  throw new StoreError(kinds[answered.error.kind], answered.error.message);
}

function boundsOf(limits: QueryLimits): Pick<InstantQuery, 'bounds' | 'signal'> {
  return {
    ...(limits.timeoutMs === undefined ? {} : { bounds: { timeoutMs: limits.timeoutMs } }),
    ...(limits.signal === undefined ? {} : { signal: limits.signal }),
  };
}

/** The instant vector of an expression. Throws `StoreError`. */
export async function readVector(
  reads: TelemetryReads,
  query: Omit<InstantQuery, 'bounds' | 'signal'>,
  limits: QueryLimits,
): Promise<readonly VectorSample[]> {
  const { value } = valueOrThrow<Answer>(await reads.metrics.instant({ ...query, ...boundsOf(limits) }));
  if (value.type !== 'vector') throw new Error(`a vector was expected of ${query.expression}, came: ${value.type}`);
  return value.samples;
}

/** The series of an expression over a grid. Throws `StoreError`. */
export async function readMatrix(
  reads: TelemetryReads,
  query: Omit<RangeQuery, 'bounds' | 'signal'>,
  limits: QueryLimits,
): Promise<readonly MatrixSeries[]> {
  const { value } = valueOrThrow<Answer>(await reads.metrics.range({ ...query, ...boundsOf(limits) }));
  if (value.type !== 'matrix') throw new Error(`a matrix was expected of ${query.expression}, came: ${value.type}`);
  return value.series;
}

/** A text as a string of PromQL. */
export const quoted = (text: string): string => JSON.stringify(text);

const plainName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** A label's name as it stands in a matcher or a grouping. */
export const labelName = (name: string): string => (plainName.test(name) ? name : quoted(name));

/** A selector of one metric: `{__name__="x",site="y"}`. */
export function selectorOf(metric: string, labels: Readonly<Record<string, string>> = {}): string {
  const equals = Object.entries(labels).map(([name, value]) => `${labelName(name)}=${quoted(value)}`);
  return `{${[`__name__=${quoted(metric)}`, ...equals].join(',')}}`;
}

/** PromQL's milliseconds. */
export const range = (ms: number): string => `${Math.max(1, Math.round(ms))}ms`;

/** The name that a label or metric of OpenTelemetry has in PromQL where it has characters that Prometheus' names have not. */
export const underscored = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_:]/g, '_');

/** The first of some labels that is set, each under its own name or as Prometheus writes it. */
export function firstLabel(labels: Readonly<Record<string, string>>, names: readonly string[]): string {
  for (const name of names) {
    const value = labels[name] ?? labels[underscored(name)];
    if (value !== undefined && value !== '') return value;
  }
  return '';
}

/** A text as a regular expression (RE2) that matches it alone. */
export const literalExpression = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

const suffixes = '(_(ratio|percent|seconds|milliseconds|bytes|USD|dollars|celsius|hertz))?(_total)?';
/**
 * A matcher's value (anchored RE2) for a metric as people name it: Prometheus' name as it is; an OpenTelemetry name with dots also as the
 * translation to Prometheus writes it, with its unit and `_total`.
 */
export function nameExpression(name: string): string {
  if (plainName.test(name)) return name;
  return `${literalExpression(name)}|${underscored(name)}${suffixes}`;
}
