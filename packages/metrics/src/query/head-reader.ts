import { appendChunk } from '../chunk/chunk.ts';
import type { SampleBuffer } from '../chunk/sample-buffer.ts';
import type { HeadPieces } from '../selection.ts';

/** Reads the pieces of a selection where they lie. */
export class HeadReader {
  readonly #head: HeadPieces;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #bytes: readonly Uint8Array[];
  readonly #doubles: (Float64Array | undefined)[] = [];
  /** By series. */
  readonly #first: Int32Array;

  /** `count` series; of open pieces the samples later than `startMs` and up to `endMs` are taken. */
  constructor(head: HeadPieces, count: number, startMs: number, endMs: number) {
    this.#head = head;
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#bytes = head.pages.map((page) => (page instanceof Uint8Array ? page : new Uint8Array(page)));
    this.#first = new Int32Array(count).fill(-1);
    for (let p = head.series.length - 1; p >= 0; p--) this.#first[head.series[p] ?? 0] = p;
  }

  /** Number of a series' first piece; `isOf` is false of it when there is none. */
  first(series: number): number {
    return this.#first[series] ?? -1;
  }

  isOf(piece: number, series: number): boolean {
    return this.#head.series[piece] === series;
  }

  /** Appends a piece's samples. Returns undefined, or in a sentence what is wrong with its bytes. */
  append(piece: number, into: SampleBuffer): string | undefined {
    const { places } = this.#head;
    const page = places[4 * piece] ?? 0;
    const at = places[4 * piece + 1] ?? 0;
    const length = places[4 * piece + 2] ?? 0;
    const capacity = places[4 * piece + 3] ?? 0;
    const bytes = this.#bytes[page];
    if (!bytes) return 'A piece of the head has no page.';
    if (capacity === 0) return appendChunk(bytes.subarray(at, at + length), into);
    const doubles = (this.#doubles[page] ??= new Float64Array(bytes.buffer));
    const from = firstLater(doubles, at, at + length, this.#startMs);
    const end = firstLater(doubles, from, at + length, this.#endMs);
    into.appendFloats(doubles, from, from + capacity, end - from);
    return undefined;
  }
}

/** Of times in order, at `from` and on, the first later than `ms`; `to` when there is none. */
export function firstLater(times: Float64Array, from: number, to: number, ms: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}
