/**
 * A column of whole numbers: differences to the number before (or to a base alone, or to the multiples of a step), each less a base, packed with one width;
 * what does not fit stands apart as patches. Widths of 26 to 31 bits are stored as 32, so that one load by 32 bits suffices.
 */
import { mostBits } from '../vector/layout.ts';
import type { Unpackers } from '../vector/vectors.ts';
import { DamagedChunk, type ByteReader, type ByteWriter } from './bytes.ts';

/** Numbers beyond ±2^51 are left to the caller: differences and their zigzag form stay exact below. */
const most = 2 ** 51;
const differenceBit = 64;
const patchedBit = 128;
const maxWidth = 52;
/** In the place of a width: a step follows, then the column of what numbers are off from its multiples. */
const onGrid = 63;
/** Fewer numbers than these are no grid. */
const leastOfGrid = 8;

interface Plan {
  readonly base: number;
  readonly width: number;
  readonly bits: number;
}

let sorted = new Float64Array(0);
let offsets = new Float64Array(0);
let high = new Float64Array(0);

/** Bits needed for 0 to `range`. */
function widthOf(range: number): number {
  return range < 1 ? 0 : range < 2 ** 31 ? 32 - Math.clz32(range) : Math.floor(Math.log2(range)) + 1;
}

const stored = (width: number): number => (width > 25 && width < 32 ? 32 : width);

const kinds = new Int32Array(64);

