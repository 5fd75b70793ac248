import * as layout from './layout.ts';
import { moduleOf } from './module.ts';
import { rateCode } from './rate-code.ts';
import { unpackCode } from './unpack-code.ts';

/** The part of https://webassembly.github.io/spec/js-api/ that is used here. */
interface WebAssemblyApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

type Unpack = (
  packed: number,
  width: number,
  from: number,
  to: number,
  into: number,
  start: number,
  base: number,
  scale: number,
) => number;
type Rate = (
  samples: number,
  count: number,
  firstMs: number,
  stepMs: number,
  steps: number,
  shift: number,
  row: number,
  rangeMs: number,
  seconds: number,
  counter: number,
) => number;

export interface Unpackers {
  readonly differences: Unpack;
  readonly offsets: Unpack;
}

interface Functions extends Unpackers {
  readonly rate: Rate;
  readonly addRate: Rate;
}

/** Memory of one thread with the functions that work on it: chunks are unpacked there, and rates computed, two to four numbers at a time. */
export class Vectors {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly functions: Functions;

  private constructor(memory: ArrayBuffer, functions: Functions) {
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.functions = functions;
  }

  /** Undefined where this machine or its settings do not have them: JavaScript does the same then. */
  static make(): Vectors | undefined {
    try {
      const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
      const memory = new WebAssembly.Memory({ initial: layout.memoryPages, maximum: layout.memoryPages });
      const module = new WebAssembly.Module(
        moduleOf([
          unpackCode('differences', true),
          unpackCode('offsets', false),
          rateCode('rate', false),
          rateCode('addRate', true),
        ]),
      );
      layout.writeSpreads(memory.buffer);
      const { exports } = new WebAssembly.Instance(module, { memory: { memory } });
      return new Vectors(memory.buffer, exports as Functions);
    } catch {
      return undefined;
    }
  }

  doubles(at: number, count: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.bytes.buffer, at, count);
  }
}

/** Lends a thread's vectors to one at a time; the others go without. */
export class VectorsLease {
  #free = Vectors.make();

  take(): Vectors | undefined {
    const vectors = this.#free;
    this.#free = undefined;
    return vectors;
  }

  giveBack(vectors: Vectors): void {
    this.#free = vectors;
  }
}
