/** One step from a record's names so far to the next name. */
interface Edge<P> {
  /** How a record writes this step. */
  readonly raw: Uint8Array;
  readonly to: Shape<P>;
}

const fieldsAtMost = 200;
const longestName = 200;
/** Names that objects keep in an order of their own, or that cannot be set as others are. */
const isSpecial = (name: string): boolean => /^(?:\d+|__proto__)$/.test(name);

/**
 * The names of a record's fields, in their order. Records of one program have the same names again and again: they share one shape, and what each field
 * stands for is worked out once for it.
 */
export class Shape<P> {
  readonly names: readonly string[];
  /** Put before the names within a nested object. */
  readonly prefix: string;
  /** False where a name comes twice or is out of the ordinary: such records are read the long way. */
  readonly isPlain: boolean;
  readonly depth: number;
  /** What a reader worked out of it. */
  plan: P | undefined;
  readonly #around: Shape<P> | undefined;
  readonly #edges = new Map<string, Edge<P>>();
  readonly #closed = new Map<Shape<P>, Shape<P>>();
  #last: Edge<P> | undefined;

  constructor(names: readonly string[] = [], isPlain = true, prefix = '', around?: Shape<P>) {
    this.names = names;
    this.isPlain = isPlain && names.length <= fieldsAtMost;
    this.prefix = prefix;
    this.#around = around;
    this.depth = around ? around.depth + 1 : 0;
  }

  /** The step that is written in `bytes` at `at`, if it is the one that was taken last from here. */
  guess(bytes: Uint8Array, at: number): Edge<P> | undefined {
    const edge = this.#last;
    if (!edge) return undefined;
    const { raw } = edge;
    for (let i = 0; i < raw.length; i++) if (raw[i] !== bytes[at + i]) return undefined;
    return edge;
  }

  /** The step that is written `raw`, where it is known. */
  find(raw: string): Shape<P> | undefined {
    const edge = this.#edges.get(raw);
    if (edge) this.#last = edge;
    return edge?.to;
  }

  /** Learns a step: to a field of this name, or into the nested object of this name. */
  learn(raw: string, name: string, opens: boolean): Shape<P> {
    const path = this.prefix + name;
    const isPlain = this.isPlain && !isSpecial(name) && name.length <= longestName && !this.names.includes(path);
    const to = opens
      ? new Shape<P>(this.names, isPlain, `${path}.`, this)
      : new Shape<P>([...this.names, path], isPlain, this.prefix, this.#around);
    this.#last = { raw: Buffer.from(raw), to };
    this.#edges.set(raw, this.#last);
    return to;
  }

  /** The shape behind the nested object's end. */
  close(): Shape<P> {
    const around = this.#around ?? this;
    let after = this.#closed.get(around);
    if (!after) {
      after = new Shape<P>(this.names, this.isPlain, around.prefix, around.#around);
      this.#closed.set(around, after);
    }
    return after;
  }
}

const shapesAtMost = 2000;

/** All shapes of one reader. Forgotten when there are too many, because clients make names up. */
export class Shapes<P> {
  root = new Shape<P>();
  #known = 0;

  /** The shape after this step, which is written `raw`. */
  step(from: Shape<P>, raw: string, name: string, opens = false): Shape<P> {
    const known = from.find(raw);
    if (known) return known;
    if (++this.#known > shapesAtMost) {
      this.#known = 0;
      // Those of the record that is being read live until its end.
      this.root = new Shape<P>();
    }
    return from.learn(raw, name, opens);
  }
}
