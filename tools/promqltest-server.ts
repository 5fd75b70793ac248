import { fail, ok, type Result } from '@sightline/base';
import { writeRw2Request } from '@sightline/ingest/metric-formats';
import type { Answer, Labels, MatrixSeries, QueryValue } from '@sightline/query/promql';
import type { LoadedSeries, ScriptTarget } from '@sightline/query/promql/testing';
import type { ReceivedSeries } from '@sightline/record';
import { numberOf, type ShownHistogram, shownHistograms } from './promqltest-histograms.ts';

const visibleWithinMs = 30_000;

/**
 * promqltest scripts against a server: samples go in by remote write 2.0, start times with them, questions to its HTTP API. Each
 * script has an organisation of its own, so the key must be one for any organisation.
 */
export class ServerTarget implements ScriptTarget<ShownHistogram> {
  readonly histograms = shownHistograms;
  readonly #url: string;
  readonly #key: string;
  readonly #run = Date.now().toString(36);
  #organisation = 0;
  #samples = 0;
  #lastMs = 0;

  constructor(url: string, key: string) {
    this.#url = url.replace(/\/$/, '');
    this.#key = key;
  }

  async clear(): Promise<void> {
    this.#organisation += 1;
    this.#samples = 0;
    this.#lastMs = 0;
    await Promise.resolve();
  }

