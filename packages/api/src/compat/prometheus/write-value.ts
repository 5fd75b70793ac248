import {
  allBuckets,
  type FloatHistogram,
  type Labels,
  type MatrixSeries,
  type QueryValue,
  showSampleValue,
  sortedNames,
  type VectorSample,
} from '@sightline/query/promql';
import { BytePiece, pieceBytes, Stamps } from './byte-piece.ts';
import { timestampJson } from './timestamp-json.ts';

/** Labels in order of their names. */
export function labelsJson(labels: Labels): string {
  return new LabelWriter().json(labels);
}

/** Texts that are kept with their quotes; with more they are forgotten. */
const quotedTexts = 50_000;

/** Writes labels of many series: a text that many of them have is quoted once. */
class LabelWriter {
  readonly #quoted = new Map<string, string>();

  json(labels: Labels): string {
    let text = '{';
    for (const name of sortedNames(labels)) {
      text += `${text.length > 1 ? ',' : ''}${this.#quote(name)}:${this.#quote(labels[name] ?? '')}`;
    }
    return `${text}}`;
  }

  #quote(text: string): string {
    let quoted = this.#quoted.get(text);
    if (quoted === undefined) {
      quoted = JSON.stringify(text);
      if (this.#quoted.size >= quotedTexts) this.#quoted.clear();
      this.#quoted.set(text, quoted);
    }
    return quoted;
  }
}

/** `{count, sum, buckets: [[boundaries, lower, upper, count], …]}`; empty buckets are left out. */
export function histogramJson(histogram: FloatHistogram): string {
  const number = (value: number): string => `"${showSampleValue(value)}"`;
  const buckets = allBuckets(histogram)
    .filter(({ count }) => count !== 0)
    .map(({ lower, upper, lowerIncluded, upperIncluded, count }) => {
      const boundaries = lowerIncluded ? (upperIncluded ? 3 : 1) : upperIncluded ? 0 : 2;
      return `[${boundaries},${number(lower)},${number(upper)},${number(count)}]`;
    });
  const shown = buckets.length === 0 ? '' : `,"buckets":[${buckets.join(',')}]`;
  return `{"count":${number(histogram.count)},"sum":${number(histogram.sum)}${shown}}`;
}

/** The items of a JSON list, gathered into pieces of some tens of kilobytes. */
export function* listPieces<T>(items: Iterable<T>, show: (item: T) => string): Generator<string> {
  let piece = '[';
  let first = true;
  for (const item of items) {
    piece += (first ? '' : ',') + show(item);
    first = false;
    if (piece.length < pieceBytes) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}]`;
}

/**
 * `{"resultType":…,"result":…}` in pieces: a result of a million points never stands in memory as one text. `more` are further
 * fields, with the comma before them.
 */
export function* valuePieces(value: QueryValue, more: string): Generator<string | Uint8Array> {
  yield `{"resultType":"${value.type}","result":`;
  switch (value.type) {
    case 'scalar':
      yield `[${timestampJson(value.atMs)},"${showSampleValue(value.value)}"]`;
      break;
    case 'string':
      yield `[${timestampJson(value.atMs)},${JSON.stringify(value.value)}]`;
      break;
    case 'vector': {
      const at = timestampJson(value.atMs);
      const writer = new LabelWriter();
      yield* listPieces(value.samples, (sample) => sampleJson(sample, at, writer));
      break;
    }
    case 'matrix':
      yield* matrixPieces(value.series);
  }
  yield `${more}}`;
}

function sampleJson({ labels, value, histogram }: VectorSample, at: string, writer: LabelWriter): string {
  const shown = histogram
    ? `"histogram":[${at},${histogramJson(histogram)}]`
    : `"value":[${at},"${showSampleValue(value)}"]`;
  return `{"metric":${writer.json(labels)},${shown}}`;
}

/** Series after series, as bytes: a value is a few times cheaper so than as a text of its own that is joined with others. */
function* matrixPieces(series: readonly MatrixSeries[]): Generator<string | Uint8Array> {
  // Series of one answer share their times: each is written once.
  const stamps = new Stamps();
  const writer = new LabelWriter();
  const out = new BytePiece();
  out.text('[');
  for (const [at, { labels, floats, histograms }] of series.entries()) {
    out.text(`${at === 0 ? '' : ','}{"metric":${writer.json(labels)}`);
    const { times, values } = floats;
    if (values.length > 0) out.text(',"values":[');
    for (let point = 0; point < values.length;) {
      point = out.points(stamps, times, values, point);
      if (out.isFull) yield out.take();
    }
    if (values.length > 0) out.text(']');
    for (const [point, { atMs, histogram }] of histograms.entries()) {
      out.text(`${point === 0 ? ',"histograms":[' : ','}[${timestampJson(atMs)},${histogramJson(histogram)}]`);
      if (out.isFull) yield out.take();
    }
    out.text(histograms.length > 0 ? ']}' : '}');
    if (out.isFull) yield out.take();
  }
  out.text(']');
  yield out.take();
}
