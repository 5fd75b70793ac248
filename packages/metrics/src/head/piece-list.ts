import type { HeadPieces } from '../selection.ts';
import type { ChunkPlace } from './sample-slab.ts';

const placeWords = 4;

/** Gathers where the pieces of a selection lie. */
export class PieceList {
  /** The series that pieces are of from now on. */
  series = 0;
  count = 0;
  /** True once a piece of the slab is among them. */
  leased = false;
  #series = new Uint32Array(256);
  #places = new Uint32Array(256 * placeWords);
  readonly #pages: (SharedArrayBuffer | Uint8Array)[] = [];
  readonly #numbers = new Map<SharedArrayBuffer, number>();
  #page: SharedArrayBuffer | undefined;
  #number = 0;

  /** An encoded piece. */
  chunk({ memory, at, length }: ChunkPlace): void {
    this.#add(this.#of(memory), at, length, 0);
  }

  /** `length` samples of the slab: their times at `at`, their values `capacity` doubles behind. */
  open(memory: SharedArrayBuffer, at: number, length: number, capacity: number): void {
    this.#add(this.#of(memory), at, length, capacity);
    this.leased = true;
  }

  /** A piece that was encoded for this selection. */
  own(chunk: Uint8Array): void {
    this.#add(this.#pages.push(chunk) - 1, 0, chunk.length, 0);
  }

  /** Forgets all pieces from number `count` on. */
  rewind(count: number): void {
    this.count = count;
  }

  finish(): HeadPieces {
    return {
      series: this.#series.slice(0, this.count),
      places: this.#places.slice(0, this.count * placeWords),
      pages: this.#pages,
    };
  }

  #of(memory: SharedArrayBuffer): number {
    if (memory === this.#page) return this.#number;
    let number = this.#numbers.get(memory);
    if (number === undefined) {
      number = this.#pages.push(memory) - 1;
      this.#numbers.set(memory, number);
    }
    this.#page = memory;
    this.#number = number;
    return number;
  }

  #add(page: number, at: number, length: number, capacity: number): void {
    if (this.count === this.#series.length) {
      const [series, places] = [new Uint32Array(2 * this.count), new Uint32Array(2 * this.count * placeWords)];
      series.set(this.#series);
      places.set(this.#places);
      [this.#series, this.#places] = [series, places];
    }
    this.#series[this.count] = this.series;
    const word = this.count++ * placeWords;
    this.#places[word] = page;
    this.#places[word + 1] = at;
    this.#places[word + 2] = length;
    this.#places[word + 3] = capacity;
  }
}
