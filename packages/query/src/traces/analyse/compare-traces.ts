import type { SpanRecord } from '../span-row.ts';
import { sharesOf } from './analyse-trace.ts';
import { spoken } from './say.ts';
import { treeOf } from './trace-tree.ts';

interface Side {
  readonly calls: number;
  readonly errors: number;
  readonly totalMs: number;
  readonly selfMs: number;
}

export interface TraceComparison {
  readonly left: { readonly durationMs: number; readonly spans: number; readonly errors: number };
  readonly right: { readonly durationMs: number; readonly spans: number; readonly errors: number };
  readonly operations: {
    readonly service: string;
    readonly operation: string;
    readonly left: Side | null;
    readonly right: Side | null;
    /** Own time on the right minus on the left. */
    readonly deltaMs: number;
  }[];
  readonly sentence: string;
}

/** Two traces, operation by operation; the largest difference in own time first. */
export function compare(left: readonly SpanRecord[], right: readonly SpanRecord[]): TraceComparison {
  const [before, after] = [sidesOf(left), sidesOf(right)];
  const operations = [...new Set([...before.keys(), ...after.keys()])]
    .map((key) => {
      const [service = '', operation = ''] = key.split('\0');
      const [l, r] = [before.get(key) ?? null, after.get(key) ?? null];
      return { service, operation, left: l, right: r, deltaMs: (r?.selfMs ?? 0) - (l?.selfMs ?? 0) };
    })
    .toSorted((a, b) => Math.abs(b.deltaMs) - Math.abs(a.deltaMs));
  const [l, r] = [wholeOf(left), wholeOf(right)];
  return { left: l, right: r, operations, sentence: sentenceOf(r.durationMs - l.durationMs, operations) };
}

function sidesOf(spans: readonly SpanRecord[]): ReadonlyMap<string, Side> {
  const shares = sharesOf(treeOf(spans), new Map(), ({ service, name }) => [service, name]);
  return new Map(
    shares.map(({ key, calls, errors, totalMs, selfMs }) => [key.join('\0'), { calls, errors, totalMs, selfMs }]),
  );
}

function wholeOf(spans: readonly SpanRecord[]): TraceComparison['left'] {
  return {
    durationMs: treeOf(spans).durationNs / 1e6,
    spans: spans.length,
    errors: spans.filter(({ status }) => status === 'error').length,
  };
}

function sentenceOf(deltaMs: number, operations: TraceComparison['operations']): string {
  const most = operations.find((one) => Math.sign(one.deltaMs) === Math.sign(deltaMs));
  if (!most || Math.abs(deltaMs) < 1) return 'Both took the same time.';
  const [l, r] = [most.left?.calls ?? 0, most.right?.calls ?? 0];
  const calls = l === r ? '' : `, ${r} ${r === 1 ? 'call' : 'calls'} instead of ${l}`;
  const sign = most.deltaMs > 0 ? '+' : '−';
  return `The right one is ${spoken(deltaMs)} ${deltaMs > 0 ? 'slower' : 'faster'}: ${sign}${spoken(most.deltaMs)} in ${most.operation} (${most.service})${calls}.`;
}
