import { fail, ok, type Result } from '@sightline/base';
import { type MetricType, type ReceivedSeries, staleNaNBits } from '@sightline/record';
import { type LabelMap, relabel } from '../config/relabel.ts';
import type { ScrapeJob } from '../config/scrape-job.ts';
import type { ExposedSample } from '../exposition/exposed.ts';

/** A series as it leaves us. */
interface FinalSeries {
  /** Tells series apart: its labels in order. */
  readonly key: string;
  readonly labels: readonly string[];
  /** Whether its end is marked: not where the target says its own times. */
  tracked: boolean;
}

export interface MadeSeries {
  readonly series: readonly ReceivedSeries[];
  /** Samples that the metric rules left. */
  readonly kept: number;
  /** Series that were not there before. */
  readonly added: number;
}

const staleNaN = new DataView(new BigUint64Array([staleNaNBits]).buffer).getFloat64(0, true);

/**
 * Makes series of a target's samples: its labels, the metric rules, the bounds, and marks for what vanished
 * (https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness). Remembers the series of the scrape before.
 */
export class SeriesMaker {
  readonly #job: ScrapeJob;
  readonly #targetLabels: ReadonlyMap<string, string>;
  /** By the label array that the parser hands out for the same text; undefined where the rules drop it. */
  #known = new Map<readonly string[], FinalSeries | undefined>();
  /** Series of the last good scrape. */
  #alive = new Map<string, FinalSeries>();

  constructor(job: ScrapeJob, targetLabels: ReadonlyMap<string, string>) {
    this.#job = job;
    this.#targetLabels = targetLabels;
  }

  /** Series by which another maker goes on: of the same target under a configuration that was read anew. */
  carryOn(before: SeriesMaker): void {
    this.#alive = before.#alive;
  }

  /** Refuses the whole scrape when a bound is broken; nothing is remembered of it then. */
  make(samples: readonly ExposedSample[], atMs: number): Result<MadeSeries, string> {
    const { limits, honorTimestamps, trackTimestampsStaleness } = this.#job;
    const known = new Map<readonly string[], FinalSeries | undefined>();
    const alive = new Map<string, FinalSeries>();
    const times = new Map<string, Set<number>>();
    const series: ReceivedSeries[] = [];
    let added = 0;
    for (const sample of samples) {
      const made = this.#known.has(sample.labels) ? this.#known.get(sample.labels) : this.#finalOf(sample.labels);
      if (typeof made === 'string') return fail(made);
      known.set(sample.labels, made);
      if (!made) continue;
      const own = honorTimestamps ? sample.atMs : undefined;
      const at = own ?? atMs;
      // The same series and time twice: the first one counts.
      const taken = times.get(made.key);
      if (taken?.has(at)) continue;
      if (taken) taken.add(at);
      else times.set(made.key, new Set([at]));
      if (series.length >= limits.samples) return fail(`it has more samples than sample_limit, ${limits.samples}`);
      if (!this.#alive.has(made.key) && !alive.has(made.key)) added++;
      made.tracked = own === undefined || trackTimestampsStaleness;
      alive.set(made.key, made);
      series.push(receivedOf(made.labels, sample, at));
    }
    const kept = series.length;
    for (const [key, before] of this.#alive)
      if (!alive.has(key) && before.tracked) series.push(staleSeries(before.labels, atMs));
    this.#known = known;
    this.#alive = alive;
    return ok({ series, kept, added });
  }

  /** Marks all series as ended: the target did not answer, or is gone. */
  end(atMs: number): readonly ReceivedSeries[] {
    const ended = [...this.#alive.values()].filter(({ tracked }) => tracked);
    this.#alive = new Map();
    return ended.map(({ labels }) => staleSeries(labels, atMs));
  }

  /** A series about the scrape itself; `value` undefined marks its end. */
  report(name: string, type: MetricType, value: number | undefined, atMs: number): ReceivedSeries {
    const labels = this.#sorted(new Map([...this.#targetLabels, ['__name__', name]]));
    if (value === undefined) return staleSeries(labels, atMs);
    return { labels, type, unit: '', help: '', delta: false, times: [atMs], values: [value] };
  }

  /** A text says which bound is broken. */
  #finalOf(exposed: readonly string[]): FinalSeries | undefined | string {
    const labels = this.#merge(exposed);
    if (!relabel(labels, this.#job.metricRelabelRules)) return undefined;
    if ((labels.get('__name__') ?? '') === '') return undefined;
    for (const name of labels.keys()) if (name.startsWith('__') && name !== '__name__') labels.delete(name);
    const { limits } = this.#job;
    if (labels.size > limits.labels) return `a series has more labels than label_limit, ${limits.labels}`;
    for (const [name, value] of labels) {
      if (name.length > limits.labelNameLength)
        return `a label's name is longer than label_name_length_limit, ${limits.labelNameLength}`;
      if (value.length > limits.labelValueLength)
        return `a label's value is longer than label_value_length_limit, ${limits.labelValueLength}`;
    }
    const sorted = this.#sorted(labels);
    return { key: sorted.join('\u0000'), labels: sorted, tracked: true };
  }

  /** The target's labels stand over the sample's, which move to `exported_…`; with `honor_labels` it is the other way round. */
  #merge(exposed: readonly string[]): LabelMap {
    const labels: LabelMap = new Map();
    for (let at = 0; at < exposed.length; at += 2) labels.set(exposed[at] ?? '', exposed[at + 1] ?? '');
    for (const [name, value] of this.#targetLabels) {
      const own = labels.get(name);
      if (own !== undefined && this.#job.honorLabels) continue;
      labels.set(name, value);
      if (own === undefined) continue;
      let moved = `exported_${name}`;
      while (labels.has(moved) || this.#targetLabels.has(moved)) moved = `exported_${moved}`;
      labels.set(moved, own);
    }
    return labels;
  }

  #sorted(labels: LabelMap): readonly string[] {
    for (const [name, value] of this.#job.externalLabels) if (!labels.has(name)) labels.set(name, value);
    return [...labels]
      .filter(([, value]) => value !== '')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flat();
  }
}

function receivedOf(labels: readonly string[], sample: ExposedSample, atMs: number): ReceivedSeries {
  const { family, value, histogram, exemplars, startMs } = sample;
  return {
    labels,
    type: family.type,
    unit: family.unit,
    help: family.help,
    delta: false,
    times: [atMs],
    values: [value],
    ...(histogram && { histograms: [histogram] }),
    ...(startMs !== undefined && { startTimes: [startMs] }),
    ...(exemplars && { exemplars: exemplars.map((one) => (one.atMs === 0 ? { ...one, atMs } : one)) }),
  };
}

function staleSeries(labels: readonly string[], atMs: number): ReceivedSeries {
  return { labels, type: 'unknown', unit: '', help: '', delta: false, times: [atMs], values: [staleNaN], stale: [0] };
}
