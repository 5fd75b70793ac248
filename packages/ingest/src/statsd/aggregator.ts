import { fail, ok, type Result } from '@sightline/base';
import { type MetricType, type ReceivedSeries, staleNaNBits } from '@sightline/record';
import { prometheusLabelName, prometheusMetricName } from '../metric-formats/prometheus-names.ts';
import { GrowingHistogram } from './growing-histogram.ts';
import type { RefusedLine, StatsdLine } from './read-line.ts';

/** What is known of one series between flushes. */
interface Known {
  readonly kind: 'counter' | 'gauge' | 'histogram' | 'set';
  /** Without `__name__`. */
  readonly labels: readonly string[];
  readonly name: string;
  readonly unit: string;
  readonly startMs: number;
  heardAtMs: number;
  value: number;
  readonly histogram: GrowingHistogram | undefined;
  readonly members: Set<string>;
}

/** Series at a time; lines of further ones are refused. */
const seriesLimit = 50_000;
/** Texts of one set in one interval; beyond, the count stands still. */
const membersLimit = 10_000;
/** A series that was not heard for so long is ended. */
const forgetAfterMs = 3_600_000;
const staleNaN = new DataView(new BigUint64Array([staleNaNBits]).buffer).getFloat64(0, true);
/** Labels that have a meaning of their own. */
const reserved: ReadonlySet<string> = new Set(['le', 'quantile', '__name__']);

/**
 * Adds lines up between flushes. Counters (`_total`) and histograms grow from their first line on; timers are seconds (`_seconds`);
 * timers, histograms and distributions are native histograms with `_count` and `_sum` beside them; a set is how many members one interval had.
 */
export class StatsdAggregator {
  readonly #known = new Map<string, Known>();

  get size(): number {
    return this.#known.size;
  }

  add(line: StatsdLine, nowMs: number): Result<undefined, RefusedLine> {
    const known = this.#seriesOf(line, nowMs);
    if (!known.ok) return known;
    const series = known.value;
    series.heardAtMs = nowMs;
    for (const value of line.values) {
      if (line.kind === 'counter') series.value += value * line.weight;
      else if (line.kind === 'gauge') series.value = value;
      else if (line.kind === 'gauge-change') series.value += value;
      else series.histogram?.observe(line.kind === 'timer' ? value / 1000 : value, line.weight);
    }
    for (const member of line.members) if (series.members.size < membersLimit) series.members.add(member);
    return ok(undefined);
  }

  /** All series as they stand, and marks for those that are not heard any more. */
  flush(nowMs: number): readonly ReceivedSeries[] {
    const series: ReceivedSeries[] = [];
    for (const [key, known] of this.#known) {
      const ended = nowMs - known.heardAtMs > forgetAfterMs;
      if (ended) this.#known.delete(key);
      series.push(...seriesOf(known, nowMs, ended));
      known.members.clear();
    }
    return series;
  }

  #seriesOf(line: StatsdLine, nowMs: number): Result<Known, RefusedLine> {
    const kind = line.kind === 'gauge-change' ? 'gauge' : line.kind === 'timer' ? 'histogram' : line.kind;
    const key = `${line.kind === 'timer' ? 'timer' : kind}\u0000${line.name}\u0000${line.tags.toSorted().join(',')}`;
    const known = this.#known.get(key);
    if (known) return ok(known);
    if (this.#known.size >= seriesLimit)
      return fail({ reason: 'rate-limited', message: `there are more than ${seriesLimit} series of StatsD` });
    const unit = line.kind === 'timer' ? 's' : '';
    const name = prometheusMetricName(line.name, unit, kind === 'counter' ? 'counter' : 'other');
    if (name === '') return fail({ reason: 'malformed', message: 'a line has no name of a metric' });
    const made: Known = {
      kind,
      name,
      labels: labelsOf(line.tags),
      unit: unit === 's' ? 'seconds' : '',
      startMs: nowMs,
      heardAtMs: nowMs,
      value: 0,
      histogram: kind === 'histogram' ? new GrowingHistogram() : undefined,
      members: new Set(),
    };
    this.#known.set(key, made);
    return ok(made);
  }
}

/** `key:value` as labels; a tag without a value is `true`. Of two with one name the first stands. */
function labelsOf(tags: readonly string[]): readonly string[] {
  const labels = new Map<string, string>([['job', 'statsd']]);
  for (const tag of tags) {
    const colon = tag.indexOf(':');
    const given = prometheusLabelName(colon < 0 ? tag : tag.slice(0, colon));
    const name = reserved.has(given) || given === 'job' ? `exported_${given}` : given;
    const value = colon < 0 ? 'true' : tag.slice(colon + 1);
    if (given !== '' && value !== '' && !labels.has(name)) labels.set(name, value);
  }
  return [...labels].flat();
}

const types: Readonly<Record<Known['kind'], MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  set: 'gauge',
};

function seriesOf(known: Known, nowMs: number, ended: boolean): ReceivedSeries[] {
  const { kind, name, labels, unit, startMs, histogram, members } = known;
  const grows = kind === 'counter' || kind === 'histogram';
  const series = (suffix: string, value: number, more: Partial<ReceivedSeries> = {}): ReceivedSeries => ({
    labels: ['__name__', name + suffix, ...labels],
    type: types[kind],
    unit,
    help: '',
    delta: false,
    times: [nowMs],
    values: [ended ? staleNaN : value],
    ...(ended && { stale: [0] }),
    ...(grows && { startTimes: [startMs] }),
    ...(ended ? {} : more),
  });
  if (!histogram) return [series('', kind === 'set' ? members.size : known.value)];
  return [
    series('_count', histogram.count),
    series('_sum', histogram.sum),
    series('', histogram.count, { histograms: [histogram.native()] }),
  ];
}
