import type { Grid, Labels, ScanRequest, ScanResult, SeriesSource } from '../source.ts';
import { Annotations } from './annotations.ts';
import type { QueryLimits } from './limits.ts';
import type { VectorSeries } from './values.ts';

/** What all nodes of one evaluation share. */
export interface EvaluationOptions {
  readonly source: SeriesSource;
  /** The query as it was written. */
  readonly text: string;
  readonly limits: QueryLimits;
  readonly lookbackMs: number;
  /** Resolution of subqueries that name none. */
  readonly subqueryStepMs: number;
  /** True for an instant query, whose vector keeps the order that `sort` and `topk` gave it. */
  readonly instant: boolean;
  /** Samples of a range vector as an answer hold staleness marks. */
  readonly staleMarks: boolean;
}

/** Reads of one query, each once however often it stands there, and what is to be said at the end. */
export class Evaluation {
  readonly options: EvaluationOptions;
  readonly limits: QueryLimits;
  readonly annotations = new Annotations();
  readonly #scans = new Map<string, Promise<ScanResult>>();

  constructor(options: EvaluationOptions) {
    this.options = options;
    this.limits = options.limits;
  }

  /** The answer to a scan; the same request is sent once. */
  scan(request: ScanRequest): Promise<ScanResult> {
    if (request.kernel.parameters.some((parameter) => typeof parameter !== 'number')) return this.#send(request);
    // Numbers that JSON does not know would all look the same.
    const key = JSON.stringify(request, (_name, value: unknown) => (typeof value === 'number' ? String(value) : value));
    let sent = this.#scans.get(key);
    if (!sent) {
      sent = this.#send(request);
      // Whoever needs the answer meets the failure; a scan that was only sent ahead must not end the process.
      sent.catch(() => undefined);
      this.#scans.set(key, sent);
    }
    return sent;
  }

  async #send(request: ScanRequest): Promise<ScanResult> {
    this.limits.check();
    const result = await this.options.source.scan(request);
    this.limits.read(result.samples);
    return result;
  }
}

/** A vector's series in the making. */
export class SeriesBuilder {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  histograms?: VectorSeries['histograms'] & {};
  dropName: boolean;

  constructor(labels: Labels, steps: number, dropName = false) {
    this.labels = labels;
    this.values = new Float64Array(steps);
    this.present = new Uint8Array(steps);
    this.dropName = dropName;
  }
}

/** Time of a step, milliseconds. */
export function timeAt(grid: Grid, step: number): number {
  return grid.startMs + step * grid.stepMs;
}

/** A new series of the same steps: `of` gives the value where the old one is a float. Histograms are left out. */
export function mapFloats(
  { labels, values, present, histograms }: VectorSeries,
  of: (value: number, step: number) => number,
): VectorSeries {
  const steps = values.length;
  const result = new Float64Array(steps);
  const kept = histograms ? new Uint8Array(steps) : present;
  for (let step = 0; step < steps; step++) {
    if (present[step] === 0 || histograms?.[step]) continue;
    result[step] = of(values[step]!, step);
    kept[step] = 1;
  }
  return { labels, values: result, present: kept, dropName: true };
}

/** Series that have a value somewhere. */
export function nonEmpty(series: readonly VectorSeries[]): VectorSeries[] {
  return series.filter(({ present }) => present.includes(1));
}
