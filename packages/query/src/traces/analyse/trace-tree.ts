import type { SpanRecord } from '../span-row.ts';

/** A span with its place in the trace. Times are nanoseconds since the trace's begin. */
export interface TreeSpan {
  readonly span: SpanRecord;
  readonly start: number;
  readonly end: number;
  readonly parent: TreeSpan | undefined;
  readonly children: TreeSpan[];
}

export interface TraceTree {
  /** In order of their start. */
  readonly spans: readonly TreeSpan[];
  /** Without a parent among the spans. */
  readonly roots: readonly TreeSpan[];
  readonly startNs: bigint;
  /** From the first begin to the last end. */
  readonly durationNs: number;
}

/**
 * The tree of a trace. A span whose parent is missing is a root; of spans with the same id the first counts as the parent; a
 * ring of parents is cut where it closes.
 */
export function treeOf(spans: readonly SpanRecord[]): TraceTree {
  const startNs = spans.reduce(
    (least, { startNs: own }) => {
      const ns = BigInt(own);
      return least === undefined || ns < least ? ns : least;
    },
    undefined as bigint | undefined,
  );
  if (startNs === undefined) return { spans: [], roots: [], startNs: 0n, durationNs: 0 };
  type Open = { -readonly [Key in keyof TreeSpan]: TreeSpan[Key] };
  const all = spans.map((span): Open => {
    const start = Number(BigInt(span.startNs) - startNs);
    return { span, start, end: start + span.durationNs, parent: undefined, children: [] };
  });
  all.sort((a, b) => a.start - b.start || b.end - a.end);
  const byId = new Map<string, Open>();
  for (const one of all) if (!byId.has(one.span.spanId)) byId.set(one.span.spanId, one);
  for (const one of all) {
    const parent = byId.get(one.span.parentId);
    // Only what has children already can close a ring.
    if (!parent || parent === one || (one.children.length > 0 && isBelow(parent, one))) continue;
    one.parent = parent;
    parent.children.push(one);
  }
  return {
    spans: all,
    roots: all.filter(({ parent }) => !parent),
    startNs,
    durationNs: all.reduce((last, { end }) => Math.max(last, end), 0),
  };
}

function isBelow(one: TreeSpan, above: TreeSpan): boolean {
  for (let at: TreeSpan | undefined = one; at; at = at.parent) if (at === above) return true;
  return false;
}

/** Nanoseconds of a span in which none of its children was under way. */
export function selfNs({ start, end, children }: TreeSpan): number {
  return end - start - covered(children, start, end);
}

/** Nanoseconds between `from` and `to` that are covered by at least one of the spans. */
function covered(spans: readonly TreeSpan[], from: number, to: number): number {
  let sum = 0;
  let reached = from;
  // Children stand in order of their start.
  for (const { start, end } of spans) {
    const begin = Math.max(start, reached);
    const stop = Math.min(end, to);
    if (stop <= begin) continue;
    sum += stop - begin;
    reached = stop;
  }
  return sum;
}
