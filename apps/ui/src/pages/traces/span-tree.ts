import type { Span } from '@sightline/contract';

/** A span in its place: times in nanoseconds from the start of the trace. */
export interface SpanNode {
  readonly span: Span;
  readonly startNs: number;
  readonly endNs: number;
  readonly children: readonly SpanNode[];
  /** Set when the parent is named but was not received. */
  readonly orphan: boolean;
  /** Spans below, at any depth. */
  readonly below: number;
  /** Whether this or a span below it failed. */
  readonly failed: boolean;
}

export interface SpanTree {
  /** Roots and orphans by start. */
  readonly roots: readonly SpanNode[];
  readonly byId: ReadonlyMap<string, SpanNode>;
  /** Start of the trace, nanoseconds since the epoch. */
  readonly originNs: bigint;
  /** From the first start to the last end. */
  readonly durationNs: number;
}

interface Draft {
  span: Span;
  startNs: number;
  endNs: number;
  children: Draft[];
  orphan: boolean;
  below: number;
  failed: boolean;
}

function toNs(text: string, fallbackMs: number): bigint {
  return /^\d{1,19}$/.test(text) ? BigInt(text) : BigInt(Math.max(0, Math.round(fallbackMs))) * 1_000_000n;
}

/**
 * Spans as a forest. Never fails on bad input: a parent that is missing makes a root, a span sent twice counts once, and
 * spans that are each other's parents are cut open at the earliest. Works without recursion, as a chain may be 10,000 deep.
 */
export function buildSpanTree(spans: readonly Span[]): SpanTree {
  const starts = spans.map((span) => toNs(span.startNs, span.at));
  let originNs = starts[0] ?? 0n;
  for (const start of starts) if (start < originNs) originNs = start;
  const drafts = new Map<string, Draft>();
  spans.forEach((span, index) => {
    if (drafts.has(span.spanId)) return;
    const startNs = Number((starts[index] ?? 0n) - originNs);
    const endNs = startNs + Math.max(0, span.durationNs);
    drafts.set(span.spanId, {
      span,
      startNs,
      endNs,
      children: [],
      orphan: false,
      below: 0,
      failed: span.status === 'error',
    });
  });
  const ordered = [...drafts.values()].toSorted((a, b) => a.startNs - b.startNs || b.endNs - a.endNs);
  const roots: Draft[] = [];
  for (const draft of ordered) {
    const parent = parentOf(draft, drafts);
    if (parent === undefined) {
      draft.orphan = draft.span.parentId !== '' && !drafts.has(draft.span.parentId);
      roots.push(draft);
    } else parent.children.push(draft);
  }
  cutCycles(ordered, roots);
  countBelow(roots);
  let durationNs = 0;
  for (const { endNs } of ordered) durationNs = Math.max(durationNs, endNs);
  return { roots, byId: drafts, originNs, durationNs };
}

function parentOf(draft: Draft, drafts: ReadonlyMap<string, Draft>): Draft | undefined {
  const { parentId, spanId } = draft.span;
  return parentId === spanId ? undefined : drafts.get(parentId);
}

/** Whatever no root reaches stands on a cycle: its earliest span becomes a root of its own. */
function cutCycles(ordered: readonly Draft[], roots: Draft[]): void {
  const reached = new Set<Draft>();
  const reach = (from: Draft) => {
    const stack = [from];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      stack.push(...next.children);
    }
  };
  for (const root of roots) reach(root);
  if (reached.size === ordered.length) return;
  for (const draft of ordered) {
    if (reached.has(draft)) continue;
    for (const other of ordered) other.children = other.children.filter((child) => child !== draft);
    roots.push(draft);
    reach(draft);
  }
}

function countBelow(roots: readonly Draft[]): void {
  const order: Draft[] = [];
  const stack = [...roots];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    order.push(next);
    stack.push(...next.children);
  }
  for (const draft of order.toReversed()) {
    for (const child of draft.children) {
      draft.below += child.below + 1;
      if (child.failed) draft.failed = true;
    }
  }
}
