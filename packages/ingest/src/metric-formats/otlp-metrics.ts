import {
  noPromotion,
  staleNaNBits,
  type MetricType,
  type ReceivedExemplar,
  type ReceivedSeries,
  type ResourcePromotion,
} from '@sightline/record';
import { ProtobufReader } from '../protobuf-reader.ts';
import type { Refusal } from '../protocol.ts';
import type { DecodedMetrics, MetricFrame } from './decoded-metrics.ts';
import { isNativeScale, nativeHistogram } from './exponential.ts';
import { labelOf, type LabelPairs, labelsLimit, setLabel } from './otlp-attributes.ts';
import { type DataPoint, type PointKind, readPoint } from './otlp-points.ts';
import { placeResource, readResource, type ResourceLabels, siteAttributes, targetInfoSeries } from './otlp-resource.ts';
import { type NamedAs, prometheusLabelName, prometheusMetricName, prometheusUnit } from './prometheus-names.ts';

/** A metric's own fields, and where its data points lie. */
interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  readonly type: MetricType;
  readonly delta: boolean;
  readonly kind: PointKind;
}

/** One decoding under way. */
interface Decoding {
  readonly frame: MetricFrame;
  readonly promotion: ResourcePromotion;
  readonly skewMs: number;
  /** The time of points that name none. */
  readonly fallbackMs: number;
  readonly series: ReceivedSeries[];
  readonly refused: Map<string, Refusal>;
  resource: ResourceLabels;
  earliestMs: number;
  latestMs: number;
}

const staleNaN = ((): number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, staleNaNBits);
  return view.getFloat64(0);
})();

/**
 * An `ExportMetricsServiceRequest` as series of Prometheus
 * (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#otlp-metric-points-to-prometheus): names with unit
 * and `_total`, `job` and `instance`, `target_info`, histograms as `_bucket`, `_sum` and `_count`, exponential ones as native histograms.
 * What `promotion` names of a resource stands on all its series. Labels are neither scrubbed nor limited. Any bytes are safe to pass: what is malformed is refused, the rest is kept.
 */
export function decodeOtlpMetrics(frame: MetricFrame, promotion = noPromotion): DecodedMetrics {
  const decoding: Decoding = {
    frame,
    promotion,
    skewMs: frame.origin?.skewMs ?? 0,
    fallbackMs: frame.origin?.keptAtMs ?? frame.receivedAtMs,
    series: [],
    refused: new Map(),
    resource: { identity: [], promoted: [], forcedSite: undefined, targetInfo: undefined },
    earliestMs: 0,
    latestMs: 0,
  };
  const request = new ProtobufReader(frame.bytes);
  while (request.next()) if (request.is(1, 2)) readResourceMetrics(request.message(), request.message(), decoding);
  if (request.bad) refuse(decoding, 'malformed', 'the request is cut or malformed');
  return { series: decoding.series, refused: [...decoding.refused.values()] };
}

function refuse({ refused }: Decoding, reason: Refusal['reason'], message: string): void {
  const records = (refused.get(message)?.records ?? 0) + 1;
  refused.set(message, { signal: 'metrics', reason, records, message });
}

/** Two readers, because the resource may stand behind its metrics. */
function readResourceMetrics(ahead: ProtobufReader, reader: ProtobufReader, decoding: Decoding): void {
  let resource: ProtobufReader | undefined;
  while (ahead.next()) if (ahead.is(1, 2)) resource = ahead.message();
  decoding.resource = readResource(resource, decoding.frame, decoding.promotion);
  decoding.earliestMs = Infinity;
  decoding.latestMs = -Infinity;
  while (reader.next()) {
    if (!reader.is(2, 2)) continue;
    const scope = reader.message();
    while (scope.next()) if (scope.is(2, 2)) readMetric(scope.message(), decoding);
    if (scope.bad) reader.bad = true;
  }
  if (reader.bad || resource?.bad) refuse(decoding, 'malformed', 'metrics of a resource are cut or malformed');
  const { targetInfo } = decoding.resource;
  if (targetInfo && decoding.earliestMs <= decoding.latestMs)
    decoding.series.push(targetInfoSeries(targetInfo, decoding.earliestMs, decoding.latestMs));
}

