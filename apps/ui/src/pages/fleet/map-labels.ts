interface Spot {
  readonly code: string;
  readonly at: readonly [number, number] | null | undefined;
  readonly radius: number;
}

const letterPx = 7.6;
const linePx = 15;

/**
 * On which side of its circle each code is written, worst first: a code that would cover another is left out, as its
 * store is still marked and named under the pointer. `width` is the map's, in px like all else.
 */
export function freeLabels(spots: readonly Spot[], width: number): ReadonlyMap<string, 'left' | 'right'> {
  const taken: { left: number; right: number; y: number }[] = [];
  const sides = new Map<string, 'left' | 'right'>();
  for (const { code, at, radius } of spots) {
    if (at === null || at === undefined) continue;
    const [x, y] = at;
    const long = code.length * letterPx;
    for (const side of ['right', 'left'] as const) {
      const left = side === 'right' ? x + radius + 4 : x - radius - 4 - long;
      const right = left + long;
      const covers = taken.some((box) => Math.abs(box.y - y) < linePx && left < box.right && right > box.left);
      if (covers || left < 0 || right > width) continue;
      taken.push({ left, right, y });
      sides.set(code, side);
      break;
    }
  }
  return sides;
}
