/** Samples of one series as bytes: see README.md in this folder for the form. */
import type { SampleColumns } from '@sightline/query/promql';
import { ByteReader, ByteWriter, DamagedChunk } from './bytes.ts';
import { readDoubles, writeDoubles } from './double-column.ts';
import { readHistograms, writeHistograms } from './histogram-column.ts';
import { readIntegers, writeIntegers } from './integer-column.ts';
import type { SampleBuffer } from './sample-buffer.ts';
import { chunk as chunkAt, chunkCapacity } from '../vector/layout.ts';

/** Most samples in one chunk; more are a caller's bug. */
const maxChunkSamples = 1_000_000;

const version = 1;
const flags = { wholeTimes: 1, decimals: 2, exceptions: 4, startTimes: 8, histograms: 16 } as const;
const knownFlags = 31;

const maxExponent = 14;
const powers = Array.from({ length: maxExponent + 1 }, (_, e) => 10 ** e);
/** From here on the exponent's byte tells how many zero bits all whole numbers end with, which are left out: pages, kilobytes. */
const zeroBits = 64;
const maxZeroBits = 31;

const writer = new ByteWriter();
const reader = new ByteReader();
let decimals = new Float64Array(512);
let exceptions = new Int32Array(512);

/** Typed views of the same bytes, where the offset allows. */
function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
}

/**
 * Writes the samples `start` to `end` (excluded) as one chunk: times in order and exact to the millisecond, values bit by bit,
 * staleness marks, start times and native histograms included. At least one sample.
 */
export function encodeChunk(samples: SampleColumns, start = 0, end = samples.count): Uint8Array {
  return borrowChunk(samples, start, end).slice();
}

/** As `encodeChunk`, in bytes that are valid until the next chunk is encoded: for who copies them at once. */
export function borrowChunk(samples: SampleColumns, start = 0, end = samples.count): Uint8Array {
  const count = end - start;
  if (count < 1 || count > maxChunkSamples) throw new Error(`a chunk of ${count} samples`);
  const { times, values, histograms, startTimes } = samples;
  const out = writer;
  out.clear();
  out.byte(version);
  const flagsAt = out.length;
  out.byte(0);
  out.unsigned(count);
  let set = 0;
  if (writeIntegers(out, times, start, end, true)) set |= flags.wholeTimes;
  else writeDoubles(out, wordsOf(times), start, count);
  const words = wordsOf(values);
  const decimal = asDecimals(values, words, start, count);
  if (decimal) {
    const before = out.length;
    out.byte(decimal.exponent);
    if (writeIntegers(out, decimals, 0, count)) {
      set |= flags.decimals;
      if (decimal.exceptions > 0) {
        set |= flags.exceptions;
        writeExceptions(words, start, decimal.exceptions);
      }
    } else out.length = before;
  }
  if ((set & flags.decimals) === 0) writeDoubles(out, words, start, count);
  if (startTimes && anySet(startTimes, start, end)) {
    const before = out.length;
    if (writeIntegers(out, startTimes, start, end)) set |= flags.startTimes;
    else out.length = before;
  }
  if (histograms && anyHistogram(histograms, start, end)) {
    set |= flags.histograms;
    writeHistograms(out, histograms, start, end);
  }
  out.patch(flagsAt, set);
  return out.written();
}

function anySet(column: Float64Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (column[i] !== 0) return true;
  return false;
}
function anyHistogram(column: readonly unknown[], start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (column[i] !== undefined) return true;
  return false;
}

function writeExceptions(words: Uint32Array, start: number, count: number): void {
  writer.unsigned(count);
  for (let e = 0, before = 0; e < count; e++) {
    const index = exceptions[e] ?? 0;
    writer.unsigned(index - before);
    writer.double(words, start + index);
    before = index;
  }
}

/**
 * Fills `decimals` with whole numbers that give the values back exactly when divided by 10^exponent; what is not one (not a
 * number, infinite, minus zero, too many digits) is an exception. Undefined where too many are.
 */
