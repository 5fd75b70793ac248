/**
 * Neumaier's summation: what rounding lost of a sum is carried beside it. An infinite sum forgets the loss, so that it stays
 * infinite. Returns the new sum; the new loss is in `lost`.
 */
export function addCompensated(increment: number, sum: number, loss: number): number {
  const total = sum + increment;
  if (total === Infinity || total === -Infinity) lost = 0;
  else if (Math.abs(sum) >= Math.abs(increment)) lost = loss + (sum - total + increment);
  else lost = loss + (increment - total + sum);
  return total;
}
/** What the last `addCompensated` lost. */
export let lost = 0;
