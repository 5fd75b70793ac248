const rounds = 6;
const parts = 8;

/**
 * How much more one work of `size` costs than eight of an eighth of it: about 1 where the cost is linear, 8 where it grows with the
 * square. Both take about as long, in turn, so that what else the machine does slows both down; of each the quickest counts. `prepare` is
 * not counted. For tests: a bound in time would measure the machine.
 */
export async function costGrowth<T>(
  size: number,
  prepare: (size: number) => T | Promise<T>,
  work: (prepared: T) => unknown,
): Promise<number> {
  const took = async (count: number, of: number): Promise<number> => {
    const prepared: T[] = [];
    for (let n = 0; n < count; n++) prepared.push(await prepare(of));
    const began = performance.now();
    for (const one of prepared) work(one);
    return performance.now() - began;
  };
  let whole = Infinity;
  let divided = Infinity;
  for (let round = 0; round < rounds; round++) {
    whole = Math.min(whole, await took(1, size));
    divided = Math.min(divided, await took(parts, Math.round(size / parts)));
  }
  return whole / divided;
}

/** What `costGrowth` stays below unless the cost grows with the square. */
export const nearlyLinear = 4;
