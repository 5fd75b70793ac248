import { showSampleValue } from '@sightline/query/promql';

/**
 * Sample values as text, straight into bytes. The digits are the shortest that give the same number back and, of those, the nearest: those of
 * JavaScript (https://tc39.es/ecma262/#sec-numeric-types-number-tostring). What is here is exact: a value times a power of ten is held as a sum of two
 * doubles without an error (Dekker's product), its neighbours' middles lie half an ulp away, and whatever could be decided either way is left
 * to `showSampleValue`, as are the very small and the very large.
 */

/** Bytes that a value takes at most. */
export const valueBytes = 32;

/** From here to `greatest` the product below has no more bits than two doubles hold. */
const least = 1e-4;
const greatest = 1e15;
/** Digits that are found at first; two more may follow. */
const digits = 15;

const zero = 48;
const minus = 45;
const point = 46;

/** 10^k, exact, and its two halves of 26 bits. */
const powers = Float64Array.from({ length: digits + 4 }, (_, k) => Number(`1e${k}`));
const splitter = 2 ** 27 + 1;
const upperOf = (value: number): number => splitter * value - (splitter * value - value);
const powersUpper = powers.map(upperOf);
const powersLower = powers.map((power, k) => power - powersUpper[k]!);

/** By binary exponent, from `firstExponent` on: half an ulp, the decimal exponent of the power of two, and the next power of ten. */
const firstExponent = -14;
const exponents = Array.from({ length: 65 }, (_, i) => i + firstExponent);
const halfUlps = Float64Array.from(exponents, (exponent) => 2 ** (exponent - 53));
const decimalExponents = Int32Array.from(exponents, (exponent) => Math.floor(exponent * Math.log10(2)));
const nextPowers = Float64Array.from(decimalExponents, (exponent) => Number(`1e${exponent + 1}`));

/** Two digits of 0 to 99. */
const tens = Uint8Array.from({ length: 100 }, (_, n) => zero + Math.floor(n / 10));
const ones = Uint8Array.from({ length: 100 }, (_, n) => zero + (n % 10));

const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** Writes a value at `at`, where `valueBytes` are free. Returns where it ends. */
export function writeValue(bytes: Uint8Array, at: number, value: number): number {
  const size = value < 0 ? -value : value;
  if (!(size >= least && size < greatest)) return writeText(bytes, at, showSampleValue(value));
  scratch[0] = size;
  const high = scratchWords[1]!;
  // The neighbour below a power of two is nearer than the one above.
  if ((high & 0xfffff) === 0 && scratchWords[0] === 0) return writeText(bytes, at, showSampleValue(value));
  const binary = (high >>> 20) - 1023 - firstExponent;
  const exponent = decimalExponents[binary]! + (size >= nextPowers[binary]! ? 1 : 0);
  const k = digits - 1 - exponent;

  // The product is `whole` and `rest`, a fraction, together.
  const scaled = size * powers[k]!;
  const spread = splitter * size;
  const upper = spread - (spread - size);
  const lower = size - upper;
  const [powerUpper, powerLower] = [powersUpper[k]!, powersLower[k]!];
  const error = upper * powerUpper - scaled + upper * powerLower + lower * powerUpper + lower * powerLower;
  let whole = Math.floor(scaled);
  let rest = scaled - whole + error;
  if (rest < 0) {
    rest += 1;
    whole -= 1;
  } else if (rest >= 1) {
    rest -= 1;
    whole += 1;
  }
  // Whatever is nearer than this is read as the same number.
  const near = halfUlps[binary]! * powers[k]!;
  let more = 0;
  if (rest > near && 1 - rest > near) {
    const sixteenth = nearest(10 * rest, 10 * near);
    more = sixteenth === none ? nearest(100 * rest, 100 * near) : 10 * sixteenth;
  } else if (rest === near || 1 - rest === near) more = -1;
  else if (rest >= near) whole += 1;
  // Below 0 where it is undecided.
  if (more < 0 || whole >= greatest) return writeText(bytes, at, showSampleValue(value));

  let from = at;
  if (value < 0) bytes[from++] = minus;
  if (exponent < 0) {
    bytes[from] = zero;
    bytes[from + 1] = point;
    for (let i = exponent + 1; i < 0; i++) bytes[from + 1 - i] = zero;
    return withoutZeros(bytes, writeDigits(bytes, from + 1 - exponent, whole, more), from);
  }
  // Written one further, the whole part moves before the point then.
  const end = writeDigits(bytes, from + 1, whole, more);
  const pointAt = from + exponent + 1;
  for (let i = from; i < pointAt; i++) bytes[i] = bytes[i + 1]!;
  bytes[pointAt] = point;
  return withoutZeros(bytes, end, pointAt);
}

const none = -1;
const undecided = -2;

/** The whole number nearest to `value` where it is nearer than `near`; `undecided` where two are as near, or one is as near as `near`. */
function nearest(value: number, near: number): number {
  const below = Math.floor(value);
  const over = value - below;
  if (over === 0.5) return undecided;
  const distance = over < 0.5 ? over : 1 - over;
  if (distance > near) return none;
  if (distance === near) return undecided;
  return over < 0.5 ? below : below + 1;
}

/** 15 digits of `whole` and two of `more`. */
function writeDigits(bytes: Uint8Array, at: number, whole: number, more: number): number {
  const left = (whole / 1e8) | 0;
  const right = (whole - left * 1e8) | 0;
  const a = (left / 10_000) | 0;
  const b = left - a * 10_000;
  const c = (right / 10_000) | 0;
  const d = right - c * 10_000;
  const [aUp, bUp, cUp, dUp] = [(a / 100) | 0, (b / 100) | 0, (c / 100) | 0, (d / 100) | 0];
  bytes[at] = ones[aUp]!;
  writeTwo(bytes, at + 1, a - aUp * 100);
  writeTwo(bytes, at + 3, bUp);
  writeTwo(bytes, at + 5, b - bUp * 100);
  writeTwo(bytes, at + 7, cUp);
  writeTwo(bytes, at + 9, c - cUp * 100);
  writeTwo(bytes, at + 11, dUp);
  writeTwo(bytes, at + 13, d - dUp * 100);
  if (more === 0) return at + digits;
  writeTwo(bytes, at + digits, more | 0);
  return at + digits + 2;
}

function writeTwo(bytes: Uint8Array, at: number, number: number): void {
  bytes[at] = tens[number]!;
  bytes[at + 1] = ones[number]!;
}

/** The end without the zeros before it, and without the point when nothing is behind it. */
function withoutZeros(bytes: Uint8Array, end: number, pointAt: number): number {
  let last = end;
  while (last > pointAt && bytes[last - 1] === zero) last--;
  return bytes[last - 1] === point ? last - 1 : last;
}

/** Writes a text of ASCII. */
function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}
