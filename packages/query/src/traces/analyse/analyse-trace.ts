import type { SpanRecord } from '../span-row.ts';
import { criticalPath, gapsOf } from './critical-path.ts';
import { labelOf, percent, spoken } from './say.ts';
import { selfNs, treeOf, type TraceTree, type TreeSpan } from './trace-tree.ts';

export interface OperationShare {
  readonly service: string;
  readonly operation: string;
  readonly calls: number;
  readonly errors: number;
  readonly totalMs: number;
  readonly selfMs: number;
  readonly pathMs: number;
}

export interface TraceAnalysis {
  readonly diagnosis: string;
  readonly durationMs: number;
  readonly criticalPath: { readonly spanId: string; readonly startNs: string; readonly durationNs: number }[];
  readonly gaps: {
    readonly spanId: string;
    readonly startNs: string;
    readonly durationNs: number;
    readonly after: string;
    readonly before: string;
  }[];
  readonly operations: OperationShare[];
}

/** A gap is worth telling from this share of the trace on, and from this many nanoseconds. */
const gapShare = 0.05;
const leastGapNs = 1_000_000;

/** Where the time of a trace went. Everything is bounded by the trace's own size. */
export function analyse(spans: readonly SpanRecord[]): TraceAnalysis {
  const tree = treeOf(spans);
  const path = criticalPath(tree);
  const pathNs = new Map<TreeSpan, number>();
  for (const { of, start, end } of path) pathNs.set(of, (pathNs.get(of) ?? 0) + end - start);
  const at = (offset: number): string => String(tree.startNs + BigInt(Math.round(offset)));
  const gaps = gapsOf(tree, Math.max(leastGapNs, tree.durationNs * gapShare));
  const operations = sharesOf(tree, pathNs, ({ service, name }) => [service, name]);
  return {
    diagnosis: diagnose(tree, pathNs),
    durationMs: tree.durationNs / 1e6,
    criticalPath: path.map(({ of, start, end }) => ({
      spanId: of.span.spanId,
      startNs: at(start),
      durationNs: end - start,
    })),
    gaps: gaps.map(({ of, start, end, after, before }) => ({
      spanId: of.span.spanId,
      startNs: at(start),
      durationNs: end - start,
      after: after?.span.spanId ?? '',
      before: before.span.spanId,
    })),
    operations: operations.map(({ key: [service, operation], ...rest }) => ({ service, operation, ...rest })),
  };
}

type Key = readonly [service: string, operation: string];
interface Share extends Omit<OperationShare, 'service' | 'operation'> {
  readonly key: Key;
}

/** Spans folded by a key, most time on the critical path first. */
export function sharesOf(
  tree: TraceTree,
  pathNs: ReadonlyMap<TreeSpan, number>,
  keyOf: (span: SpanRecord) => Key,
): Share[] {
  const shares = new Map<string, { -readonly [Name in keyof Share]: Share[Name] }>();
  for (const one of tree.spans) {
    const key = keyOf(one.span);
    const name = key.join('\0');
    const share = shares.get(name) ?? { key, calls: 0, errors: 0, totalMs: 0, selfMs: 0, pathMs: 0 };
    share.calls++;
    if (one.span.status === 'error') share.errors++;
    share.totalMs += (one.end - one.start) / 1e6;
    share.selfMs += selfNs(one) / 1e6;
    share.pathMs += (pathNs.get(one) ?? 0) / 1e6;
    shares.set(name, share);
  }
  return [...shares.values()].toSorted((a, b) => b.pathMs - a.pathMs || b.selfMs - a.selfMs);
}

/** Less than this on one operation is no diagnosis. */
const worthSaying = 0.25;

/** One line: what most of the time went into, and where it first failed. '' for an empty trace. */
function diagnose(tree: TraceTree, pathNs: ReadonlyMap<TreeSpan, number>): string {
  const [most] = sharesOf(tree, pathNs, (span) => [span.service, labelOf(span)]);
  if (!most || tree.durationNs === 0) return failureOf(tree);
  const totalMs = [...pathNs.values()].reduce((sum, ns) => sum + ns, 0) / 1e6;
  const share = most.pathMs / totalMs;
  const [service, label] = most.key;
  const calls = most.calls > 1 ? `, ${most.calls} calls` : '';
  const time =
    share >= worthSaying
      ? `${percent(share)} of ${spoken(totalMs)} in ${label} (${service})${calls}`
      : `${spoken(totalMs)} spread widely: the most, ${percent(share)}, in ${label} (${service})${calls}`;
  const failure = failureOf(tree);
  return failure === '' ? time : `${time}; ${failure}`;
}

/** The failed span that no failed child explains; the earliest to end. */
function failureOf({ spans }: TraceTree): string {
  const failed = spans.filter(
    ({ span, children }) => span.status === 'error' && !children.some((child) => child.span.status === 'error'),
  );
  const first = failed.toSorted((a, b) => a.end - b.end)[0];
  if (!first) return '';
  const { service, statusMessage } = first.span;
  const why = statusMessage === '' ? '' : `: ${statusMessage.slice(0, 120)}`;
  return `failed in ${labelOf(first.span)} (${service})${why}`;
}
