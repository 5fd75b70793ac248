/**
 * Samples of a transaction as the log keeps them: about two bytes each instead of twenty. Samples of one series in a row name it once;
 * times are differences of differences; values that are whole numbers, or have two decimals, are differences to the one before, others
 * their bits. All numbers are varints (https://protobuf.dev/programming-guides/encoding/#varints), signed ones zigzag.
 */
import type { SampleColumnsStage } from './transaction.ts';

/** Most bytes of one sample: two varints of a series, one of a time, one of a value and its bits. */
const mostBytes = 48;
/** Of whole numbers up to here all differences are exact. */
const most = 2 ** 50;
const two32 = 2 ** 32;

/** How a value is written, in the lowest bits of its number. */
const kinds = { whole: 0, cents: 1, bits: 2 } as const;
const kindCount = 3;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

let room = new Uint8Array(1 << 16);
let end = 0;

function put(number: number): void {
  // Most are small.
  if (number < 128) {
    room[end++] = number;
    return;
  }
  let rest = number;
  for (; rest >= two32; rest = Math.floor(rest / 128)) room[end++] = (rest % 128) | 128;
  let low = rest >>> 0;
  for (; low >= 128; low >>>= 7) room[end++] = low | 128;
  room[end++] = low;
}

const zigzag = (number: number): number => (number < 0 ? -2 * number - 1 : 2 * number);
const unzigzag = (number: number): number => (number % 2 === 1 ? -(number + 1) / 2 : number / 2);

/** The samples packed; undefined where a time is no whole number of milliseconds. Valid until the next call. */
export function packSamples({ count, sids, times, bits }: SampleColumnsStage, baseMs: number): Uint8Array | undefined {
  end = 0;
  let sid = 0;
  let atMs = baseMs;
  let gapMs = 0;
  let whole = 0;
  let cents = 0;
  for (let i = 0; i < count;) {
    const of = sids[i] as number;
    let to = i + 1;
    while (to < count && sids[to] === of) to++;
    reserve((to - i + 1) * mostBytes);
    put(zigzag(of - sid));
    put(to - i);
    sid = of;
    for (; i < to; i++) {
      const time = times[i] as number;
      const gap = time - atMs;
      if (!Number.isInteger(time) || Math.abs(gap) > most) return undefined;
      put(zigzag(gap - gapMs));
      atMs = time;
      gapMs = gap;
      const lo = (words[0] = bits[2 * i] as number);
      const hi = (words[1] = bits[2 * i + 1] as number);
      const value = double[0] as number;
      // Minus zero is no whole number here: its sign would be lost.
      if (value === Math.floor(value) && value <= most && value >= -most && (value !== 0 || hi === 0)) {
        put(zigzag(value - whole) * kindCount + kinds.whole);
        whole = value;
        continue;
      }
      const hundredfold = Math.round(value * 100);
      if (hundredfold / 100 === value && hundredfold <= most && hundredfold >= -most && hundredfold !== 0) {
        put(zigzag(hundredfold - cents) * kindCount + kinds.cents);
        cents = hundredfold;
      } else {
        put(kinds.bits);
        for (let b = 0; b < 4; b++) room[end++] = lo >>> (8 * b);
        for (let b = 0; b < 4; b++) room[end++] = hi >>> (8 * b);
      }
    }
  }
  return room.subarray(0, end);
}

function reserve(more: number): void {
  if (end + more <= room.length) return;
  const wider = new Uint8Array(Math.max(2 * room.length, end + more));
  wider.set(room.subarray(0, end));
  room = wider;
}

/** Reads `count` samples that `packSamples` wrote into `samples`. Throws unless they are exactly the bytes from `from` on. */
export function unpackSamples(
  bytes: Uint8Array,
  from: number,
  count: number,
  baseMs: number,
  samples: SampleColumnsStage,
): void {
  let at = from;
  const get = (): number => {
    let number = 0;
    for (let factor = 1; factor < 2 ** 56; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('samples of a transaction end too early');
      number += (byte & 127) * factor;
      if (byte < 128) return number;
    }
    throw new Error('a number of a transaction is too long');
  };
  const { sids, times, bits } = samples;
  let sid = 0;
  let atMs = baseMs;
  let gapMs = 0;
  let whole = 0;
  let cents = 0;
  for (let i = 0; i < count;) {
    sid += unzigzag(get());
    const to = i + get();
    if (to <= i || to > count) throw new Error('a transaction has more samples than it says');
    for (; i < to; i++) {
      gapMs += unzigzag(get());
      atMs += gapMs;
      sids[i] = sid;
      times[i] = atMs;
      const number = get();
      const kind = number % kindCount;
      if (kind === kinds.bits) {
        if (at + 8 > bytes.length) throw new Error('samples of a transaction end too early');
        for (let word = 0; word < 2; word++, at += 4)
          bits[2 * i + word] =
            (bytes[at] ?? 0) |
            ((bytes[at + 1] ?? 0) << 8) |
            ((bytes[at + 2] ?? 0) << 16) |
            ((bytes[at + 3] ?? 0) << 24);
        continue;
      }
      const difference = unzigzag((number - kind) / kindCount);
      if (kind === kinds.whole) double[0] = whole += difference;
      else double[0] = (cents += difference) / 100;
      bits[2 * i] = words[0] as number;
      bits[2 * i + 1] = words[1] as number;
    }
  }
  if (at !== bytes.length) throw new Error('a transaction has another length than it says');
}
