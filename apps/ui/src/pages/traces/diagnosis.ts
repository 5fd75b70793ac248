import type { Span } from '@sightline/contract';
import { formatNs, formatShare } from '../../charts/number-format.ts';
import { criticalPath } from './critical-path.ts';
import type { SpanNode, SpanTree } from './span-tree.ts';

/** What a trace spent its time on, and what broke it. */
export interface TraceDiagnosis {
  /** `82 % of 2.3 s in SELECT … FROM inventory, 41 calls`. */
  readonly sentence: string;
  readonly operation: string;
  readonly service: string;
  /** Part of the trace's time that it waited for this operation, 0 to 1. */
  readonly share: number;
  /** Spans of that operation in the trace. */
  readonly calls: number;
  readonly totalNs: number;
  /** The longest of its spans: where a reader should look first. */
  readonly spanId: string;
  /** The span in which the failure began, when the trace failed. */
  readonly failure: { readonly spanId: string; readonly sentence: string } | null;
}

const sqlShapes: readonly (readonly [RegExp, string])[] = [
  [/^\s*select\b[\s\S]*?\bfrom\s+([\w."`[\]]+)/i, 'SELECT … FROM $1'],
  [/^\s*insert\s+into\s+([\w."`[\]]+)/i, 'INSERT INTO $1'],
  [/^\s*update\s+([\w."`[\]]+)\s+set\b/i, 'UPDATE $1'],
  [/^\s*delete\s+from\s+([\w."`[\]]+)/i, 'DELETE FROM $1'],
];
const longestName = 80;

/**
 * The operation behind a span name: SQL by verb and table, and ids, numbers and quoted values as `?`, so that calls of
 * one kind count together.
 */
export function normaliseOperation(name: string): string {
  for (const [shape, text] of sqlShapes) {
    const table = shape.exec(name)?.[1];
    if (table !== undefined) return text.replace('$1', () => table.replaceAll(/["`[\]]/g, ''));
  }
  const plain = name
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '?')
    .replaceAll(/'[^']*'/g, '?')
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b/gi, '?')
    .replaceAll(/(?<=[/\s:=_#-]|^)\d+(?=[/\s:?&=,_-]|$)/g, '?')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return plain.length > longestName ? `${plain.slice(0, longestName - 1)}…` : plain;
}

/** The operation of a span: its statement where it carries one, as `db.query.text` says more than `pg.query`. */
export function operationOf(span: Span): string {
  const statement = span.attributes['db.query.text'] ?? span.attributes['db.statement'];
  if (statement !== undefined && sqlShapes.some(([shape]) => shape.test(statement)))
    return normaliseOperation(statement);
  return normaliseOperation(span.name) || 'unnamed span';
}

interface Group {
  operation: string;
  service: string;
  waitedNs: number;
  calls: number;
  longest: SpanNode | undefined;
}

/**
 * Names the operation that the trace waited for most, by time on the critical path: so shares add up to one, and work
 * that ran beside other work does not count twice. Null for a trace without spans.
 */
export function diagnoseTrace(tree: SpanTree): TraceDiagnosis | null {
  const groups = new Map<string, Group>();
  const groupOf = (span: Span): Group => {
    const operation = operationOf(span);
    const key = `${span.service}\n${operation}`;
    const group = groups.get(key) ?? { operation, service: span.service, waitedNs: 0, calls: 0, longest: undefined };
    groups.set(key, group);
    return group;
  };
  for (const node of tree.byId.values()) {
    const group = groupOf(node.span);
    group.calls += 1;
    if (group.longest === undefined || length(node) > length(group.longest)) group.longest = node;
  }
  const path = criticalPath(tree);
  for (const { spanId, fromNs, toNs } of path) {
    const span = tree.byId.get(spanId)?.span;
    if (span !== undefined) groupOf(span).waitedNs += toNs - fromNs;
  }
  const totalNs = path.reduce((sum, { fromNs, toNs }) => sum + toNs - fromNs, 0);
  const most = [...groups.values()].toSorted((a, b) => b.waitedNs - a.waitedNs)[0];
  if (most === undefined) return null;
  const share = totalNs > 0 ? most.waitedNs / totalNs : 0;
  return {
    sentence: sentenceOf(most, share, totalNs, tree.byId.size),
    operation: most.operation,
    service: most.service,
    share,
    calls: most.calls,
    totalNs,
    spanId: most.longest?.span.spanId ?? '',
    failure: failureOf(tree),
  };
}

function length(node: SpanNode): number {
  return node.endNs - node.startNs;
}

function sentenceOf(group: Group, share: number, totalNs: number, spans: number): string {
  if (spans === 1) return `One span: ${formatNs(totalNs)} in ${group.operation}`;
  if (totalNs === 0) return `No time was measured in ${spans} spans`;
  const calls = group.calls > 1 ? `, ${group.calls.toLocaleString('en-US')} calls` : '';
  const where = `${formatShare(share)} of ${formatNs(totalNs)} in ${group.operation}${calls}`;
  return share < 0.2 ? `No single cause: at most ${where}` : where;
}

/** The failure began in the deepest failed span that has no failed span below it, the earliest of those to end. */
function failureOf(tree: SpanTree): TraceDiagnosis['failure'] {
  let first: SpanNode | undefined;
  for (const node of tree.byId.values()) {
    if (node.span.status !== 'error' || node.children.some(({ failed }) => failed)) continue;
    if (first === undefined || node.endNs < first.endNs) first = node;
  }
  if (first === undefined) return null;
  const { span } = first;
  const thrown = span.events.find(({ name }) => name === 'exception')?.attributes;
  const reason = span.statusMessage || thrown?.['exception.message'] || span.attributes['error.type'] || '';
  const where = `failed in ${operationOf(span)} (${span.service || 'unknown service'})`;
  return { spanId: span.spanId, sentence: reason === '' ? where : `${where}: ${reason}` };
}
