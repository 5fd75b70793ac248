import { fail, type Result } from '@sightline/base';
import { evaluatePromql, type EvaluateOptions } from '../evaluate/evaluate-promql.ts';
import type { Answer } from '../metric-engine.ts';
import { parsePromql } from '../parse/parse.ts';
import { wholeHistograms } from '../promqltest/compare-answer.ts';
import type { LoadedSeries } from '../promqltest/load-series.ts';
import type { ScriptTarget } from '../promqltest/run-script.ts';
import { labelKey } from '../promqltest/parse-eval.ts';
import type { Labels, SampleColumns } from '../source.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { writeStale } from '../kernels/columns.ts';
import { InMemorySource } from './in-memory-source.ts';

/** promqltest scripts against the evaluator over samples in memory. */
export class InMemoryTarget implements ScriptTarget<FloatHistogram> {
  readonly histograms = wholeHistograms;
  readonly source = new InMemorySource();

  async clear(): Promise<void> {
    this.source.series.length = 0;
    await Promise.resolve();
  }

  async load(series: readonly LoadedSeries[]): Promise<void> {
    for (const { labels, columns } of series) this.#add(labels, columns);
    await Promise.resolve();
  }

  /** What a rule made at a moment, and the series that ended there. */
  async loadSamples(
    samples: readonly { readonly labels: Labels; readonly value: number; readonly histogram?: FloatHistogram }[],
    ended: readonly Labels[],
    atMs: number,
  ): Promise<void> {
    await Promise.resolve();
    const times = Float64Array.of(atMs);
    for (const { labels, value, histogram } of samples)
      this.#add(labels, {
        count: 1,
        times,
        values: Float64Array.of(value),
        ...(histogram && { histograms: [histogram] }),
      });
    for (const labels of ended) {
      const values = new Float64Array(1);
      writeStale(values, 0);
      this.#add(labels, { count: 1, times, values });
    }
  }

  /** Later samples of a series that is there already. */
  #add(labels: Labels, more: SampleColumns): void {
    const key = labelKey(labels);
    const at = this.source.series.findIndex((known) => labelKey(known.labels) === key);
    const before = this.source.series[at];
    if (before === undefined) this.source.series.push({ labels, samples: more });
    else this.source.series[at] = { labels, samples: joined(before.samples, more) };
  }

  instant(expression: string, atMs: number): Promise<Result<Answer, string>> {
    return this.#evaluate({ text: expression, startMs: atMs, endMs: atMs, stepMs: 0 });
  }

  range(expression: string, startMs: number, endMs: number, stepMs: number): Promise<Result<Answer, string>> {
    return this.#evaluate({ text: expression, startMs, endMs, stepMs });
  }

  async #evaluate(options: EvaluateOptions): Promise<Result<Answer, string>> {
    const parsed = parsePromql(options.text);
    if (!parsed.ok) return fail(parsed.error.message);
    const answer = await evaluatePromql(parsed.value, options, this.source);
    return answer.ok ? answer : fail(answer.error.message);
  }
}

/** Samples of `more` that are later than all before, after them. */
function joined(before: SampleColumns, more: SampleColumns): SampleColumns {
  const lastMs = before.times[before.count - 1] ?? -Infinity;
  let from = 0;
  while (from < more.count && (more.times[from] ?? 0) <= lastMs) from++;
  const count = before.count + more.count - from;
  const merge = (first: Float64Array, second: Float64Array): Float64Array => {
    const merged = new Float64Array(count);
    merged.set(first.subarray(0, before.count));
    merged.set(second.subarray(from, more.count), before.count);
    return merged;
  };
  const none = (samples: SampleColumns): Float64Array => new Float64Array(samples.count);
  const histograms = Array.from({ length: count }, (_, i) =>
    i < before.count ? before.histograms?.[i] : more.histograms?.[i - before.count + from],
  );
  return {
    count,
    times: merge(before.times, more.times),
    values: merge(before.values, more.values),
    ...(before.histograms || more.histograms ? { histograms } : {}),
    ...(before.startTimes || more.startTimes
      ? { startTimes: merge(before.startTimes ?? none(before), more.startTimes ?? none(more)) }
      : {}),
  };
}