function asDecimals(
  values: Float64Array,
  words: Uint32Array,
  start: number,
  count: number,
): { exponent: number; exceptions: number } | undefined {
  if (decimals.length < count) {
    decimals = new Float64Array(2 * count);
    exceptions = new Int32Array(2 * count);
  }
  const exponent = exponentFor(values, start, count);
  if (exponent < 0) return undefined;
  const power = powers[exponent] ?? 1;
  let excepted = 0;
  let last = 0;
  let bits = 0;
  const allowed = count >> 3;
  for (let i = 0; i < count; i++) {
    const value = values[start + i] ?? 0;
    const scaled = Math.round(value * power);
    const minusZero = scaled === 0 && (words[2 * (start + i) + 1] ?? 0) !== 0;
    if ((power === 1 ? scaled : scaled / power) === value && !minusZero && scaled <= 2 ** 51 && scaled >= -(2 ** 51)) {
      // Exceptions in front take the first good number, so that they cost no width.
      if (excepted === i && i > 0) decimals.fill(scaled, 0, i);
      decimals[i] = last = scaled;
      bits |= scaled;
    } else {
      exceptions[excepted++] = i;
      decimals[i] = last;
      if (excepted > allowed + 1) return undefined;
    }
  }
  // Where the lowest bits are all zero, more than 31 of them are, too.
  const zeros = exponent > 0 || (bits & 1) === 1 ? 0 : bits === 0 ? maxZeroBits : 31 - Math.clz32(bits & -bits);
  if (zeros === 0 || (zeros === maxZeroBits && last === 0)) return { exponent, exceptions: excepted };
  for (let i = 0; i < count; i++) decimals[i] = (decimals[i] ?? 0) / 2 ** zeros;
  return { exponent: zeroBits + zeros, exceptions: excepted };
}

/** What numbers are divided by, of an exponent's byte. */
function scaleOf(exponent: number): number {
  if (exponent <= maxExponent) return powers[exponent] ?? 1;
  if (exponent <= zeroBits || exponent > zeroBits + maxZeroBits) throw new DamagedChunk('its exponent is out of range');
  return 2 ** (zeroBits - exponent);
}

/** The smallest exponent that suits all but a few values; -1 where most have too many digits. */
function exponentFor(values: Float64Array, start: number, count: number): number {
  let exponent = 0;
  let unfit = 0;
  const allowed = count >> 3;
  for (let i = start; i < start + count; i++) {
    const value = values[i] ?? 0;
    const power = powers[exponent] ?? 1;
    if ((exponent === 0 ? Math.floor(value) : Math.round(value * power) / power) === value) continue;
    const found = value - value === 0 ? powers.findIndex((p) => Math.round(value * p) / p === value) : -1;
    if (found > exponent && Math.abs(value) * (powers[found] ?? 1) <= 2 ** 51) exponent = found;
    else if (++unfit > allowed + 1) return -1;
  }
  return exponent;
}

/**
 * Appends the samples of the chunk that lies at `from` to `to` (excluded). Returns undefined, or in a sentence what is wrong with the bytes; `into` is then as it was.
 * Never reads beyond `bytes`.
 */
export function appendChunk(bytes: Uint8Array, into: SampleBuffer, from = 0, to = bytes.length): string | undefined {
  try {
    const { vectors } = into;
    if (vectors && to - from <= chunkCapacity) {
      vectors.bytes.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), chunkAt);
      reader.open(vectors.bytes, chunkAt, chunkAt + to - from);
    } else reader.open(bytes, from, to);
    read(into);
    return undefined;
  } catch (error) {
    if (error instanceof DamagedChunk) return `A chunk of samples is damaged: ${error.message}`;
    throw error;
  }
}

function read(into: SampleBuffer): void {
  if (reader.byte() !== version) throw new DamagedChunk('its version is not known');
  const set = reader.byte();
  if ((set & ~knownFlags) !== 0) throw new DamagedChunk('its form is not known');
  const count = reader.upTo(maxChunkSamples);
  if (count === 0) throw new DamagedChunk('it has no samples');
  into.reserve(count);
  const at = into.count;
  const { vectors } = into;
  const unpackers = vectors?.view.buffer === reader.view.buffer ? vectors?.functions : undefined;
  if ((set & flags.wholeTimes) !== 0) readIntegers(reader, count, into.times, at, 1, unpackers);
  else readDoubles(reader, count, wordsOf(into.times), at);
  let rising = false;
  const numbersAlone = (set & (flags.decimals | flags.exceptions)) === flags.decimals;
  if ((set & flags.decimals) !== 0) {
    const scale = scaleOf(reader.byte());
    rising = readIntegers(reader, count, into.values, at, scale, unpackers);
    if ((set & flags.exceptions) !== 0) readExceptions(into, at, count);
  } else readDoubles(reader, count, wordsOf(into.values), at);
  if ((set & flags.startTimes) !== 0) readIntegers(reader, count, into.withStartTimes(), at, 1);
  else into.startTimes?.fill(0, at, at + count);
  if ((set & flags.histograms) !== 0) readHistograms(reader, count, into.withHistograms(), at);
  else if (into.histograms) into.histograms.length = at;
  if (reader.left !== 0) throw new DamagedChunk('bytes are left over');
  into.count = at + count;
  into.learn(at, numbersAlone, rising && numbersAlone);
}

function readExceptions(into: SampleBuffer, at: number, count: number): void {
  const words = wordsOf(into.values);
  const stored = reader.upTo(count);
  for (let e = 0, index = 0; e < stored; e++) {
    index += reader.upTo(count);
    if (index >= count) throw new DamagedChunk('an exception is out of place');
    reader.double(words, at + index);
  }
}
