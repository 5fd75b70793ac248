import type { SpanNode, SpanTree } from './span-tree.ts';

/** A span as a bar: its place along the time as shares of the whole, its row from the top. */
export interface FlameBar {
  readonly node: SpanNode;
  /** 0 for a root, or for the span that is zoomed to. */
  readonly depth: number;
  readonly row: number;
  readonly left: number;
  readonly width: number;
  /** Bar of the parent; undefined for a root. */
  readonly parent: FlameBar | undefined;
}

export interface Flame {
  /** Top to bottom; bars of a row from left to right, never over each other. */
  readonly rows: readonly (readonly FlameBar[])[];
  readonly byId: ReadonlyMap<string, FlameBar>;
  /** The time shown, in nanoseconds from the start of the trace. */
  readonly startNs: number;
  readonly endNs: number;
}

interface Waiting {
  readonly node: SpanNode;
  readonly depth: number;
  readonly parent: Waiting | undefined;
  /** Start, or the parent's turn where a clock is wrong and the child starts before it: parents take their place first. */
  readonly turn: number;
}

/**
 * Spans as rows under their parents, across the time. A span takes the first row below its parent's that is free for its
 * time: siblings at the same time go under each other. With `zoom` (a span's id) only what is below it, over the full
 * width; an id that is not there shows everything. n spans take n log n, and no recursion: a chain may be 10,000 deep.
 */
export function layoutFlame(tree: SpanTree, zoom = ''): Flame {
  const top = tree.byId.get(zoom);
  const waiting = collect(top === undefined ? tree.roots : [top]);
  let startNs = top === undefined ? 0 : top.startNs;
  let endNs = top === undefined ? tree.durationNs : top.endNs;
  for (const { node } of waiting) {
    startNs = Math.min(startNs, node.startNs);
    endNs = Math.max(endNs, node.endNs);
  }
  const lengthNs = Math.max(1, endNs - startNs);
  const free = new FreeRows(waiting.length);
  const rows: FlameBar[][] = [];
  const byId = new Map<string, FlameBar>();
  for (const { node, depth, parent } of waiting) {
    const above = parent === undefined ? undefined : byId.get(parent.node.span.spanId);
    const row = free.take(
      above === undefined ? 0 : above.row + 1,
      node.startNs,
      Math.max(node.endNs, node.startNs + 1),
    );
    const left = (node.startNs - startNs) / lengthNs;
    const bar: FlameBar = { node, depth, row, left, width: (node.endNs - node.startNs) / lengthNs, parent: above };
    byId.set(node.span.spanId, bar);
    (rows[row] ??= []).push(bar);
  }
  return { rows, byId, startNs, endNs };
}

/** Every span from these down, in the order in which they take their rows. */
function collect(roots: readonly SpanNode[]): readonly Waiting[] {
  const all: Waiting[] = roots.map((node) => ({ node, depth: 0, parent: undefined, turn: node.startNs }));
  for (let index = 0; index < all.length; index += 1) {
    const parent = all[index];
    if (parent === undefined) break;
    for (const node of parent.node.children) {
      all.push({ node, depth: parent.depth + 1, parent, turn: Math.max(node.startNs, parent.turn) });
    }
  }
  return all.toSorted((a, b) => a.turn - b.turn || a.depth - b.depth || b.node.endNs - a.node.endNs);
}

/** Until when each row is taken, as a tree of minima: the first free row from another on is found in log n. */
class FreeRows {
  readonly #size: number;
  readonly #until: Float64Array;

  constructor(rows: number) {
    // One more than there are spans: a row is always free, also below the deepest.
    this.#size = 2 ** Math.ceil(Math.log2(rows + 1));
    this.#until = new Float64Array(2 * this.#size).fill(Number.NEGATIVE_INFINITY);
  }

  /** The first row from `from` on that is free at `startNs`; it is taken until `endNs`. */
  take(from: number, startNs: number, endNs: number): number {
    const fits = (at: number): boolean => (this.#until[at] ?? Number.POSITIVE_INFINITY) <= startNs;
    let at = from + this.#size;
    while (!fits(at)) {
      // Up while this is a right half, then to the neighbour on the right.
      while (at % 2 === 1 && at > 1) at = (at - 1) / 2;
      at += 1;
    }
    while (at < this.#size) at = fits(2 * at) ? 2 * at : 2 * at + 1;
    const row = at - this.#size;
    this.#until[at] = Math.max(this.#until[at] ?? endNs, endNs);
    for (at = Math.floor(at / 2); at >= 1; at = Math.floor(at / 2)) {
      this.#until[at] = Math.min(this.#until[2 * at] ?? endNs, this.#until[2 * at + 1] ?? endNs);
    }
    return row;
  }
}

/** Where a bar lies along its row, as shares of the whole. */
interface PlacedBar {
  readonly left: number;
  readonly width: number;
}

/** What is drawn for a bar, or for several too narrow to be told apart. */
export interface JoinedBar<Bar extends PlacedBar> {
  /** The longest of them. */
  readonly bar: Bar;
  readonly leftPx: number;
  readonly widthPx: number;
  /** How many they are. */
  readonly bars: number;
  /** Whether any of them failed. */
  readonly failed: boolean;
}
export type DrawnBar = JoinedBar<FlameBar>;

/** Narrower than this nothing can be seen or pressed. */
const leastPx = 3;

/** Bars of a row at this width. Those narrower than can be seen join their neighbour; the one named `keep` stays by itself. */
export function drawRow(bars: readonly FlameBar[], widthPx: number, keep = ''): readonly DrawnBar[] {
  return joinBars(bars, widthPx, {
    kept: ({ node }) => node.span.spanId === keep,
    failed: ({ node }) => node.span.status === 'error',
  });
}

/** As `drawRow`, for bars of any kind, from left to right. */
export function joinBars<Bar extends PlacedBar>(
  bars: readonly Bar[],
  widthPx: number,
  is: { readonly kept: (bar: Bar) => boolean; readonly failed: (bar: Bar) => boolean },
): readonly JoinedBar<Bar>[] {
  const drawn: JoinedBar<Bar>[] = [];
  for (const bar of bars) {
    const leftPx = Math.min(bar.left * widthPx, Math.max(0, widthPx - leastPx));
    const barPx = bar.width * widthPx;
    const failed = is.failed(bar);
    const last = drawn.at(-1);
    const narrow = barPx < leastPx && !is.kept(bar);
    const joins = last !== undefined && !is.kept(last.bar) && last.leftPx + last.widthPx > leftPx + 0.01;
    if (last !== undefined && narrow && joins && last.bar.width * widthPx < leastPx) {
      drawn[drawn.length - 1] = {
        ...last,
        bar: bar.width > last.bar.width ? bar : last.bar,
        bars: last.bars + 1,
        failed: last.failed || failed,
      };
    } else drawn.push({ bar, leftPx, widthPx: Math.max(leastPx, barPx), bars: 1, failed });
  }
  return drawn;
}
