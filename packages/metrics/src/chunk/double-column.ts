/**
 * Doubles of full precision, bit by bit. The upper bits of neighbours are alike: they are replaced by a number into a dictionary
 * of at most eight (as ALP-RD does, https://dl.acm.org/doi/10.1145/3626717); the rest is packed as it is, less the zeros at its
 * end. Values that repeat the one before cost a bit.
 */
import { DamagedChunk, type ByteReader, type ByteWriter } from './bytes.ts';

const repeatsBit = 128;
const exceptionBits = 40;

let words = new Uint32Array(0);
let upper = new Float64Array(0);
let lower = new Float64Array(0);
let changed = new Float64Array(0);

interface Cut {
  /** Zeros at the end of the upper word that are left out. */
  readonly shift: number;
  /** Bits of the upper word that are packed as they are. */
  readonly packed: number;
  readonly dictionary: readonly number[];
  readonly codeBits: number;
}

/** Values that are looked at to choose where words are cut. */
const sampled = 64;

/** How often each left part occurs among the values 0, `every`, 2·`every` … */
function leftParts(count: number, every: number, bits: number): [left: number, times: number][] {
  const times = new Map<number, number>();
  for (let i = 0; i < count; i += every) {
    const left = leftOf(words[2 * i + 1] ?? 0, bits);
    times.set(left, (times.get(left) ?? 0) + 1);
  }
  return [...times].sort((a, b) => b[1] - a[1]);
}

function cutFor(count: number, shift: number): Cut {
  const every = Math.ceil(count / sampled);
  const looked = Math.ceil(count / every);
  let best: { packed: number; codeBits: number; bits: number } | undefined;
  for (let packed = 20 - shift; packed >= 0; packed--) {
    const common = leftParts(count, every, shift + packed);
    for (let codeBits = 0, known = 0, next = 0; codeBits <= 3; codeBits++) {
      for (; next < 2 ** codeBits && next < common.length; next++) known += common[next]?.[1] ?? 0;
      const bits = looked * (codeBits + packed) + (next * 24) / every + (looked - known) * exceptionBits;
      if (!best || bits < best.bits) best = { packed, codeBits, bits };
    }
    // Fewer packed bits mean more kinds of upper bits: beyond this it only gets worse.
    if (common.length > looked / 2) break;
  }
  if (!best) throw new Error('a column of no values');
  const { packed, codeBits } = best;
  const dictionary = leftParts(count, 1, shift + packed).slice(0, 2 ** codeBits);
  return { shift, packed, codeBits, dictionary: dictionary.map(([left]) => left) };
}

const leftOf = (word: number, bits: number): number => (bits >= 32 ? 0 : word >>> bits);

/** Writes `count` doubles, given as pairs of words (lower, upper), from the pair `from` on. */
export function writeDoubles(out: ByteWriter, source: Uint32Array, from: number, count: number): void {
  if (words.length < 2 * count) {
    words = new Uint32Array(2 * count);
    upper = new Float64Array(count);
    lower = new Float64Array(count);
    changed = new Float64Array(count);
  }
  let distinct = 0;
  for (let i = 0; i < count; i++) {
    const lo = source[2 * (from + i)] ?? 0;
    const hi = source[2 * (from + i) + 1] ?? 0;
    const same = distinct > 0 && words[2 * distinct - 2] === lo && words[2 * distinct - 1] === hi;
    changed[i] = same ? 0 : 1;
    if (same) continue;
    words[2 * distinct] = lo;
    words[2 * distinct + 1] = hi;
    distinct++;
  }
  const repeats = distinct < count * 0.9;
  if (!repeats) {
    words.set(source.subarray(2 * from, 2 * (from + count)));
    distinct = count;
  }
  writeDistinct(out, distinct, repeats ? count : 0);
}

function writeDistinct(out: ByteWriter, count: number, bitmapOf: number): void {
  let anyLow = 0;
  let anyHigh = 0;
  for (let i = 0; i < count; i++) {
    anyLow |= words[2 * i] ?? 0;
    anyHigh |= words[2 * i + 1] ?? 0;
  }
  const trailing = (word: number): number => (word === 0 ? 32 : 31 - Math.clz32(word & -word));
  const lowShift = 32 - trailing(anyLow) > 25 ? 0 : trailing(anyLow);
  const cut = cutFor(count, anyLow === 0 ? Math.min(20, trailing(anyHigh)) : 0);
  const exceptions: number[] = [];
  const codes = new Map(cut.dictionary.map((left, code) => [left, code]));
  const mask = 2 ** cut.packed - 1;
  for (let i = 0; i < count; i++) {
    const hi = words[2 * i + 1] ?? 0;
    const left = leftOf(hi, cut.shift + cut.packed);
    const code = codes.get(left);
    if (code === undefined) exceptions.push(i, left);
    upper[i] = ((code ?? 0) << cut.packed) | ((hi >>> cut.shift) & mask);
    lower[i] = lowShift === 32 ? 0 : (words[2 * i] ?? 0) >>> lowShift;
  }
  out.byte(cut.codeBits | (bitmapOf > 0 ? repeatsBit : 0));
  out.byte(cut.packed);
  out.byte(cut.shift);
  out.byte(lowShift);
  if (bitmapOf > 0) {
    out.unsigned(count);
    out.bits(changed, bitmapOf, 1);
  }
  out.unsigned(cut.dictionary.length);
  for (const left of cut.dictionary) out.unsigned(left);
  out.unsigned(exceptions.length / 2);
  for (let e = 0, before = 0; e < exceptions.length; e += 2) {
    out.unsigned((exceptions[e] ?? 0) - before);
    out.unsigned(exceptions[e + 1] ?? 0);
    before = exceptions[e] ?? 0;
  }
  out.bits(upper, count, cut.codeBits + cut.packed);
  out.bits(lower, count, 32 - lowShift);
}

