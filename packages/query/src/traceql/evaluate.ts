import { RE2JS } from 're2js';
import type { TraceTree, TreeSpan } from '../traces/analyse/trace-tree.ts';
import { calculate } from './calculate.ts';
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Field,
  Intrinsic,
  Pipeline,
  Scalar,
  Spanset,
  Structure,
} from './ast.ts';
import type { FullSpan } from './full-span.ts';

/** What a field is for one span; undefined where the span has none. */
export type FieldValue = string | number | boolean | undefined;

/** A trace at hand, with what its intrinsics need. */
export interface TraceAtHand {
  readonly tree: TraceTree;
  readonly root: TreeSpan | undefined;
  /** Left, right and parent number of each span in the nested set of the trace. */
  readonly nested: ReadonlyMap<TreeSpan, readonly [left: number, right: number, parent: number]>;
}

/** Spans that belong together after a pipeline, with the values that they were grouped by or judged on. */
export interface Group {
  readonly spans: readonly TreeSpan[];
  readonly values: Readonly<Record<string, FieldValue>>;
}

const patterns = new Map<string, RE2JS>();
const mostPatterns = 200;

/** Expressions match the whole value, as Tempo's do since 2.7. Linear time. */
function matches(pattern: string, text: string): boolean {
  let compiled = patterns.get(pattern);
  if (!compiled) {
    compiled = RE2JS.compile(pattern);
    if (patterns.size >= mostPatterns) patterns.clear();
    patterns.set(pattern, compiled);
  }
  return compiled.matches(text);
}

/** Makes a trace ready: the root is the earliest span without a parent. */
export function atHand(tree: TraceTree): TraceAtHand {
  const nested = new Map<TreeSpan, [number, number, number]>();
  let number = 0;
  for (const root of tree.roots) {
    // Each span is opened once and closed once; no recursion, chains may be long.
    const open: { readonly span: TreeSpan; next: number }[] = [{ span: root, next: 0 }];
    nested.set(root, [++number, 0, -1]);
    for (let top = open.at(-1); top; top = open.at(-1)) {
      const child = top.span.children[top.next++];
      const own = nested.get(top.span);
      if (child) {
        nested.set(child, [++number, 0, own?.[0] ?? -1]);
        open.push({ span: child, next: 0 });
      } else {
        if (own) own[1] = ++number;
        open.pop();
      }
    }
  }
  return { tree, root: tree.roots[0], nested };
}

/** The groups that are left of a trace; none where it does not match. */
export function runPipeline({ stages }: Pipeline, trace: TraceAtHand): Group[] {
  let groups: Group[] = [{ spans: trace.tree.spans, values: {} }];
  for (const stage of stages) {
    if (stage.kind === 'spanset') {
      groups = groups.map(({ spans, values }) => ({ spans: spansetOf(stage.spanset, spans, trace), values }));
    } else if (stage.kind === 'scalar') {
      groups = groups.flatMap(({ spans, values }) => {
        const [left, right] = [scalarOf(stage.left, spans, trace), scalarOf(stage.right, spans, trace)];
        const named = stage.left.kind === 'aggregate' ? { [aggregateName(stage.left)]: left } : {};
        return compareValues(stage.op, left, right) ? [{ spans, values: { ...values, ...named } }] : [];
      });
    } else if (stage.kind === 'by') {
      groups = groups.flatMap((group) => splitBy(stage.field, group, trace));
    } else if (stage.kind === 'coalesce') {
      const spans = new Set(groups.flatMap((group) => group.spans));
      groups = [{ spans: trace.tree.spans.filter((span) => spans.has(span)), values: {} }];
    }
    groups = groups.filter(({ spans }) => spans.length > 0);
  }
  return groups;
}

function splitBy(field: Field, { spans, values }: Group, trace: TraceAtHand): Group[] {
  const split = new Map<FieldValue, TreeSpan[]>();
  for (const span of spans) {
    const value = valueOf(field, span, trace);
    const list = split.get(value);
    if (list) list.push(span);
    else split.set(value, [span]);
  }
  return [...split].map(([value, own]) => ({ spans: own, values: { ...values, [`by(${nameOf(field)})`]: value } }));
}

