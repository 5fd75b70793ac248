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
  /** Whether a line without a time of its own came: only then the value is one of now. */
  live: boolean;
  /** What came with a time since the last flush: of a gauge the value, of a counter the growth, by milliseconds. */
  readonly timed: Map<number, number>;
  /** Of a counter, when it was told last and what it was then. */
  toldAtMs: number;
  toldValue: number;
  readonly histogram: GrowingHistogram | undefined;
  readonly members: Set<string>;
}

/** Series at a time; lines of further ones are refused. */
const seriesLimit = 50_000;
/** Moments of all series in one interval; lines of further ones are refused. */
const timedLimit = 100_000;
/** A count of a time up to which its counter was told already is counted now; where it is older than this it is refused. */
const lateCountMs = 300_000;
const dayMs = 86_400_000;
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
 * Lines of counts and gauges that tell their time (DogStatsD's `|T`) are kept at it, where that lies within what is kept (`keptMs`) and not more than a day ahead.
 */
export class StatsdAggregator {
  readonly #known = new Map<string, Known>();
  readonly #keptMs: number;
  #timed = 0;

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  get size(): number {
    return this.#known.size;
  }

  add(line: StatsdLine, nowMs: number): Result<undefined, RefusedLine> {
    const told = line.kind === 'counter' || line.kind === 'gauge' ? line.atMs : undefined;
    if (told !== undefined && told < nowMs - this.#keptMs)
      return fail({ reason: 'too-old', message: 'a time (|T) lies before what is kept' });
    if (told !== undefined && told > nowMs + dayMs)
      return fail({ reason: 'too-new', message: 'a time (|T) lies more than a day ahead' });
    const known = this.#seriesOf(line, nowMs);
    if (!known.ok) return known;
    const series = known.value;
    series.heardAtMs = nowMs;
    const atMs = told === undefined ? undefined : placeOf(series, told, nowMs);
    if (atMs === 'late')
      return fail({ reason: 'too-old', message: 'a count is of a time (|T) for which its counter was told already' });
    if (atMs !== undefined) return this.#addTimed(series, line, atMs);
    series.live = true;
    for (const value of line.values) {
      if (line.kind === 'counter') series.value += value * line.weight;
      else if (line.kind === 'gauge') series.value = value;
      else if (line.kind === 'gauge-change') series.value += value;
      else series.histogram?.observe(line.kind === 'timer' ? value / 1000 : value, line.weight);
    }
    for (const member of line.members) if (series.members.size < membersLimit) series.members.add(member);
    return ok(undefined);
  }

  #addTimed(series: Known, line: StatsdLine, atMs: number): Result<undefined, RefusedLine> {
    if (!series.timed.has(atMs)) {
      if (this.#timed >= timedLimit)
        return fail({ reason: 'rate-limited', message: `more than ${timedLimit} times (|T) in one interval` });
      this.#timed++;
    }
    for (const value of line.values) {
      if (line.kind === 'gauge') series.timed.set(atMs, value);
      else {
        series.timed.set(atMs, (series.timed.get(atMs) ?? 0) + value * line.weight);
        series.value += value * line.weight;
      }
    }
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
      known.timed.clear();
      known.toldAtMs = nowMs;
      known.toldValue = known.value;
    }
    this.#timed = 0;
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
      startMs: Math.min(nowMs, kind === 'counter' ? (line.atMs ?? nowMs) : nowMs),
      heardAtMs: nowMs,
      value: 0,
      live: false,
      timed: new Map(),
      toldAtMs: -Infinity,
      toldValue: 0,
      histogram: kind === 'histogram' ? new GrowingHistogram() : undefined,
      members: new Set(),
    };
    this.#known.set(key, made);
    return ok(made);
  }
}

/** Where a line of a time of its own belongs: at that time, now (undefined), or nowhere any more. */
function placeOf({ kind, toldAtMs }: Known, atMs: number, nowMs: number): number | 'late' | undefined {
  if (kind === 'gauge') return atMs;
  // A counter only grows: what it was told to be stands, so that growth of before is counted now.
  if (atMs > toldAtMs) return atMs < nowMs ? atMs : undefined;
  return nowMs - atMs <= lateCountMs ? undefined : 'late';
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
  if (kind === 'counter' || kind === 'gauge') return overTime(known, series('', known.value), nowMs, ended);
  if (!histogram) return [series('', members.size)];
  return [
    series('_count', histogram.count),
    series('_sum', histogram.sum),
    series('', histogram.count, { histograms: [histogram.native()] }),
  ];
}

/** The series with a sample for each moment that lines told, in order of time; a gauge that nobody told without a time has no value of now. */
function overTime(known: Known, series: ReceivedSeries, nowMs: number, ended: boolean): ReceivedSeries[] {
  if (known.timed.size === 0) return known.live || known.kind === 'counter' || ended ? [series] : [];
  let sum = known.toldValue;
  const timed = [...known.timed]
    .toSorted(([a], [b]) => a - b)
    .map(([atMs, value]) => [atMs, known.kind === 'gauge' ? value : (sum += value)] as const);
  const now = known.live || known.kind === 'counter' ? ([[nowMs, known.value]] as const) : [];
  const samples = [...timed.filter(([atMs]) => now.length === 0 || atMs !== nowMs), ...now].toSorted(
    ([a], [b]) => a - b,
  );
  return [
    {
      ...series,
      times: samples.map(([atMs]) => atMs),
      values: samples.map(([, value]) => value),
      ...(series.startTimes && { startTimes: samples.map(() => known.startMs) }),
    },
  ];
}
