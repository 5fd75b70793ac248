/** A range of buckets that a person is choosing: `anchor` where it began, `head` where it is now; both count. */
export interface Brush {
  readonly anchor: number;
  readonly head: number;
}

/** What a key does to a brush over `length` buckets; undefined when the key means nothing here. */
export type BrushKeyEffect =
  | { readonly kind: 'move'; readonly brush: Brush }
  | { readonly kind: 'apply'; readonly brush: Brush }
  | { readonly kind: 'clear' };

/**
 * Arrows move, Shift with arrows widens, Home and End go to the ends, Enter takes the range, Escape lets it go. Ten
 * buckets at a time with Page Up and Page Down.
 */
export function brushByKey(
  brush: Brush | undefined,
  key: string,
  shift: boolean,
  length: number,
): BrushKeyEffect | undefined {
  if (length <= 0) return undefined;
  if (key === 'Escape') return brush === undefined ? undefined : { kind: 'clear' };
  if (key === 'Enter') return brush === undefined ? undefined : { kind: 'apply', brush };
  const from = brush?.head ?? length;
  const target = targetOf(key, from, length);
  if (target === undefined) return undefined;
  const head = Math.max(0, Math.min(length - 1, target));
  return { kind: 'move', brush: { anchor: shift && brush !== undefined ? brush.anchor : head, head } };
}

function targetOf(key: string, from: number, length: number): number | undefined {
  switch (key) {
    case 'ArrowLeft':
      return from - 1;
    case 'ArrowRight':
      return from + 1;
    case 'PageUp':
      return from - 10;
    case 'PageDown':
      return from + 10;
    case 'Home':
      return 0;
    case 'End':
      return length - 1;
    default:
      return undefined;
  }
}

/** First and last bucket of a brush. */
export function brushEnds(brush: Brush): readonly [number, number] {
  return [Math.min(brush.anchor, brush.head), Math.max(brush.anchor, brush.head)];
}

/** The bucket under a pointer at `x` of `width` pixels. */
export function bucketAt(x: number, width: number, length: number): number {
  if (width <= 0 || length <= 0) return 0;
  return Math.max(0, Math.min(length - 1, Math.floor((x / width) * length)));
}
