/** Bits to columns, eight numbers at a time. */
import { asLongAs, f64, f64x2, i32, i32x4, i8x16, v128, when, type Code } from './code.ts';
import { spreadBytes, spreads } from './layout.ts';
import { FunctionCode } from './module.ts';

const bytes = (lanes: readonly number[]): number[] => lanes.flatMap((lane) => [0, 1, 2, 3].map((b) => 4 * lane + b));
/** Lanes of `a` moved up by so many, zeros (lanes 0 to 3 of the first) before them. */
const movedUp = (a: Code, by: number): Code =>
  i8x16.shuffle(v128.zero, a, bytes(Array.from({ length: 4 }, (_, lane) => (lane < by ? 0 : 4 + lane - by))));
const lastEverywhere = (a: Code): Code => i8x16.shuffle(a, a, bytes([3, 3, 3, 3]));
const upperTwo = (a: Code): Code => i8x16.shuffle(a, a, bytes([2, 3, 2, 3]));

const lanes = v128.const([0, 1, 2, 3]);

/**
 * `name(packed, width, from, to, into, start, base, scale)`: the numbers `from` to `to` (excluded) of those packed at `packed`, `width` bits each, as doubles at
 * `into` plus eight times their index, divided by `scale`. With `differences` each is the one before (`start` before the first) plus `base` plus what is
 * packed, and these sums less `start` must fit 32 bits; otherwise `start` plus what is packed plus `base` times the index, which must fit, too. Answers the last
 * number before it was divided. Reads up to 16 bytes behind the last number.
 */
export function unpackCode(name: string, differences: boolean): FunctionCode {
  const f = new FunctionCode(name, 'f64');
  const [packed, width, from, to, into] = f.parametersOf('i32', 5);
  const start = f.parameter('f64');
  const base = f.parameter('i32');
  const scale = f.parameter('f64');
  const [i, bit, at, spread, mask, sum] = f.variablesOf('i32', 6);
  const [four, before, bases, masks, starts, scales] = f.variablesOf('v128', 6);

  /** Sets `at` to the byte and `spread` to the line of the table for the number that begins at `bit`. */
  const aim = [
    ...at.set(i32.add(packed.get, i32.shrU(bit.get, i32.const(3)))),
    ...spread.set(
      i32.mul(i32.add(i32.mul(width.get, i32.const(8)), i32.and(bit.get, i32.const(7))), i32.const(spreadBytes)),
    ),
  ];
  const spreadOut = i32x4.shrU(
    [
      ...i32x4.mul(
        i8x16.swizzle(v128.load(at.get), v128.load(spread.get, spreads)),
        v128.load(spread.get, spreads + spreadBytes / 2),
      ),
    ],
    i32.const(7),
  );
  const address = i32.add(into.get, i32.mul(i.get, i32.const(8)));
  const scaled = (number: Code, divide: boolean): Code => (divide ? f64x2.div(number, scales.get) : number);
  /** Four numbers from `i` on, which is moved past them. */
  const unpackFour = (divide: boolean): Code => [
    ...aim,
    ...four.set(v128.and(spreadOut, masks.get)),
    ...(differences
      ? [
          ...four.set(i32x4.add(four.get, bases.get)),
          ...four.set(i32x4.add(four.get, movedUp(four.get, 1))),
          ...four.set(i32x4.add(i32x4.add(four.get, movedUp(four.get, 2)), before.get)),
          ...before.set(lastEverywhere(four.get)),
        ]
      : [...four.set(i32x4.add(four.get, before.get)), ...before.set(i32x4.add(before.get, bases.get))]),
    ...v128.store(address, scaled(f64x2.add(starts.get, f64x2.convertLow(four.get)), divide)),
    ...v128.store(address, scaled(f64x2.add(starts.get, f64x2.convertLow(upperTwo(four.get))), divide), 16),
    ...i.set(i32.add(i.get, i32.const(4))),
    ...bit.set(i32.add(bit.get, i32.mul(width.get, i32.const(4)))),
  ];
  const fours = (divide: boolean): Code => asLongAs(i32.leS(i.get, i32.sub(to.get, i32.const(4))), unpackFour(divide));
  const number = i32.and(
    i32.shrU(i32.load(i32.add(packed.get, i32.shrU(bit.get, i32.const(3)))), i32.and(bit.get, i32.const(7))),
    mask.get,
  );
  const one = [
    ...sum.set(i32.add(differences ? i32.add(sum.get, base.get) : i32.mul(i.get, base.get), number)),
    ...f64.store(address, f64.div(f64.add(start.get, f64.convert(sum.get)), scale.get)),
    ...i.set(i32.add(i.get, i32.const(1))),
    ...bit.set(i32.add(bit.get, width.get)),
  ];
  f.body = [
    ...i.set(from.get),
    ...bit.set(i32.mul(from.get, width.get)),
    ...mask.set(i32.sub(i32.shl(i32.const(1), width.get), i32.const(1))),
    ...masks.set(i32x4.splat(mask.get)),
    // Of a grid: `before` is where the next four lie on it, and they move on by four steps.
    ...bases.set(i32x4.splat(differences ? base.get : i32.mul(base.get, i32.const(4)))),
    ...(differences
      ? []
      : before.set(i32x4.add(i32x4.splat(i32.mul(from.get, base.get)), i32x4.mul(i32x4.splat(base.get), lanes)))),
    ...starts.set(f64x2.splat(start.get)),
    ...scales.set(f64x2.splat(scale.get)),
    ...when(f64.eq(scale.get, f64.const(1)), fours(false), fours(true)),
    ...sum.set(i32x4.last(differences ? before.get : four.get)),
    ...asLongAs(i32.ltS(i.get, to.get), one),
    ...f64.add(start.get, f64.convert(sum.get)),
  ];
  return f;
}