const kinds: ReadonlyMap<number, { readonly kind: PointKind; readonly type: MetricType }> = new Map([
  [5, { kind: 'number', type: 'gauge' }],
  [7, { kind: 'number', type: 'counter' }],
  [9, { kind: 'histogram', type: 'histogram' }],
  [10, { kind: 'exponential', type: 'histogram' }],
  [11, { kind: 'summary', type: 'summary' }],
]);

function readMetric(reader: ProtobufReader, decoding: Decoding): void {
  let [name, help, unit] = ['', '', ''];
  let data: { readonly field: number; readonly reader: () => ProtobufReader } | undefined;
  while (reader.next()) {
    if (reader.is(1, 2)) name = reader.text();
    else if (reader.is(2, 2)) help = reader.text();
    else if (reader.is(3, 2)) unit = reader.text();
    else if (kinds.has(reader.field) && reader.is(reader.field, 2)) {
      const { bytes, start, end, field } = reader;
      data = { field, reader: () => new ProtobufReader(bytes, start, end) };
    }
  }
  const known = data && kinds.get(data.field);
  if (!data || !known) {
    if (reader.bad) refuse(decoding, 'malformed', 'a metric is cut or malformed');
    return;
  }
  const { delta, monotonic } = readAggregation(data.reader(), data.field === 7);
  const type = data.field === 7 && !monotonic ? 'gauge' : known.type;
  const as: NamedAs = type === 'counter' ? 'counter' : data.field === 5 ? 'gauge' : 'other';
  const metric: Metric = {
    name: prometheusMetricName(name, unit, as),
    unit: prometheusUnit(unit),
    help,
    type,
    delta: delta && data.field !== 5 && data.field !== 11,
    kind: known.kind,
  };
  const points = data.reader();
  while (points.next()) {
    if (!points.is(1, 2)) continue;
    const point = readPoint(points.message(), metric.kind);
    if (!point) refuse(decoding, 'malformed', 'a data point is malformed');
    else if (metric.name === '') refuse(decoding, 'malformed', `"${name.slice(0, 100)}" is no metric name`);
    else addPoint(metric, point, decoding);
  }
  if (points.bad) refuse(decoding, 'malformed', 'a metric is cut or malformed');
}

/** Both stand behind the points. */
function readAggregation(reader: ProtobufReader, isSum: boolean): { delta: boolean; monotonic: boolean } {
  let [delta, monotonic] = [false, false];
  while (reader.next()) {
    if (reader.field === 2 && reader.wire === 0) delta = reader.bytes[reader.start] === 1;
    else if (isSum && reader.field === 3 && reader.wire === 0) monotonic = reader.bytes[reader.start] !== 0;
  }
  return { delta, monotonic };
}

const siteLabels = siteAttributes.map(prometheusLabelName);

function addPoint(metric: Metric, point: DataPoint, decoding: Decoding): void {
  const { resource, skewMs, fallbackMs } = decoding;
  const atMs = point.atMs === 0 ? fallbackMs : point.atMs - skewMs;
  const startMs = point.startMs === 0 ? 0 : point.startMs - skewMs;
  const { labels } = point;
  if (labels.length > 2 * labelsLimit) {
    refuse(decoding, 'too-large', `a data point has more than ${labelsLimit} attributes`);
    return;
  }
  placeResource(labels, resource);
  if (resource.forcedSite === undefined && labelOf(labels, 'site') === '') {
    const named = siteLabels.find((name) => labelOf(labels, name) !== '');
    if (named !== undefined) setLabel(labels, 'site', labelOf(labels, named));
  }
  if (metric.kind === 'exponential' && !isNativeScale(point.scale)) {
    refuse(decoding, 'unsupported-type', 'exponential histograms need a scale of -4 or more');
    return;
  }
  decoding.earliestMs = Math.min(decoding.earliestMs, atMs);
  decoding.latestMs = Math.max(decoding.latestMs, atMs);
  const exemplars =
    point.exemplars.length === 0
      ? point.exemplars
      : point.exemplars.map((one) => ({ ...one, atMs: one.atMs === 0 ? atMs : one.atMs - skewMs }));
  const times = { atMs, startMs, stale: point.noRecordedValue };
  const add = new Adding(metric, times, decoding.series);
  if (metric.kind === 'number') add.sample(named(labels, metric.name), point.value, exemplars);
  else if (metric.kind === 'exponential') add.histogram(named(labels, metric.name), point, exemplars);
  else if (metric.kind === 'summary') addSummary(add, metric.name, labels, point);
  else addClassic(add, metric.name, labels, point, exemplars);
}