const dictionary = new Uint32Array(8);

/** Reads `count` doubles into the pairs of words from `at` on. */
export function readDoubles(reader: ByteReader, count: number, into: Uint32Array, at: number): void {
  const head = reader.byte();
  const codeBits = head & 7;
  const packed = reader.byte();
  const shift = reader.byte();
  const lowShift = reader.byte();
  if (codeBits > 3 || packed > 20 || shift + packed > 20 || lowShift > 32 || (lowShift > 0 && lowShift < 7)) {
    throw new DamagedChunk('widths of doubles are out of range');
  }
  const repeats = (head & repeatsBit) !== 0;
  const distinct = repeats ? reader.upTo(count) : count;
  const bitmap = repeats ? reader.skip(Math.ceil(count / 8)) : 0;
  const kinds = reader.upTo(2 ** codeBits);
  dictionary.fill(0);
  for (let i = 0; i < kinds; i++) dictionary[i] = reader.upTo(2 ** 32 - 1);
  const exceptions: number[] = [];
  const exceptional = reader.upTo(distinct);
  for (let e = 0, index = 0; e < exceptional; e++) {
    index += reader.upTo(distinct);
    if (index >= distinct) throw new DamagedChunk('an exception is out of place');
    exceptions.push(index, reader.upTo(2 ** 32 - 1));
  }
  const width = codeBits + packed;
  const lowWidth = 32 - lowShift;
  const upperAt = reader.skip(Math.ceil((distinct * width) / 8));
  const lowerAt = reader.skip(Math.ceil((distinct * lowWidth) / 8));
  const { view } = reader;
  const mask = 2 ** packed - 1;
  const codeMask = 2 ** codeBits - 1;
  const leftShift = shift + packed;
  for (let i = 0, bit = 0; i < distinct; i++, bit += width) {
    const both = view.getUint32(upperAt + (bit >>> 3), true) >>> (bit & 7);
    const left = dictionary[(both >>> packed) & codeMask] ?? 0;
    into[2 * (at + i) + 1] = (left << leftShift) | ((both & mask) << shift);
  }
  if (lowWidth === 32) for (let i = 0; i < distinct; i++) into[2 * (at + i)] = view.getUint32(lowerAt + 4 * i, true);
  else {
    const lowMask = 2 ** lowWidth - 1;
    for (let i = 0, bit = 0; i < distinct; i++, bit += lowWidth) {
      const low = (view.getUint32(lowerAt + (bit >>> 3), true) >>> (bit & 7)) & lowMask;
      into[2 * (at + i)] = lowShift === 32 ? 0 : low << lowShift;
    }
  }
  for (let e = 0; e < exceptions.length; e += 2) {
    const word = 2 * (at + (exceptions[e] ?? 0)) + 1;
    const rest = (into[word] ?? 0) & (leftShift === 0 ? 0 : 2 ** leftShift - 1);
    into[word] = ((exceptions[e + 1] ?? 0) << leftShift) | rest;
  }
  if (repeats) spread(view, bitmap, count, distinct, into, at);
}

/** Puts each distinct value in its places, from the end, in the same array. */
function spread(view: DataView, bitmap: number, count: number, distinct: number, into: Uint32Array, at: number): void {
  let from = distinct - 1;
  for (let i = count - 1; i >= 0; i--) {
    if (from < 0) throw new DamagedChunk('repetitions do not add up');
    into[2 * (at + i)] = into[2 * (at + from)] ?? 0;
    into[2 * (at + i) + 1] = into[2 * (at + from) + 1] ?? 0;
    if (((view.getUint8(bitmap + (i >>> 3)) >>> (i & 7)) & 1) === 1) from--;
    if (from > i - 1) throw new DamagedChunk('repetitions do not add up');
  }
  if (from !== -1) throw new DamagedChunk('repetitions do not add up');
}