  /** Resolves once queries see the samples. */
  async load(series: readonly LoadedSeries[]): Promise<void> {
    const reply = await fetch(`${this.#url}/prometheus/api/v1/write`, {
      method: 'POST',
      headers: {
        ...this.#headers(),
        'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '2.0.0',
      },
      body: new Uint8Array(literalBlock(writeRw2Request(series.flatMap(receivedSeries)))),
    });
    if (!reply.ok) throw new Error(`remote write was answered ${reply.status}: ${await reply.text()}`);
    for (const { columns } of series) {
      for (let i = 0; i < columns.count; i++) {
        if (!isStale(columns.values, i)) this.#samples += 1;
        this.#lastMs = Math.max(this.#lastMs, columns.times[i] ?? 0);
      }
    }
    const counted = `sum(count_over_time({__name__=~".+"}[${this.#lastMs + 1000}ms]))`;
    const endMs = Date.now() + visibleWithinMs;
    for (;;) {
      const answer = await this.instant(counted, this.#lastMs);
      const value = answer.ok ? answer.value.value : undefined;
      const seen = value?.type === 'vector' ? (value.samples[0]?.value ?? 0) : 0;
      if (seen === this.#samples) return;
      if (Date.now() > endMs) {
        const what = answer.ok ? `${seen} are seen` : answer.error;
        process.stderr.write(`of ${this.#samples} samples that were sent, ${what} after ${visibleWithinMs} ms\n`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  instant(expression: string, atMs: number): Promise<Result<Answer<ShownHistogram>, string>> {
    return this.#ask('query', { query: expression, time: String(atMs / 1000) });
  }

  range(
    expression: string,
    startMs: number,
    endMs: number,
    stepMs: number,
  ): Promise<Result<Answer<ShownHistogram>, string>> {
    const [start, end, step] = [startMs, endMs, stepMs].map((ms) => String(ms / 1000));
    return this.#ask('query_range', { query: expression, start: start ?? '', end: end ?? '', step: step ?? '' });
  }

  #headers(): Record<string, string> {
    const organisation = `promqltest ${this.#run} ${this.#organisation}`;
    return { authorization: `Bearer ${this.#key}`, 'x-scope-orgid': organisation };
  }

  async #ask(call: string, form: Readonly<Record<string, string>>): Promise<Result<Answer<ShownHistogram>, string>> {
    const reply = await fetch(`${this.#url}/prometheus/api/v1/${call}`, {
      method: 'POST',
      headers: this.#headers(),
      body: new URLSearchParams(form),
    });
    const body = (await reply.json()) as Body;
    if (body.status === 'error') return fail(body.error.replace(/^invalid parameter "query": /, ''));
    const { data, warnings = [], infos = [] } = body;
    return ok({ value: valueOf(data), warnings, infos, samples: 0 });
  }
}

type Point = readonly [number, string];
type HistogramPoint = readonly [number, ShownHistogram];
type Shown =
  | { readonly resultType: 'scalar' | 'string'; readonly result: Point }
  | {
      readonly resultType: 'vector';
      readonly result: readonly {
        readonly metric: Labels;
        readonly value?: Point;
        readonly histogram?: HistogramPoint;
      }[];
    }
  | {
      readonly resultType: 'matrix';
      readonly result: readonly {
        readonly metric: Labels;
        readonly values?: readonly Point[];
        readonly histograms?: readonly HistogramPoint[];
      }[];
    };
type Body =
  | {
      readonly status: 'success';
      readonly data: Shown;
      readonly warnings?: readonly string[];
      readonly infos?: readonly string[];
    }
  | { readonly status: 'error'; readonly error: string };

const ms = (seconds: number): number => Math.round(seconds * 1000);
function valueOf(shown: Shown): QueryValue<ShownHistogram> {
  switch (shown.resultType) {
    case 'string':
      return { type: 'string', atMs: ms(shown.result[0]), value: shown.result[1] };
    case 'scalar':
      return { type: 'scalar', atMs: ms(shown.result[0]), value: numberOf(shown.result[1]) };
    case 'vector':
      return {
        type: 'vector',
        atMs: 0,
        samples: shown.result.map(({ metric, value, histogram }) => ({
          labels: metric,
          value: value ? numberOf(value[1]) : Number.NaN,
          ...(histogram ? { histogram: histogram[1] } : {}),
        })),
      };
    case 'matrix':
      return {
        type: 'matrix',
        series: shown.result.map(({ metric, values = [], histograms = [] }): MatrixSeries<ShownHistogram> => ({
          labels: metric,
          floats: {
            times: Float64Array.from(values, ([at]) => ms(at)),
            values: Float64Array.from(values, ([, value]) => numberOf(value)),
          },
          histograms: histograms.map(([at, histogram]) => ({ atMs: ms(at), histogram })),
        })),
      };
  }
}

function isStale(values: Float64Array, at: number): boolean {
  return new DataView(values.buffer, values.byteOffset).getBigUint64(at * 8, true) === 0x7ff0000000000002n;
}

/** Floats and histograms of a series apart, as the specification wants them. */
function receivedSeries({ labels, columns }: LoadedSeries): ReceivedSeries[] {
  const { count, times, values, histograms, startTimes } = columns;
  const all = Array.from({ length: count }, (_, i) => i);
  const isHistogram = (i: number): boolean => histograms?.[i] !== undefined && !isStale(values, i);
  return [all.filter((i) => !isHistogram(i)), all.filter(isHistogram)]
    .filter((places) => places.length > 0)
    .map((places) => ({
      labels: Object.entries(labels).flat(),
      type: 'unknown',
      unit: '',
      help: '',
      delta: false,
      times: places.map((i) => times[i] ?? 0),
      values: places.map((i) => values[i] ?? 0),
      stale: places.flatMap((i, at) => (isStale(values, i) ? [at] : [])),
      histograms: places.map((i) => (isHistogram(i) ? histograms?.[i] : undefined)),
      startTimes: places.map((i) => startTimes?.[i] ?? 0),
    }));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A snappy block of literals: every reader takes it. */
function literalBlock(bytes: Buffer): Buffer {
  const parts = [varint(bytes.length)];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const literal = bytes.subarray(at, at + 65_536);
    parts.push(Buffer.from([61 << 2, (literal.length - 1) & 255, (literal.length - 1) >>> 8]), literal);
  }
  return Buffer.concat(parts);
}