function named(labels: LabelPairs, name: string, extra?: string, value = ''): string[] {
  const whole = [...labels];
  if (extra !== undefined) setLabel(whole, extra, value);
  whole.push('__name__', name);
  return whole;
}

/** Puts samples of one point where they belong. */
class Adding {
  readonly #metric: Metric;
  readonly #at: { readonly atMs: number; readonly startMs: number; readonly stale: boolean };
  readonly #series: ReceivedSeries[];

  constructor(metric: Metric, at: { atMs: number; startMs: number; stale: boolean }, series: ReceivedSeries[]) {
    this.#metric = metric;
    this.#at = at;
    this.#series = series;
  }

  sample(labels: string[], value: number, exemplars: readonly ReceivedExemplar[] = []): void {
    this.#push(labels, value, exemplars);
  }

  histogram(labels: string[], point: DataPoint, exemplars: readonly ReceivedExemplar[]): void {
    this.#push(labels, point.count, exemplars, this.#at.stale ? undefined : nativeHistogram(point));
  }

  #push(
    labels: string[],
    value: number,
    exemplars: readonly ReceivedExemplar[],
    histogram?: ReturnType<typeof nativeHistogram>,
  ): void {
    const { type, unit, help, delta } = this.#metric;
    const { atMs, startMs, stale } = this.#at;
    this.#series.push({
      labels,
      type,
      unit,
      help,
      delta,
      times: [atMs],
      values: [stale ? staleNaN : value],
      ...(stale && { stale: [0] }),
      ...(histogram && { histograms: [histogram] }),
      ...(startMs > 0 && { startTimes: [startMs] }),
      ...(exemplars.length > 0 && { exemplars }),
    });
  }
}

function addSummary(add: Adding, name: string, labels: LabelPairs, point: DataPoint): void {
  add.sample(named(labels, `${name}_sum`), point.sum);
  add.sample(named(labels, `${name}_count`), point.count);
  for (const [quantile, value] of point.quantiles)
    add.sample(named(labels, name, 'quantile', numberText(quantile)), value);
}

/** Buckets add up; an exemplar stands with the first bucket that holds it. */
function addClassic(
  add: Adding,
  name: string,
  labels: LabelPairs,
  point: DataPoint,
  exemplars: readonly ReceivedExemplar[],
): void {
  if (point.hasSum) add.sample(named(labels, `${name}_sum`), point.sum);
  add.sample(named(labels, `${name}_count`), point.count);
  let sum = 0;
  let below = -Infinity;
  for (const [n, bound] of point.bounds.entries()) {
    if (n >= point.bucketCounts.length || bound === Infinity) break;
    sum += point.bucketCounts[n] ?? 0;
    const inside = exemplars.filter(({ value }) => value <= bound && value > below);
    add.sample(named(labels, `${name}_bucket`, 'le', numberText(bound)), sum, inside);
    below = bound;
  }
  const above = exemplars.filter(({ value }) => !(value <= below));
  add.sample(named(labels, `${name}_bucket`, 'le', '+Inf'), point.count, above);
}

/** A bound as Go writes it: never with an exponent. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
  const [digits = '', exponent] = String(Math.abs(value)).split('e');
  const sign = value < 0 ? '-' : '';
  if (exponent === undefined) return sign + digits;
  const [whole = '', fraction = ''] = digits.split('.');
  const shift = Number(exponent);
  return shift > 0
    ? sign + whole + fraction.padEnd(shift, '0')
    : `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}`;
}
