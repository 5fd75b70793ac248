import { fail, ok, type Result } from '@sightline/base';
import type { Answer, BucketSpan, FloatHistogram, Labels, MatrixSeries, QueryValue } from '@sightline/query/promql';
import type { LoadedSeries, ScriptTarget } from '@sightline/query/promql/testing';

const visibleWithinMs = 30_000;

/**
 * promqltest scripts against a server: samples go in by remote write 1.0, questions to its HTTP API. Each script has an
 * organisation of its own, so the key must be one for any organisation. Remote write 1.0 carries no start times, and the API shows
 * native histograms by their buckets alone.
 */
export class ServerTarget implements ScriptTarget {
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
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
      },
      body: new Uint8Array(literalBlock(writeRequest(series))),
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

  instant(expression: string, atMs: number): Promise<Result<Answer, string>> {
    return this.#ask('query', { query: expression, time: String(atMs / 1000) });
  }

  range(expression: string, startMs: number, endMs: number, stepMs: number): Promise<Result<Answer, string>> {
    const [start, end, step] = [startMs, endMs, stepMs].map((ms) => String(ms / 1000));
    return this.#ask('query_range', { query: expression, start: start ?? '', end: end ?? '', step: step ?? '' });
  }

  #headers(): Record<string, string> {
    const organisation = `promqltest ${this.#run} ${this.#organisation}`;
    return { authorization: `Bearer ${this.#key}`, 'x-scope-orgid': organisation };
  }

  async #ask(call: string, form: Readonly<Record<string, string>>): Promise<Result<Answer, string>> {
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
interface ShownHistogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}
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
function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

function valueOf(shown: Shown): QueryValue {
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
          ...(histogram ? { histogram: histogramOf(histogram[1]) } : {}),
        })),
      };
    case 'matrix':
      return {
        type: 'matrix',
        series: shown.result.map(({ metric, values = [], histograms = [] }): MatrixSeries => ({
          labels: metric,
          floats: {
            times: Float64Array.from(values, ([at]) => ms(at)),
            values: Float64Array.from(values, ([, value]) => numberOf(value)),
          },
          histograms: histograms.map(([at, histogram]) => ({ atMs: ms(at), histogram: histogramOf(histogram) })),
        })),
      };
  }
}

/** What can be known again of a histogram by its buckets: schema and places by the bounds of exponential ones. */
function histogramOf({ count, sum, buckets = [] }: ShownHistogram): FloatHistogram {
  const sides = { positive: new Map<number, number>(), negative: new Map<number, number>() };
  let zero = { zeroThreshold: 0, zeroCount: 0 };
  let schema = 0;
  for (const [boundaries, low, high, held] of buckets) {
    const [lower, upper, inside] = [numberOf(low), numberOf(high), numberOf(held)];
    if (boundaries === 3) {
      zero = { zeroThreshold: upper, zeroCount: inside };
      continue;
    }
    const [near, far] = lower >= 0 ? [lower, upper] : [-upper, -lower];
    if (near > 0 && Number.isFinite(far)) schema = Math.round(-Math.log2(Math.log2(far / near)));
    const index = Math.round(Math.log2(far) * 2 ** schema);
    if (!Number.isFinite(index)) continue;
    (lower >= 0 ? sides.positive : sides.negative).set(index, inside);
  }
  const side = (held: ReadonlyMap<number, number>): [BucketSpan[], number[]] => {
    const indexes = [...held.keys()].sort((left, right) => left - right);
    let next = 0;
    const spans = indexes.map((index) => {
      const span = { offset: index - next, length: 1 };
      next = index + 1;
      return span;
    });
    return [spans, indexes.map((index) => held.get(index) ?? 0)];
  };
  const [positiveSpans, positiveBuckets] = side(sides.positive);
  const [negativeSpans, negativeBuckets] = side(sides.negative);
  return {
    counterResetHint: 0,
    schema,
    ...zero,
    count: numberOf(count),
    sum: numberOf(sum),
    positiveSpans,
    negativeSpans,
    positiveBuckets,
    negativeBuckets,
    customValues: [],
  };
}

function isStale(values: Float64Array, at: number): boolean {
  return new DataView(values.buffer, values.byteOffset).getBigUint64(at * 8, true) === 0x7ff0000000000002n;
}

/** https://prometheus.io/docs/specs/prw/remote_write_spec/: `prometheus.WriteRequest`. */
function writeRequest(all: readonly LoadedSeries[]): Buffer {
  return Buffer.concat(
    all.map(({ labels, columns }) => {
      const parts = Object.entries(labels).map(([name, value]) =>
        field(1, Buffer.concat([text(1, name), text(2, value)])),
      );
      for (let i = 0; i < columns.count; i++) {
        const at = BigInt(columns.times[i] ?? 0);
        const histogram = columns.histograms?.[i];
        if (histogram && !isStale(columns.values, i)) {
          parts.push(field(4, Buffer.concat([encodeHistogram(histogram), varintField(15, at)])));
          continue;
        }
        // The bits of the value as they are: a stale mark is a NaN of its own.
        const bits = Buffer.from(columns.values.buffer, columns.values.byteOffset + i * 8, 8);
        parts.push(field(2, Buffer.concat([Buffer.from([9]), bits, varintField(2, at)])));
      }
      return field(1, Buffer.concat(parts));
    }),
  );
}

function encodeHistogram(histogram: FloatHistogram): Buffer {
  const zigzag = (value: number): bigint => BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const spans = (at: number, list: readonly BucketSpan[]): Buffer[] =>
    list.map(({ offset, length }) =>
      field(at, Buffer.concat([varintField(1, zigzag(offset)), varintField(2, BigInt(length))])),
    );
  const counts = (at: number, list: readonly number[]): Buffer =>
    list.length === 0 ? Buffer.alloc(0) : field(at, Buffer.concat(list.map(double)));
  return Buffer.concat([
    doubleField(2, histogram.count),
    doubleField(3, histogram.sum),
    varintField(4, zigzag(histogram.schema)),
    doubleField(5, histogram.zeroThreshold),
    doubleField(7, histogram.zeroCount),
    ...spans(8, histogram.negativeSpans),
    counts(10, histogram.negativeBuckets),
    ...spans(11, histogram.positiveSpans),
    counts(13, histogram.positiveBuckets),
    varintField(14, BigInt(histogram.counterResetHint)),
    counts(16, histogram.customValues),
  ]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
const varintField = (at: number, value: bigint): Buffer => Buffer.concat([varint(BigInt(at * 8)), varint(value)]);
const field = (at: number, bytes: Buffer): Buffer =>
  Buffer.concat([varint(BigInt(at * 8 + 2)), varint(BigInt(bytes.length)), bytes]);
const text = (at: number, value: string): Buffer => field(at, Buffer.from(value));
function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
const doubleField = (at: number, value: number): Buffer => Buffer.concat([varint(BigInt(at * 8 + 1)), double(value)]);

/** A snappy block of literals: every reader takes it. */
function literalBlock(bytes: Buffer): Buffer {
  const parts = [varint(BigInt(bytes.length))];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const literal = bytes.subarray(at, at + 65_536);
    parts.push(Buffer.from([61 << 2, (literal.length - 1) & 255, (literal.length - 1) >>> 8]), literal);
  }
  return Buffer.concat(parts);
}
