/** A day of a series as the versions before chunks kept it, as what a client would send today. */
import { prometheusLabelName, prometheusMetricName } from '@sightline/ingest/metric-formats';
import type { MetricType, ReceivedSeries } from '@sightline/record';

/** One series' rows of `samples` in one day, with its row of `series`. */
export interface OldSeries {
  readonly metric: string;
  readonly service: string;
  /** `gauge`, `counter`, `updowncounter`, `histogram`, `summary` of OpenTelemetry; `counter`, `histogram`, `unknown` of remote write. */
  readonly type: string;
  readonly unit: string;
  /** 1 where values are growth since the sample before. */
  readonly temporality: number;
  readonly labels: Readonly<Record<string, string>>;
  /** In order, milliseconds. */
  readonly times: readonly number[];
  /** NaN where the client recorded no value. */
  readonly values: Float64Array;
}

const types: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  updowncounter: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
};
const validName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const suffixes = ['_bucket', '_count', '_sum'];

/** Under the name that Prometheus has for it: remote write's stays, OpenTelemetry's is made by its rules. */
function nameOf({ metric, type, unit }: OldSeries): string {
  if (unit === '' && validName.test(metric) && (type !== 'counter' || metric.endsWith('_total'))) return metric;
  const suffix = type === 'histogram' || type === 'summary' ? (suffixes.find((end) => metric.endsWith(end)) ?? '') : '';
  const as = type === 'counter' ? 'counter' : type === 'gauge' ? 'gauge' : 'other';
  return prometheusMetricName(metric.slice(0, metric.length - suffix.length), unit, as) + suffix;
}

/** Undefined where nothing is left of its name. Growth is added up from the day's start, which its samples say. */
export function seriesOf(old: OldSeries, dayStartMs: number): ReceivedSeries | undefined {
  const name = nameOf(old);
  if (name === '') return undefined;
  const labels = new Map([['__name__', name]]);
  for (const [key, value] of Object.entries(old.labels)) {
    const label = prometheusLabelName(key);
    if (label !== '' && label !== '__name__' && value !== '' && !labels.has(label)) labels.set(label, value);
  }
  // Series of OpenTelemetry have it as a label by now.
  if (name !== old.metric && old.service !== '' && !labels.has('service')) labels.set('service', old.service);
  const delta = old.temporality === 1;
  const stale: number[] = [];
  const values: number[] = [];
  let total = 0;
  for (const [i, value] of old.values.entries()) {
    if (Number.isNaN(value)) stale.push(i);
    else total += value;
    values.push(Number.isNaN(value) ? 0 : delta ? total : value);
  }
  return {
    labels: [...labels].flat(),
    type: types[old.type] ?? 'unknown',
    unit: '',
    help: '',
    delta: false,
    times: old.times,
    values,
    ...(stale.length > 0 ? { stale } : {}),
    ...(delta ? { startTimes: old.times.map(() => dayStartMs) } : {}),
  };
}
