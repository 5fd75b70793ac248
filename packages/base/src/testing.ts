import { setTimeout } from 'node:timers/promises';

const parts = 16;
/** Those in which code gets compiled and caches fill. */
const firstRounds = 2;
const enoughRounds = 6;
const mostRounds = 60;
/** Well below the time a test may take, so that a cost that grows too fast is told as its growth and not as a test too slow. */
const mostMs = 5000;

/** What `costGrowth` stays below unless the cost grows with the square. Caches alone make a linear cost grow by up to 3. */
export const nearlyLinear = 6;

/**
 * How much more one work of `size` costs than sixteen of a sixteenth of it: about 1 where the cost is linear, 16 where it grows with
 * the square. Of several rounds the quickest counts: what else the machine does only ever makes a round slower. So a growth that is
 * not nearly linear is measured again, up to 60 rounds or five seconds, which brings a linear cost below the bound and leaves a square
 * one at 16. `prepare` is not counted. For tests: a bound in time would measure the machine.
 */
export async function costGrowth<T>(
  size: number,
  prepare: (size: number) => T | Promise<T>,
  work: (prepared: T) => unknown,
): Promise<number> {
  const took = async (count: number, of: number): Promise<number> => {
    const prepared: T[] = [];
    for (let n = 0; n < count; n++) prepared.push(await prepare(of));
    // Who has just waited is interrupted last: the longer of the two works fits one turn on a busy processor too.
    await setTimeout(1);
    const began = performance.now();
    for (const one of prepared) work(one);
    return performance.now() - began;
  };
  let whole = Infinity;
  let divided = Infinity;
  const until = performance.now() + mostMs;
  for (let round = 0; round < mostRounds; round++) {
    const enough = round >= enoughRounds && whole / divided < nearlyLinear;
    if (enough || (round >= firstRounds && performance.now() > until)) break;
    whole = Math.min(whole, await took(1, size));
    divided = Math.min(divided, await took(parts, Math.round(size / parts)));
  }
  return whole / divided;
}