/** True where a few of `all` lie so far from the rest that leaving them out could save bits. */
function hasOutliers(all: Float64Array, count: number): boolean {
  const [a, b, c] = [all[0] ?? 0, all[count >> 1] ?? 0, all[count - 1] ?? 0];
  const middle = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  kinds.fill(0);
  for (let i = 0; i < count; i++) {
    const distance = Math.abs((all[i] ?? 0) - middle);
    const kind = distance < 2 ** 31 ? 32 - Math.clz32(distance) : widthOf(distance);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  let greatest = 63;
  while (greatest > 0 && kinds[greatest] === 0) greatest--;
  for (let kind = greatest, beyond = 0; kind > 0; kind--) {
    beyond += kinds[kind] ?? 0;
    if (beyond > count >> 3) return false;
    if ((greatest - kind + 1) * count > beyond * 32) return true;
  }
  return false;
}

/** The base and width with the fewest bits, patches included. */
function plan(numbers: Float64Array, from: number, to: number, difference: boolean): Plan {
  const count = to - from;
  if (sorted.length < count) sorted = new Float64Array(2 * count);
  const all = sorted;
  let least = Infinity;
  let greatest = -Infinity;
  for (let i = 0; i < count; i++) {
    const v = (numbers[from + i] ?? 0) - (difference ? (numbers[from + i - 1] ?? 0) : 0);
    all[i] = v;
    if (v < least) least = v;
    if (v > greatest) greatest = v;
  }
  const full = widthOf(greatest - least);
  let best: Plan = { base: least, width: full, bits: stored(full) * count };
  // Sorting is worth it only where patches could save something.
  if (full < 3 || count < 8 || !hasOutliers(all, count)) return best;
  const ordered = all.subarray(0, count).sort();
  const patchBits = 16 + Math.ceil((full * 8) / 7);
  for (let width = 0; width < full; width = width < 25 ? width + 1 : width + 3) {
    const room = 2 ** width - 1;
    const mayPatch = Math.min(count >> 3, Math.floor((best.bits - stored(width) * count) / patchBits));
    if (mayPatch < 0) break;
    // A window that leaves out at most `mayPatch` numbers, at either end.
    for (let low = 0, up = 0; low <= mayPatch; low++) {
      while (up < count && (ordered[up] ?? 0) - (ordered[low] ?? 0) <= room) up++;
      const bits = stored(width) * count + (count - (up - low)) * patchBits;
      if (bits < best.bits) best = { base: ordered[low] ?? 0, width: stored(width), bits };
    }
  }
  return best;
}

let off = new Float64Array(0);

/** How far times are off from a regular grid that begins with the first: its step, milliseconds, the distances in `off`. */
function offGrid(times: Float64Array, from: number, to: number): number {
  const count = to - from;
  if (off.length < count) off = new Float64Array(2 * count);
  const first = times[from] ?? 0;
  const step = Math.round(((times[to - 1] ?? 0) - first) / (count - 1));
  for (let i = 0; i < count; i++) off[i] = (times[from + i] ?? 0) - i * step;
  return step;
}

/**
 * Writes numbers `from` to `to` (excluded). False, with nothing written, when one of them is not whole or beyond ±2^51. `times`: they may
 * be those of a clock that strikes regularly, a little early or late.
 */
// oxlint-disable-next-line max-params
export function writeIntegers(
  out: ByteWriter,
  numbers: Float64Array,
  from: number,
  to: number,
  times = false,
): boolean {
  let mightBeDirect = to - from > 2;
  let rising = true;
  for (let i = from; i < to; i++) {
    const v = numbers[i] ?? 0;
    if (!(v <= most && v >= -most) || v !== Math.floor(v)) return false;
    if (i > from && v < (numbers[i - 1] ?? 0)) rising = false;
  }
  if (rising) mightBeDirect = false;
  const steps = plan(numbers, Math.min(from + 1, to), to, true);
  const direct = mightBeDirect ? plan(numbers, from, to, false) : undefined;
  if (times && rising && to - from >= leastOfGrid && steps.width > 1) {
    const step = offGrid(numbers, from, to);
    const grid = plan(off, 0, to - from, false);
    if (grid.bits + 24 < steps.bits) {
      out.byte(onGrid);
      out.signed(step);
      writePlanned(out, off, 0, to - from, grid, false);
      return true;
    }
  }
  if (direct && direct.bits < steps.bits) writePlanned(out, numbers, from, to, direct, false);
  else writePlanned(out, numbers, from, to, steps, true);
  return true;
}

function writePlanned(
  out: ByteWriter,
  numbers: Float64Array,
  from: number,
  to: number,
  { base, width: planned }: Plan,
  difference: boolean,
): void {
  const first = difference ? from + 1 : from;
  const count = Math.max(0, to - first);
  const width = stored(planned);
  if (offsets.length < count) offsets = new Float64Array(2 * count);
  const room = 2 ** width - 1;
  const patches: number[] = [];
  for (let i = 0; i < count; i++) {
    const v = (numbers[first + i] ?? 0) - (difference ? (numbers[first + i - 1] ?? 0) : 0) - base;
    const fits = v >= 0 && v <= room;
    if (!fits) patches.push(i, v);
    offsets[i] = fits ? v : 0;
  }
  out.byte(width | (difference ? differenceBit : 0) | (patches.length > 0 ? patchedBit : 0));
  if (difference) out.signed(numbers[from] ?? 0);
  if (count > 0) out.signed(base);
  if (patches.length > 0) {
    out.unsigned(patches.length / 2);
    for (let p = 0, before = 0; p < patches.length; p += 2) {
      const index = patches[p] ?? 0;
      out.unsigned(index - before);
      out.signed(patches[p + 1] ?? 0);
      before = index;
    }
  }
  if (width <= 32) out.bits(offsets, count, width);
  else {
    if (high.length < count) high = new Float64Array(2 * count);
    for (let i = 0; i < count; i++) high[i] = Math.floor((offsets[i] ?? 0) / 2 ** 32);
    out.bits(offsets, count, 32);
    out.bits(high, count, width - 32 > 25 ? 32 : width - 32);
  }
}

let patchAt = new Int32Array(64);
let patchValue = new Float64Array(64);

/**
 * Reads `count` numbers, divided by `scale`, into `into` from `at` on. True where it is seen at once that none is lower than the one before. `unpackers` are given where
 * what is read and `into` lie in their memory.
 */
// oxlint-disable-next-line max-params -- as below
export function readIntegers(
  reader: ByteReader,
  count: number,
  into: Float64Array,
  at: number,
  scale: number,
  unpackers?: Unpackers,
): boolean {
  let head = reader.byte();
  const grid = head === onGrid;
  const gridStep = grid ? reader.signed() : 0;
  if (grid) head = reader.byte();
  const width = head & 63;
  if (width > maxWidth || (width > 25 && width < 32)) throw new DamagedChunk('a width is out of range');
  const difference = (head & differenceBit) !== 0;
  if (grid && (difference || scale !== 1)) throw new DamagedChunk('only times lie on a grid');
  const start = difference ? reader.signed() : 0;
  const packed = difference ? count - 1 : count;
  const base = packed > 0 ? reader.signed() : 0;
  const patches = (head & patchedBit) === 0 ? 0 : reader.upTo(packed);
  readPatches(reader, patches, packed);
  const q = reader.skip(Math.ceil((packed * Math.min(width, 32)) / 8));
  const upper = width > 32 ? reader.skip(Math.ceil((packed * (width - 32)) / 8)) : 0;
  const { view } = reader;
  // Sums of differences that stay whole numbers of 32 bits, eight differences at a time.
  const small = difference && width > 0 && width <= 8 && packed * (Math.abs(base) + 256) < 2 ** 31;
  const vectored =
    unpackers &&
    width <= mostBits &&
    packed * (difference ? Math.abs(base) + 2 ** width : 2 * Math.abs(gridStep)) < 2 ** 31
      ? unpackers[difference ? 'differences' : 'offsets']
      : undefined;
  let v = start;
  let i = at;
  if (difference) into[i++] = v / scale;
  const first = i;
  const end = first + packed;
  for (let p = 0; i < end; p++) {
    const stop = p < patches ? first + (patchAt[p] ?? 0) : end;
    if (vectored) {
      const into0 = into.byteOffset + 8 * first;
      const [from, start, step] = [i - first, difference ? v : base, difference ? base : gridStep];
      v = vectored(q, width, from, stop - first, into0, start, step, scale);
    } else if (grid && width <= 25) unpackGrid(view, q, width, i - first, stop - first, into, first, base, gridStep);
    else if (small) v = unpackSmall(view, q, width, i - first, stop - first, into, first, v, base, scale);
    else if (width <= 25) v = unpack(view, q, width, i - first, stop - first, into, first, v, base, difference, scale);
    else {
      v = unpackWide(view, q, upper, width, i - first, stop - first, into, first, v, base, difference, scale);
      if (grid) for (let k = i; k < stop; k++) into[k] = (into[k] ?? 0) + (k - first) * gridStep;
    }
    i = stop;
    if (i < end) {
      v = (difference ? v : 0) + base + (patchValue[p] ?? 0);
      into[i] = (v + (i - first) * gridStep) / scale;
      i++;
    }
  }
  return difference && base >= 0 && patches === 0;
}

function readPatches(reader: ByteReader, patches: number, packed: number): void {
  if (patches > patchAt.length) {
    patchAt = new Int32Array(2 * patches);
    patchValue = new Float64Array(2 * patches);
  }
  for (let p = 0, index = 0; p < patches; p++) {
    const gap = reader.upTo(packed);
    index += gap;
    if (index >= packed || (p > 0 && gap === 0)) throw new DamagedChunk('a patch is out of place');
    patchAt[p] = index;
    patchValue[p] = reader.signed();
  }
}

/**
 * As `unpack`, of differences of 1 to 8 bits: eight of them take as many bytes as one takes bits, and lie in two words. They are added up
 * as whole numbers of 32 bits, which is quicker than to add doubles one after the other, and exact.
 */
// oxlint-disable-next-line max-params -- see below
function unpackSmall(
  view: DataView,
  q: number,
  width: number,
  from: number,
  to: number,
  into: Float64Array,
  first: number,
  start: number,
  base: number,
  scale: number,
): number {
  const mask = (1 << width) - 1;
  const step = base | 0;
  const twice = 2 * width;
  const thrice = 3 * width;
  let sum = 0;
  let i = from;
  // One by one up to where eight begin, and behind the last eight.
  const aligned = Math.min(to, (from + 7) & ~7);
  for (; i < aligned; i++) {
    const bit = i * width;
    sum = (sum + step + ((view.getUint32(q + (bit >>> 3), true) >>> (bit & 7)) & mask)) | 0;
    into[first + i] = (start + sum) / scale;
  }
  const half = (4 * width) & 7;
  for (let at = q + (i >>> 3) * width; i + 8 <= to; i += 8, at += width) {
    const low = view.getUint32(at, true);
    const high = view.getUint32(at + (width >>> 1), true) >>> half;
    const o = first + i;
    const a = (sum + step + (low & mask)) | 0;
    const b = (a + step + ((low >>> width) & mask)) | 0;
    const c = (b + step + ((low >>> twice) & mask)) | 0;
    const d = (c + step + ((low >>> thrice) & mask)) | 0;
    const e = (d + step + (high & mask)) | 0;
    const f = (e + step + ((high >>> width) & mask)) | 0;
    const g = (f + step + ((high >>> twice) & mask)) | 0;
    sum = (g + step + ((high >>> thrice) & mask)) | 0;
    if (scale === 1) {
      into[o] = start + a;
      into[o + 1] = start + b;
      into[o + 2] = start + c;
      into[o + 3] = start + d;
      into[o + 4] = start + e;
      into[o + 5] = start + f;
      into[o + 6] = start + g;
      into[o + 7] = start + sum;
    } else {
      into[o] = (start + a) / scale;
      into[o + 1] = (start + b) / scale;
      into[o + 2] = (start + c) / scale;
      into[o + 3] = (start + d) / scale;
      into[o + 4] = (start + e) / scale;
      into[o + 5] = (start + f) / scale;
      into[o + 6] = (start + g) / scale;
      into[o + 7] = (start + sum) / scale;
    }
  }
  for (; i < to; i++) {
    const bit = i * width;
    sum = (sum + step + ((view.getUint32(q + (bit >>> 3), true) >>> (bit & 7)) & mask)) | 0;
    into[first + i] = (start + sum) / scale;
  }
  return start + sum;
}

/** Times about a grid: the first would be `start`, each further one `step` later. */
// oxlint-disable-next-line max-params -- as below
function unpackGrid(
  view: DataView,
  q: number,
  width: number,
  from: number,
  to: number,
  into: Float64Array,
  first: number,
  start: number,
  step: number,
): void {
  const mask = (1 << width) - 1;
  let bit = from * width;
  for (let i = from; i < to; i++, bit += width)
    into[first + i] = start + i * step + ((view.getUint32(q + (bit >>> 3), true) >>> (bit & 7)) & mask);
}

// oxlint-disable-next-line max-params -- the inner loop of every query: no object is made for it
function unpack(
  view: DataView,
  q: number,
  width: number,
  from: number,
  to: number,
  into: Float64Array,
  first: number,
  start: number,
  base: number,
  difference: boolean,
  scale: number,
): number {
  const mask = (1 << width) - 1;
  let v = start;
  let bit = from * width;
  if (!difference) {
    for (let i = from; i < to; i++, bit += width) {
      v = base + ((view.getUint32(q + (bit >>> 3), true) >>> (bit & 7)) & mask);
      into[first + i] = v / scale;
    }
  } else if (width === 0) {
    for (let i = from; i < to; i++) into[first + i] = (v += base) / scale;
  } else if (scale === 1) {
    for (let i = from; i < to; i++, bit += width) {
      v += base + ((view.getUint32(q + (bit >>> 3), true) >>> (bit & 7)) & mask);
      into[first + i] = v;
    }
  } else {
    for (let i = from; i < to; i++, bit += width) {
      v += base + ((view.getUint32(q + (bit >>> 3), true) >>> (bit & 7)) & mask);
      into[first + i] = v / scale;
    }
  }
  return v;
}

// oxlint-disable-next-line max-params
function unpackWide(
  view: DataView,
  q: number,
  upper: number,
  width: number,
  from: number,
  to: number,
  into: Float64Array,
  first: number,
  start: number,
  base: number,
  difference: boolean,
  scale: number,
): number {
  const more = width - 32;
  const mask = more > 0 ? 2 ** more - 1 : 0;
  let v = start;
  for (let i = from; i < to; i++) {
    let offset = view.getUint32(q + 4 * i, true);
    if (more > 0) {
      const bit = i * more;
      offset += ((view.getUint32(upper + (bit >>> 3), true) >>> (bit & 7)) & mask) * 2 ** 32;
    }
    v = (difference ? v : 0) + base + offset;
    into[first + i] = v / scale;
  }
  return v;
}
