import { type Shape, Shapes } from './shape.ts';

/** What a field's value is, and where. */
export const valueKinds = { text: 0, textAside: 1, integer: 2, fraction: 3, yes: 4, no: 5 } as const;
export type ValueKind = (typeof valueKinds)[keyof typeof valueKinds];

const room = 256;
const asideBytes = 256 * 1024;

/**
 * The fields of one record, where they lie in the bytes that it came in: nothing is copied, and no object is made for a record. Used again for the
 * next one. Texts that are not written as they are lie aside, decoded.
 */
export class FlatFields<P> {
  readonly shapes = new Shapes<P>();
  shape: Shape<P> = this.shapes.root;
  bytes: Uint8Array = Buffer.alloc(0);
  readonly aside = Buffer.allocUnsafeSlow(asideBytes);
  readonly kinds = new Uint8Array(room);
  readonly starts = new Uint32Array(room);
  readonly ends = new Uint32Array(room);
  readonly numbers = new Float64Array(room);
  #asideUsed = 0;

  /** Begins a record within `bytes`. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.shape = this.shapes.root;
    this.#asideUsed = 0;
  }

  get count(): number {
    return this.shape.names.length;
  }

  /** Goes to the field of this name; its value is set next, at `count - 1`. */
  name(raw: string, name: string): void {
    this.shape = this.shapes.step(this.shape, raw, name);
  }

  /** Sets a field's value to a part of the bytes. */
  setText(field: number, start: number, end: number): void {
    this.kinds[field] = valueKinds.text;
    this.starts[field] = start;
    this.ends[field] = end;
  }

  /** Sets a field's value to a text of its own; false where there is no room for it. */
  setAside(field: number, text: string): boolean {
    const at = this.#asideUsed;
    if (at + text.length * 3 > asideBytes) return false;
    this.#asideUsed += this.aside.write(text, at);
    this.kinds[field] = valueKinds.textAside;
    this.starts[field] = at;
    this.ends[field] = this.#asideUsed;
    return true;
  }

  /** Sets a field's value to a number that is not below 0. */
  setNumber(field: number, value: number): void {
    this.kinds[field] = Number.isSafeInteger(value) ? valueKinds.integer : valueKinds.fraction;
    this.numbers[field] = value;
  }

  setBoolean(field: number, value: boolean): void {
    this.kinds[field] = value ? valueKinds.yes : valueKinds.no;
  }

  isText(field: number): boolean {
    return (this.kinds[field] ?? valueKinds.no) <= valueKinds.textAside;
  }

  /** The bytes in which a text lies. */
  sourceOf(field: number): Uint8Array {
    return this.kinds[field] === valueKinds.textAside ? this.aside : this.bytes;
  }

  /** Bytes of a text. */
  lengthOf(field: number): number {
    return (this.ends[field] ?? 0) - (this.starts[field] ?? 0);
  }

  /** A text as a string. */
  text(field: number): string {
    const source = this.sourceOf(field);
    const { buffer, byteOffset } = source;
    const [start, length] = [byteOffset + (this.starts[field] ?? 0), this.lengthOf(field)];
    return Buffer.from(buffer, start, length).toString('utf8');
  }
}
