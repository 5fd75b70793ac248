import type { SpanNode, SpanTree } from './span-tree.ts';

/** A stretch of time that the whole trace had to wait for, and the span that it was spent in. */
export interface CriticalSegment {
  readonly spanId: string;
  /** Nanoseconds from the start of the trace. */
  readonly fromNs: number;
  readonly toNs: number;
}

/**
 * The chain of spans that decided how long the trace took, ascending in time. Read from the end of the longest root
 * backwards: at each moment the child that finished last before it holds the trace up; where none does, the span itself.
 * Work that goes on after the root has answered is not on it. Segments do not overlap.
 */
export function criticalPath(tree: SpanTree): readonly CriticalSegment[] {
  const root = tree.roots.reduce<SpanNode | undefined>(
    (best, node) => (best === undefined || node.endNs - node.startNs > best.endNs - best.startNs ? node : best),
    undefined,
  );
  if (root === undefined) return [];
  const segments: CriticalSegment[] = [];
  const stack: { node: SpanNode; untilNs: number }[] = [{ node: root, untilNs: root.endNs }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    let cursor = next.untilNs;
    const { node } = next;
    const children = node.children.toSorted((a, b) => b.endNs - a.endNs);
    for (const child of children) {
      const endNs = Math.min(child.endNs, node.endNs);
      if (endNs > cursor || child.startNs >= cursor || child.startNs < node.startNs) continue;
      if (endNs <= child.startNs) continue;
      if (endNs < cursor) segments.push({ spanId: node.span.spanId, fromNs: endNs, toNs: cursor });
      stack.push({ node: child, untilNs: endNs });
      cursor = child.startNs;
    }
    if (cursor > node.startNs) segments.push({ spanId: node.span.spanId, fromNs: node.startNs, toNs: cursor });
  }
  return segments.toSorted((a, b) => a.fromNs - b.fromNs);
}

/** Segments of each span on the path. */
export function segmentsBySpan(segments: readonly CriticalSegment[]): ReadonlyMap<string, readonly CriticalSegment[]> {
  const bySpan = new Map<string, CriticalSegment[]>();
  for (const segment of segments) {
    const list = bySpan.get(segment.spanId);
    if (list === undefined) bySpan.set(segment.spanId, [segment]);
    else list.push(segment);
  }
  return bySpan;
}
