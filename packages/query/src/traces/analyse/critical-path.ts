import type { TraceTree, TreeSpan } from './trace-tree.ts';

/** A stretch in which a span, and none of its children, was what the trace waited for. Nanoseconds since the trace's begin. */
export interface PathStep {
  readonly of: TreeSpan;
  readonly start: number;
  readonly end: number;
}

/**
 * The critical path, in order of time: from the end of the root that lasts longest backwards, always into the child that ended
 * last before, as CRISP (https://www.usenix.org/conference/atc22/presentation/zhang-zhizhou) does. Children that reach beyond their parent are cut to it; one that
 * began after its parent's end is not waited for.
 */
export function criticalPath(tree: TraceTree): PathStep[] {
  const root = tree.roots.reduce<TreeSpan | undefined>(
    (longest, one) => (longest && longest.end - longest.start >= one.end - one.start ? longest : one),
    undefined,
  );
  if (!root) return [];
  const steps: PathStep[] = [];
  const open = [{ of: root, from: root.start, to: root.end }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { of, from, to } = next;
    let at = to;
    for (const child of of.children.toSorted((a, b) => Math.min(b.end, to) - Math.min(a.end, to))) {
      const end = Math.min(child.end, to);
      const start = Math.max(child.start, from);
      // What was still under way when the next step began did not hold it up.
      if (end > at || end <= start) continue;
      if (end < at) steps.push({ of, start: end, end: at });
      open.push({ of: child, from: start, to: end });
      at = start;
    }
    if (at > from) steps.push({ of, start: from, end: at });
  }
  return steps.toSorted((a, b) => a.start - b.start);
}

/** A stretch of a span in which nothing recorded was under way before its next child began. */
export interface Gap {
  readonly of: TreeSpan;
  readonly start: number;
  readonly end: number;
  /** Undefined where the gap begins with the span itself. */
  readonly after: TreeSpan | undefined;
  readonly before: TreeSpan;
}

const mostGaps = 50;

/** Gaps of at least `leastNs`, the longest first, at most fifty. */
export function gapsOf(tree: TraceTree, leastNs: number): Gap[] {
  const gaps: Gap[] = [];
  for (const of of tree.spans) {
    let reached = of.start;
    let after: TreeSpan | undefined;
    for (const before of of.children) {
      const start = Math.min(before.start, of.end);
      if (start - reached >= leastNs && start > reached) gaps.push({ of, start: reached, end: start, after, before });
      if (before.end > reached) {
        reached = before.end;
        after = before;
      }
    }
  }
  return gaps.toSorted((a, b) => b.end - b.start - (a.end - a.start)).slice(0, mostGaps);
}
