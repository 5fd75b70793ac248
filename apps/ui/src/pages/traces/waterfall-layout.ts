import type { SpanNode, SpanTree } from './span-tree.ts';

/** One line of the waterfall. */
export interface WaterfallRow {
  readonly node: SpanNode;
  readonly depth: number;
  readonly collapsed: boolean;
}

/** Lines of the waterfall top to bottom; what lies below a span in `collapsed` is left out. */
export function layoutWaterfall(tree: SpanTree, collapsed: ReadonlySet<string>): readonly WaterfallRow[] {
  const rows: WaterfallRow[] = [];
  const stack = tree.roots.toReversed().map((node) => ({ node, depth: 0 }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, depth } = next;
    const isCollapsed = collapsed.has(node.span.spanId) && node.children.length > 0;
    rows.push({ node, depth, collapsed: isCollapsed });
    if (isCollapsed) continue;
    for (let index = node.children.length - 1; index >= 0; index -= 1) {
      const child = node.children[index];
      if (child !== undefined) stack.push({ node: child, depth: depth + 1 });
    }
  }
  return rows;
}

/**
 * Time of a span in which none of its children ran: what it waited for or computed itself. Pairs of nanoseconds from the
 * start of the trace, ascending.
 */
export function gapsOf(node: SpanNode): readonly (readonly [number, number])[] {
  if (node.children.length === 0) return [];
  const gaps: [number, number][] = [];
  let covered = node.startNs;
  for (const child of node.children) {
    const start = Math.min(child.startNs, node.endNs);
    if (start > covered) gaps.push([covered, start]);
    covered = Math.max(covered, Math.min(child.endNs, node.endNs));
  }
  if (covered < node.endNs) gaps.push([covered, node.endNs]);
  return gaps;
}

/** Shorter ones than this share of the trace are no hole in what is known, but the work of the span itself. */
const leastShare = 0.01;
const mostGaps = 20;

/**
 * Untraced time of a span: where none of its children ran for long enough to be asked about, in order of time, the longest twenty. A span without children
 * has none: it is measured as a whole.
 */
export function untracedIn(node: SpanNode, tree: SpanTree): readonly (readonly [number, number])[] {
  const least = tree.durationNs * leastShare;
  const long = gapsOf(node).filter(([from, to]) => to - from >= least && to > from);
  if (long.length <= mostGaps) return long;
  return long
    .toSorted((a, b) => b[1] - b[0] - (a[1] - a[0]))
    .slice(0, mostGaps)
    .toSorted((a, b) => a[0] - b[0]);
}

/** Time between the first start and the last end of a trace in which no span of it ran at all, nanoseconds. */
export function silentNs(tree: SpanTree): number {
  let covered = 0;
  let silent = 0;
  for (const { startNs, endNs } of [...tree.byId.values()].toSorted((a, b) => a.startNs - b.startNs)) {
    silent += Math.max(0, startNs - covered);
    covered = Math.max(covered, endNs);
  }
  return silent;
}

/** Duration less the time in which a child ran. */
export function selfTimeNs(node: SpanNode): number {
  if (node.children.length === 0) return node.endNs - node.startNs;
  return gapsOf(node).reduce((sum, [from, to]) => sum + to - from, 0);
}

/** Where a moment (ns since the epoch, as text) lies in the trace, as a share of its length; undefined when outside. */
export function placeOf(tsNs: string, tree: SpanTree): number | undefined {
  if (!/^\d{1,19}$/.test(tsNs) || tree.durationNs <= 0) return undefined;
  const share = Number(BigInt(tsNs) - tree.originNs) / tree.durationNs;
  return share >= 0 && share <= 1 ? share : undefined;
}

/** Spans from a root down to this one, without itself: what must be open for it to be seen. */
export function ancestorsOf(spanId: string, tree: SpanTree): readonly string[] {
  const path: string[] = [];
  const seen = new Set([spanId]);
  let parent = tree.byId.get(spanId)?.span.parentId ?? '';
  while (tree.byId.has(parent) && !seen.has(parent)) {
    path.unshift(parent);
    seen.add(parent);
    parent = tree.byId.get(parent)?.span.parentId ?? '';
  }
  return path;
}

/** How much of the track, in per cent, the words of a duration take, with some air. */
const tookWidth = 14;

/**
 * Where a span's duration stands on its track, in per cent: behind the bar; before it where the end is near; and on it where there is no room
 * at all, as near its middle as marks (logs, errors, events) leave room, so that neither end of the bar nor a mark is covered.
 */
export function tookPlace(
  { left, width }: { readonly left: number; readonly width: number },
  marks: readonly number[],
): { readonly inside: boolean; readonly style: { readonly left: string } | { readonly right: string } } {
  const right = left + width;
  if (right <= 82) return { inside: false, style: { left: `${right + 0.4}%` } };
  if (left >= 18) return { inside: false, style: { right: `${100 - left + 0.4}%` } };
  const middle = left + width / 2;
  const room = (at: number) => marks.reduce((least, mark) => Math.min(least, Math.abs(mark - at)), tookWidth / 2);
  let best = middle;
  for (let off = 2; off <= width / 2 - tookWidth / 2; off += 2) {
    for (const at of [middle - off, middle + off]) if (room(at) > room(best)) best = at;
  }
  return { inside: true, style: { left: `${best}%` } };
}