function aggregateName({ name, of }: Extract<Scalar, { kind: 'aggregate' }>): string {
  return `${name}(${of ? nameOf(of) : ''})`;
}

/** How an attribute or intrinsic, or what is reckoned of them, is written. */
export function nameOf(field: Field): string {
  if (field.kind === 'intrinsic') return field.name;
  if (field.kind === 'literal') return 'value' in field.literal ? String(field.literal.value) : 'nil';
  if (field.kind === 'not' || field.kind === 'negate')
    return `${field.kind === 'not' ? '!' : '-'}${partOf(field.operand)}`;
  if (field.kind !== 'attribute') return `${partOf(field.left)} ${field.op} ${partOf(field.right)}`;
  const name = /[\s{}()=~!<>&|^,"]/.test(field.name) ? JSON.stringify(field.name) : field.name;
  return `${field.parent ? 'parent.' : ''}${field.scope === 'any' ? (field.parent ? '' : '.') : `${field.scope}.`}${name}`;
}

const partOf = (field: Field): string => ('left' in field ? `(${nameOf(field)})` : nameOf(field));

function spansetOf(spanset: Spanset, spans: readonly TreeSpan[], trace: TraceAtHand): readonly TreeSpan[] {
  switch (spanset.kind) {
    case 'filter': {
      const { condition } = spanset;
      return condition ? spans.filter((span) => isTrue(condition, span, trace)) : spans;
    }
    case 'pipeline': {
      const found = new Set(runPipeline(spanset.pipeline, trace).flatMap((group) => group.spans));
      return spans.filter((span) => found.has(span));
    }
    case 'logic': {
      const left = spansetOf(spanset.left, spans, trace);
      const right = spansetOf(spanset.right, spans, trace);
      if (spanset.op === '&&' && (left.length === 0 || right.length === 0)) return [];
      return union(spans, left, right);
    }
    case 'structure': {
      const left = spansetOf(spanset.left, spans, trace);
      const right = spansetOf(spanset.right, spans, trace);
      if (spanset.mode === '!') {
        const related = relatives(spanset.op, left, right);
        return right.filter((span) => !related.has(span));
      }
      const found = relatives(spanset.op, left, right);
      if (spanset.mode === '') return right.filter((span) => found.has(span));
      const others = relatives(opposite[spanset.op], right, left);
      return union(
        spans,
        right.filter((span) => found.has(span)),
        left.filter((span) => others.has(span)),
      );
    }
  }
}

const opposite: Readonly<Record<Structure, Structure>> = { '>': '<', '<': '>', '>>': '<<', '<<': '>>', '~': '~' };

/** Of `right` those that stand to one of `left` as the operator says: `>` its child, `<` its parent, `>>` below, `<<` above, `~` beside. */
function relatives(op: Structure, left: readonly TreeSpan[], right: readonly TreeSpan[]): ReadonlySet<TreeSpan> {
  const from = new Set(left);
  if (op === '>') return new Set(right.filter(({ parent }) => parent && from.has(parent)));
  if (op === '<') return new Set(right.filter(({ children }) => children.some((child) => from.has(child))));
  if (op === '~') {
    return new Set(right.filter((span) => span.parent?.children.some((other) => other !== span && from.has(other))));
  }
  if (op === '<<') {
    const above = new Set<TreeSpan>();
    for (const span of left) for (let at = span.parent; at && !above.has(at); at = at.parent) above.add(at);
    return new Set(right.filter((span) => above.has(span)));
  }
  const below = new Set<TreeSpan>();
  const open = left.flatMap(({ children }) => children);
  for (let span = open.pop(); span; span = open.pop()) {
    if (below.has(span)) continue;
    below.add(span);
    for (const child of span.children) open.push(child);
  }
  return new Set(right.filter((span) => below.has(span)));
}

function union(all: readonly TreeSpan[], ...parts: readonly (readonly TreeSpan[])[]): readonly TreeSpan[] {
  const found = new Set(parts.flat());
  return all.filter((span) => found.has(span));
}

function scalarOf(scalar: Scalar, spans: readonly TreeSpan[], trace: TraceAtHand): number | undefined {
  if (scalar.kind === 'literal')
    return typeof scalar.literal === 'object' && 'value' in scalar.literal && typeof scalar.literal.value === 'number'
      ? scalar.literal.value
      : undefined;
  if (scalar.kind === 'arithmetic')
    return arithmetic(scalar.op, scalarOf(scalar.left, spans, trace), scalarOf(scalar.right, spans, trace));
  const { name, of } = scalar;
  if (!of) return spans.length;
  const values = spans.map((span) => numberOf(valueOf(of, span, trace))).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  if (name === 'sum') return sum;
  if (name === 'avg') return sum / values.length;
  return values.reduce((best, value) => (name === 'min' ? Math.min(best, value) : Math.max(best, value)));
}

/** Whether a condition holds for a span. */
export function isTrue(condition: Field, span: TreeSpan, trace: TraceAtHand): boolean {
  const value = valueOf(condition, span, trace);
  return value === true || value === 'true';
}

/** What a field is for a span. */
export function valueOf(field: Field, span: TreeSpan, trace: TraceAtHand): FieldValue {
  switch (field.kind) {
    case 'literal':
      return 'value' in field.literal ? field.literal.value : undefined;
    case 'intrinsic':
      return intrinsicOf(field.name, span, trace);
    case 'attribute': {
      const of = field.parent ? span.parent : span;
      return of && attributeOf(field, of.span as FullSpan);
    }
    case 'not':
      return !isTrue(field.operand, span, trace);
    case 'negate': {
      const value = numberOf(valueOf(field.operand, span, trace));
      return value === undefined ? undefined : -value;
    }
    case 'arithmetic':
      return arithmetic(
        field.op,
        numberOf(valueOf(field.left, span, trace)),
        numberOf(valueOf(field.right, span, trace)),
      );
    case 'logic':
      return field.op === '&&'
        ? isTrue(field.left, span, trace) && isTrue(field.right, span, trace)
        : isTrue(field.left, span, trace) || isTrue(field.right, span, trace);
    case 'compare': {
      if (isNil(field.left) || isNil(field.right)) {
        const there = valueOf(isNil(field.left) ? field.right : field.left, span, trace) !== undefined;
        return field.op === '=' ? !there : there;
      }
      const many = manyOf(field.left, span);
      const right = valueOf(field.right, span, trace);
      if (many) return many.some((value) => compareValues(field.op, value, right));
      const left = valueOf(field.left, span, trace);
      const [list, flipped] = [elementsOf(field.left, left), elementsOf(field.right, right)];
      if (list && field.right.kind === 'literal') return compareElements(field.op, left, right, list);
      if (flipped && field.left.kind === 'literal')
        return compareElements(flippedOperators[field.op] ?? field.op, right, left, flipped);
      return compareValues(field.op, left, right);
    }
  }
}

/** Comparisons with their sides changed; expressions have none. */
export const flippedOperators: Readonly<Partial<Record<ComparisonOperator, ComparisonOperator>>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** The elements of an attribute that is a list, which is stored as JSON; undefined where it is none. */
function elementsOf(field: Field, value: FieldValue): string[] | undefined {
  if (field.kind !== 'attribute' || typeof value !== 'string' || !value.startsWith('[')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  return parsed.map((one: unknown) => (typeof one === 'string' ? one : one === null ? '' : JSON.stringify(one)));
}

/** As Tempo has it since 3.0: of a list any element may satisfy a comparison, for `!=` and `!~` all have to. */
function compareElements(
  op: ComparisonOperator,
  whole: FieldValue,
  right: FieldValue,
  list: readonly string[],
): boolean {
  const test = (value: FieldValue): boolean => compareValues(op, value, right);
  // No list is a number: one without elements satisfies nothing that is asked of numbers.
  if (typeof right === 'number') return op === '!=' ? list.length > 0 && list.every(test) : list.some(test);
  return op === '!=' || op === '!~' ? test(whole) && list.every(test) : test(whole) || list.some(test);
}

function isNil(field: Field): boolean {
  return field.kind === 'literal' && field.literal.type === 'nil';
}

/** A span has many events and links: any of them may satisfy a comparison. */
function manyOf(field: Field, { span }: TreeSpan): FieldValue[] | undefined {
  if (field.kind === 'attribute' && field.parent) return undefined;
  const { events, links, linkAttributes } = span as FullSpan;
  if (field.kind === 'attribute' && field.scope === 'event')
    return events.map(({ attributes }) => attributes[field.name]);
  if (field.kind === 'attribute' && field.scope === 'link')
    return linkAttributes.map((attributes) => attributes[field.name]);
  if (field.kind !== 'intrinsic') return undefined;
  if (field.name === 'event:name') return events.map(({ name }) => name);
  if (field.name === 'event:timeSinceStart') {
    return events.map(({ tsNs }) => Number(BigInt(tsNs) - BigInt(span.startNs)));
  }
  if (field.name === 'link:traceID') return links.map(({ traceId }) => traceId);
  return field.name === 'link:spanID' ? links.map(({ spanId }) => spanId) : undefined;
}

function attributeOf({ scope, name }: Extract<Field, { kind: 'attribute' }>, span: FullSpan): FieldValue {
  const own = (map: Readonly<Record<string, string>>): string | undefined =>
    Object.hasOwn(map, name) ? map[name] : undefined;
  const resource = (): string | undefined => (name === 'service.name' ? span.service : own(span.resource));
  if (scope === 'span') return own(span.attributes);
  if (scope === 'resource') return resource();
  if (scope === 'event')
    return span.events.map(({ attributes }) => own(attributes)).find((value) => value !== undefined);
  if (scope === 'link') return span.linkAttributes.map(own).find((value) => value !== undefined);
  if (scope === 'instrumentation') return undefined;
  return own(span.attributes) ?? resource();
}

function intrinsicOf(name: Intrinsic, at: TreeSpan, { tree, root, nested }: TraceAtHand): FieldValue {
  const span = at.span as FullSpan;
  switch (name) {
    case 'duration':
      return span.durationNs;
    case 'name':
      return span.name;
    case 'status':
      return span.status;
    case 'statusMessage':
      return span.statusMessage;
    case 'kind':
      return span.kind;
    case 'childCount':
      return at.children.length;
    case 'parent':
    case 'span:parentID':
      return span.parentId === '' ? undefined : span.parentId;
    case 'rootName':
      return root?.span.name;
    case 'rootServiceName':
      return root?.span.service;
    case 'traceDuration':
      return tree.durationNs;
    case 'nestedSetLeft':
      return nested.get(at)?.[0];
    case 'nestedSetRight':
      return nested.get(at)?.[1];
    case 'nestedSetParent':
      return nested.get(at)?.[2];
    case 'span:id':
      return span.spanId;
    case 'trace:id':
      return span.traceId;
    case 'instrumentation:name':
      return span.scopeName === '' ? undefined : span.scopeName;
    case 'instrumentation:version':
      return undefined;
    case 'event:name':
      return span.events[0]?.name;
    case 'event:timeSinceStart':
      return span.events[0] && Number(BigInt(span.events[0].tsNs) - BigInt(span.startNs));
    case 'link:traceID':
      return span.links[0]?.traceId;
    case 'link:spanID':
      return span.links[0]?.spanId;
  }
}

const numericText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A number, or a text that is one: attributes are stored as text. */
export function numberOf(value: FieldValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && numericText.test(value) ? Number(value) : undefined;
}

function arithmetic(op: ArithmeticOperator, left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  return calculate(op, left, right);
}

/** What is missing equals nothing and differs from nothing: only `nil` asks for it. */
export function compareValues(op: ComparisonOperator, left: FieldValue, right: FieldValue): boolean {
  if (left === undefined || right === undefined) return false;
  if (op === '=~') return matches(String(right), String(left));
  if (op === '!~') return !matches(String(right), String(left));
  const asNumbers = typeof left === 'number' || typeof right === 'number' || (op !== '=' && op !== '!=');
  const [l, r] = asNumbers ? [numberOf(left), numberOf(right)] : [undefined, undefined];
  if (l !== undefined && r !== undefined) return ordered(op, l, r);
  if (typeof left === 'number' || typeof right === 'number') return false;
  return ordered(op, String(left), String(right));
}

function ordered<T extends number | string>(op: ComparisonOperator, left: T, right: T): boolean {
  if (op === '=') return left === right;
  if (op === '!=') return left !== right;
  if (op === '<') return left < right;
  if (op === '<=') return left <= right;
  return op === '>' ? left > right : left >= right;
}
