/**
 * WebAssembly as expressions: as much of the instruction set as this folder needs, under its own names
 * (https://webassembly.github.io/spec/core/binary/instructions.html). Operands come first, as on the machine's stack.
 */

/** Instructions that leave one value, or none. */
export type Code = readonly number[];

export type ValueType = 'i32' | 'f64' | 'v128';

export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const byte = rest & 127;
    if ((rest >> 7 === 0 && byte < 64) || (rest >> 7 === -1 && byte >= 64)) return [...bytes, byte];
    bytes.push(byte | 128);
  }
}

const unary =
  (...opcode: number[]) =>
  (a: Code): Code => [...a, ...opcode];
const binary =
  (...opcode: number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode];
const load =
  (...opcode: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...unsigned(offset)];
const store =
  (...opcode: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...opcode, 0, ...unsigned(offset)];
const vector = (opcode: number): [number, ...number[]] => [0xfd, ...unsigned(opcode)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: load(0x28),
  store: store(0x36),
  store16: store(0x3b),
  eqz: unary(0x45),
  ltS: binary(0x48),
  gtS: binary(0x4a),
  leS: binary(0x4c),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  shl: binary(0x74),
  shrU: binary(0x76),
};

export const f64 = {
  const: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  load: load(0x2b),
  store: store(0x39),
  eq: binary(0x61),
  gt: binary(0x64),
  le: binary(0x65),
  add: binary(0xa0),
  sub: binary(0xa1),
  div: binary(0xa3),
  convert: unary(0xb7),
};

export const v128 = {
  load: load(...vector(0x00)),
  store: store(...vector(0x0b)),
  /** One word of 64 bits, the other lane zero. */
  load64: load(...vector(0x5d)),
  /** The other lane from memory. */
  loadSecond: (address: Code, first: Code, offset = 0): Code => [
    ...address,
    ...first,
    ...vector(0x57),
    0,
    ...unsigned(offset),
    1,
  ],
  zero: [...vector(0x0c), ...new Uint8Array(16)] satisfies Code,
  const: (words: readonly number[]): Code => [...vector(0x0c), ...new Uint8Array(Int32Array.from(words).buffer)],
  and: binary(...vector(0x4e)),
  or: binary(...vector(0x50)),
  /** Of `a` where the mask is set, of `b` elsewhere. */
  select: (a: Code, b: Code, mask: Code): Code => [...a, ...b, ...mask, ...vector(0x52)],
  anyTrue: unary(...vector(0x53)),
};

export const i8x16 = {
  /** Bytes 0 to 15 of `a`, 16 to 31 of `b`. */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [...a, ...b, ...vector(0x0d), ...lanes],
  swizzle: binary(...vector(0x0e)),
};

export const i32x4 = {
  splat: unary(...vector(0x11)),
  last: (a: Code): Code => [...a, ...vector(0x1b), 3],
  gtS: binary(...vector(0x3b)),
  shrU: binary(...vector(0xad)),
  add: binary(...vector(0xae)),
  sub: binary(...vector(0xb1)),
  mul: binary(...vector(0xb5)),
};

export const i64x2 = {
  extendLow: unary(...vector(0xc7)),
};

export const f64x2 = {
  splat: unary(...vector(0x14)),
  of: (first: Code, second: Code): Code => [...first, ...vector(0x14), ...second, ...vector(0x22), 1],
  gt: binary(...vector(0x4a)),
  lt: binary(...vector(0x49)),
  le: binary(...vector(0x4b)),
  ge: binary(...vector(0x4c)),
  abs: unary(...vector(0xec)),
  add: binary(...vector(0xf0)),
  sub: binary(...vector(0xf1)),
  mul: binary(...vector(0xf2)),
  div: binary(...vector(0xf3)),
  /** Of the two lower whole numbers. */
  convertLow: unary(...vector(0xfe)),
};

const empty = 0x40;

/** One of two whole numbers. */
export const select = (a: Code, b: Code, condition: Code): Code => [...a, ...b, ...condition, 0x1b];

export const when = (condition: Code, then: Code, otherwise: Code = []): Code => [
  ...condition,
  0x04,
  empty,
  ...then,
  ...(otherwise.length > 0 ? [0x05, ...otherwise] : []),
  0x0b,
];

export const asLongAs = (condition: Code, body: Code): Code => [
  0x02,
  empty,
  0x03,
  empty,
  ...i32.eqz(condition),
  0x0d,
  1,
  ...body,
  0x0c,
  0,
  0x0b,
  0x0b,
];
