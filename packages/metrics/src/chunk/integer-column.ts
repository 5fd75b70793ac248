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
let steps = new Float64Array(0);
let off = new Float64Array(0);
let offsets = new Float64Array(0);
let high = new Float64Array(0);

/** Bits needed for 0 to `range`. */
function widthOf(range: number): number {
  return range < 1 ? 0 : range < 2 ** 31 ? 32 - Math.clz32(range) : Math.floor(Math.log2(range)) + 1;
}

const stored = (width: number): number => (width > 25 && width < 32 ? 32 : width);

const kinds = new Int32Array(64);

/** True where a few of the numbers, which lie between `least` and `greatest`, are so far from the rest that leaving them out could save bits. */
function hasOutliers(numbers: Float64Array, from: number, to: number, least: number, greatest: number): boolean {
  const count = to - from;
  const [a, b, c] = [numbers[from] ?? 0, numbers[from + (count >> 1)] ?? 0, numbers[to - 1] ?? 0];
  const middle = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  const widest = widthOf(Math.max(greatest - middle, middle - least));
  if (widest === 0) return false;
  const allowed = count >> 3;
  // Of most columns many numbers are among the widest: seen after a few of them.
  const far = 2 ** (widest - 1);
  for (let i = from, beyond = 0; i < to; i++)
    if (Math.abs((numbers[i] as number) - middle) >= far && ++beyond > allowed) return false;
  kinds.fill(0);
  for (let i = from; i < to; i++) {
    const distance = Math.abs((numbers[i] as number) - middle);
    const kind = distance < 2 ** 31 ? 32 - Math.clz32(distance) : widthOf(distance);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  for (let kind = widest, beyond = 0; kind > 0; kind--) {
    beyond += kinds[kind] ?? 0;
    if (beyond > allowed) return false;
    if ((widest - kind + 1) * count > beyond * 32) return true;
  }
  return false;
}

/** The base and width with the fewest bits, patches included, of numbers that lie between `least` and `greatest`. */
function plan(numbers: Float64Array, from: number, to: number, least: number, greatest: number): Plan {
  const count = to - from;
  const full = widthOf(greatest - least);
  let best: Plan = { base: least, width: full, bits: stored(full) * count };
  // Sorting is worth it only where patches could save something.
  if (full < 3 || count < 8 || !hasOutliers(numbers, from, to, least, greatest)) return best;
  if (sorted.length < count) sorted = new Float64Array(2 * count);
  const ordered = sorted.subarray(0, count);
  ordered.set(numbers.subarray(from, to));
  ordered.sort();
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

/** How far times are off from a regular grid of `step` milliseconds that begins with the first, in `off`; planned. */
function planGrid(times: Float64Array, from: number, to: number, step: number): Plan {
  const count = to - from;
  if (off.length < count) off = new Float64Array(2 * count);
  const distances = off;
  let least = Infinity;
  let greatest = -Infinity;
  for (let i = 0; i < count; i++) {
    const v = (times[from + i] as number) - i * step;
    distances[i] = v;
    if (v < least) least = v;
    if (v > greatest) greatest = v;
  }
  return plan(distances, 0, count, least, greatest);
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
  const count = to - from;
  if (steps.length < count) steps = new Float64Array(2 * count);
  const differences = steps;
  let before = from < to ? (numbers[from] as number) : 0;
  if (!(before <= most && before >= -most) || before !== Math.floor(before)) return false;
  let [low, up] = [before, before];
  let least = Infinity;
  let greatest = -Infinity;
  for (let i = 1; i < count; i++) {
    const v = numbers[from + i] as number;
    if (!(v <= most && v >= -most) || v !== Math.floor(v)) return false;
    if (v < low) low = v;
    if (v > up) up = v;
    const difference = v - before;
    before = v;
    differences[i - 1] = difference;
    if (difference < least) least = difference;
    if (difference > greatest) greatest = difference;
  }
  const rising = !(least < 0);
  const stepped = plan(differences, 0, Math.max(0, count - 1), least, greatest);
  if (times && rising && count >= leastOfGrid && stepped.width > 1) {
    const step = Math.round(((numbers[to - 1] ?? 0) - (numbers[from] ?? 0)) / (count - 1));
    const grid = planGrid(numbers, from, to, step);
    if (grid.bits + 24 < stepped.bits) {
      out.byte(onGrid);
      out.signed(step);
      writePlanned(out, off, 0, count, grid);
      return true;
    }
  }
  const direct = !rising && count > 2 ? plan(numbers, from, to, low, up) : undefined;
  if (direct && direct.bits < stepped.bits) writePlanned(out, numbers, from, to, direct);
  else writePlanned(out, differences, 0, Math.max(0, count - 1), stepped, numbers[from] ?? 0);
  return true;
}

/** Packs numbers `from` to `to` (excluded); differences where the number is given that the first of them follows. */
// oxlint-disable-next-line max-params -- as below
function writePlanned(
  out: ByteWriter,
  numbers: Float64Array,
  from: number,
  to: number,
  { base, width: planned }: Plan,
  following?: number,
): void {
  const difference = following !== undefined;
  const count = to - from;
  const width = stored(planned);
  if (offsets.length < count) offsets = new Float64Array(2 * count);
  const packed = offsets;
  const room = 2 ** width - 1;
  const patches: number[] = [];
  for (let i = 0; i < count; i++) {
    const v = (numbers[from + i] as number) - base;
    const fits = v >= 0 && v <= room;
    if (!fits) patches.push(i, v);
    packed[i] = fits ? v : 0;
  }
  out.byte(width | (difference ? differenceBit : 0) | (patches.length > 0 ? patchedBit : 0));
  if (difference) out.signed(following);
  if (count > 0) out.signed(base);
  if (patches.length > 0) {
    out.unsigned(patches.length / 2);
    for (let p = 0, last = 0; p < patches.length; p += 2) {
      const index = patches[p] ?? 0;
      out.unsigned(index - last);
      out.signed(patches[p + 1] ?? 0);
      last = index;
    }
  }
  if (width <= 32) out.bits(packed, count, width);
  else {
    if (high.length < count) high = new Float64Array(2 * count);
    for (let i = 0; i < count; i++) high[i] = Math.floor((packed[i] ?? 0) / 2 ** 32);
    out.bits(packed, count, 32);
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
