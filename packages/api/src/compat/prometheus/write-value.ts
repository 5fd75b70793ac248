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

/** `1435781451.781`: seconds, with milliseconds where there are any. */
export function timestampJson(ms: number): string {
  const size = Math.abs(ms);
  const fraction = size % 1000;
  const shown = `${Math.floor(size / 1000)}${fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}`}`;
  return ms < 0 ? `-${shown}` : shown;
}

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

const pieceSize = 64 * 1024;

/** The items of a JSON list, gathered into pieces of some tens of kilobytes. */
export function* listPieces<T>(items: Iterable<T>, show: (item: T) => string): Generator<string> {
  let piece = '[';
  let first = true;
  for (const item of items) {
    piece += (first ? '' : ',') + show(item);
    first = false;
    if (piece.length < pieceSize) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}]`;
}

/**
 * `{"resultType":…,"result":…}` in pieces: a result of a million points never stands in memory as one text. `more` are further
 * fields, with the comma before them.
 */
export function* valuePieces(value: QueryValue, more: string): Generator<string> {
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

function* matrixPieces(series: readonly MatrixSeries[]): Generator<string> {
  // Series of one answer share their times: each is written once.
  const stamps = new Stamps();
  const writer = new LabelWriter();
  let piece = '[';
  for (const [at, { labels, floats, histograms }] of series.entries()) {
    piece += `${at === 0 ? '' : ','}{"metric":${writer.json(labels)}`;
    const count = floats.times.length;
    let shown: readonly string[] = [];
    for (let point = 0; point < count; point++) {
      if (point % shownTogether === 0) shown = showAll(floats.values.subarray(point, point + shownTogether));
      piece += point === 0 ? ',"values":[' : ',';
      piece += `[${stamps.at(point, floats.times[point] ?? 0)},"${shown[point % shownTogether] ?? ''}"]`;
      if (piece.length < pieceSize) continue;
      yield piece;
      piece = '';
    }
    if (count > 0) piece += ']';
    for (const [point, { atMs, histogram }] of histograms.entries()) {
      piece += `${point === 0 ? ',"histograms":[' : ','}[${timestampJson(atMs)},${histogramJson(histogram)}]`;
      if (piece.length < pieceSize) continue;
      yield piece;
      piece = '';
    }
    piece += histograms.length > 0 ? ']}' : '}';
    if (piece.length < pieceSize) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}]`;
}

const shownTogether = 512;

/** Values as `showSampleValue` shows them: JSON's digits are the same and half as dear, but for the very small, the very large and no numbers. */
function showAll(values: Float64Array): string[] {
  const texts = JSON.stringify([...values])
    .slice(1, -1)
    .split(',');
  for (const [i, value] of values.entries()) {
    const size = Math.abs(value);
    if (!(size >= 1e-6 && size < 1e21)) texts[i] = showSampleValue(value);
  }
  return texts;
}

class Stamps {
  private readonly times: number[] = [];
  private readonly texts: string[] = [];

  at(index: number, time: number): string {
    const known = this.texts[index];
    if (known !== undefined && this.times[index] === time) return known;
    const text = timestampJson(time);
    if (index <= 11_000) {
      this.times[index] = time;
      this.texts[index] = text;
    }
    return text;
  }
}
