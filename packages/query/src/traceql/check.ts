import { RE2JS } from 're2js';
import type { Field, Metric, MetricMath, Pipeline, Query, Scalar, Spanset } from './ast.ts';
import { Unreadable } from './lex.ts';

type Type = 'text' | 'number' | 'duration' | 'bool' | 'status' | 'kind' | 'nil' | 'any';

/** Values of an attribute that `compare()` may be asked for. */
const mostCompared = 1000;

const intrinsicTypes: Readonly<Record<string, Type>> = {
  duration: 'duration',
  traceDuration: 'duration',
  'event:timeSinceStart': 'duration',
  status: 'status',
  kind: 'kind',
  childCount: 'number',
  nestedSetLeft: 'number',
  nestedSetRight: 'number',
  nestedSetParent: 'number',
  parent: 'any',
};

/** Refuses what can never be true or has no value, with its place. Throws `Unreadable`. */
export function checkQuery({ pipeline, metric, math }: Query): void {
  if (math) checkMath(math);
  else {
    checkPipeline(pipeline);
    if (metric) checkMetric(metric);
  }
}

function checkMath(math: MetricMath): void {
  if (math.kind === 'arithmetic') for (const side of [math.left, math.right]) checkMath(side);
  else if (math.kind === 'staged') checkMath(math.of);
  else if (math.kind === 'query') {
    checkPipeline(math.pipeline);
    checkMetric(math.metric);
  }
}

function checkMetric(metric: Metric): void {
  if (metric.selection) checkSpanset(metric.selection);
  for (const field of metric.by) checkReference(field, 'by()');
  if (metric.of) {
    const type = typeOf(metric.of);
    if (!['number', 'duration', 'any'].includes(type))
      throw new Unreadable(`${metric.name} needs numbers, not ${type}`, metric.of.at);
  }
  if (metric.name === 'compare') {
    if (!(metric.top >= 1 && metric.top <= mostCompared && Number.isInteger(metric.top)))
      throw new Unreadable(`compare() takes between 1 and ${mostCompared} values of an attribute`, metric.at);
    const range = metric.selectionRange;
    if (range && !(range.from > 0 && range.to > range.from))
      throw new Unreadable('compare() takes a start and a later end, in nanoseconds since the epoch', metric.at);
    if (metric.stages.length > 0) throw new Unreadable('compare() cannot stand before topk or bottomk', metric.at);
  }
  if (metric.name === 'quantile_over_time') {
    if (metric.quantiles.length === 0)
      throw new Unreadable('quantile_over_time needs a quantile: quantile_over_time(duration, 0.95)', metric.at);
    if (metric.quantiles.some((q) => q < 0 || q > 1))
      throw new Unreadable('a quantile lies between 0 and 1', metric.at);
  }
}

function checkPipeline({ stages }: Pipeline): void {
  for (const stage of stages) {
    if (stage.kind === 'spanset') checkSpanset(stage.spanset);
    else if (stage.kind === 'by') checkGroup(stage.field);
    else if (stage.kind === 'select') for (const field of stage.fields) checkReference(field, 'select()');
    else if (stage.kind === 'scalar') for (const side of [stage.left, stage.right]) checkScalar(side);
  }
}

function checkScalar(scalar: Scalar): void {
  if (scalar.kind === 'arithmetic') for (const side of [scalar.left, scalar.right]) checkScalar(side);
  else if (scalar.kind === 'literal') {
    if (scalar.literal.type !== 'number' && scalar.literal.type !== 'duration')
      throw new Unreadable('expected a number or a duration', scalar.at);
  } else if (scalar.of) {
    const type = typeOf(scalar.of);
    if (!['number', 'duration', 'any'].includes(type))
      throw new Unreadable(`${scalar.name}() needs numbers, not ${type}`, scalar.of.at);
  }
}

function checkSpanset(spanset: Spanset): void {
  if (spanset.kind === 'pipeline') checkPipeline(spanset.pipeline);
  else if (spanset.kind !== 'filter') for (const side of [spanset.left, spanset.right]) checkSpanset(side);
  else if (spanset.condition) {
    const type = typeOf(spanset.condition);
    if (type !== 'bool' && type !== 'any')
      throw new Unreadable(`a filter must be true or false, this is ${type}`, spanset.condition.at);
  }
}

function checkReference(field: Field, where: string): void {
  if (field.kind !== 'attribute' && field.kind !== 'intrinsic')
    throw new Unreadable(`${where} takes attributes and intrinsics`, field.at);
}

/** What spans are grouped by: an attribute, an intrinsic, or what is reckoned of one. */
function checkGroup(field: Field): void {
  typeOf(field);
  if (!refers(field))
    throw new Unreadable('by() takes attributes and intrinsics, or what is reckoned of them', field.at);
}

function refers(field: Field): boolean {
  if (field.kind === 'literal') return false;
  if (field.kind === 'not' || field.kind === 'negate') return refers(field.operand);
  if (field.kind === 'attribute' || field.kind === 'intrinsic') return true;
  return refers(field.left) || refers(field.right);
}

/** The type of a field; `any` where only the record knows. Throws `Unreadable` where sides do not fit. */
function typeOf(field: Field): Type {
  switch (field.kind) {
    case 'literal':
      return field.literal.type;
    case 'attribute':
      return 'any';
    case 'intrinsic':
      return intrinsicTypes[field.name] ?? 'text';
    case 'not':
    case 'logic': {
      for (const side of field.kind === 'not' ? [field.operand] : [field.left, field.right]) {
        const type = typeOf(side);
        if (type !== 'bool' && type !== 'any') throw new Unreadable(`expected a condition, got ${type}`, side.at);
      }
      return 'bool';
    }
    case 'negate':
      return numeric(field.operand);
    case 'arithmetic': {
      const types = [numeric(field.left), numeric(field.right)];
      return types.includes('duration') ? 'duration' : types.includes('any') ? 'any' : 'number';
    }
    case 'compare':
      return checkComparison(field);
  }
}

function numeric(field: Field): Type {
  const type = typeOf(field);
  if (type !== 'number' && type !== 'duration' && type !== 'any')
    throw new Unreadable(`expected a number, got ${type}`, field.at);
  return type;
}

function checkComparison({ op, left, right, at }: Extract<Field, { kind: 'compare' }>): Type {
  const [l, r] = [typeOf(left), typeOf(right)];
  if (op === '=~' || op === '!~') {
    if (right.kind !== 'literal' || right.literal.type !== 'text')
      throw new Unreadable(`${op} needs a regular expression in quotes`, right.at);
    if (l !== 'text' && l !== 'any') throw new Unreadable(`${op} needs a text on its left, not ${l}`, left.at);
    try {
      RE2JS.compile(right.literal.value);
    } catch {
      throw new Unreadable('not a regular expression (RE2 syntax)', right.at);
    }
    return 'bool';
  }
  const one = (type: Type): Type => (type === 'duration' ? 'number' : type);
  if (l !== 'nil' && r !== 'nil' && l !== 'any' && r !== 'any' && one(l) !== one(r))
    throw new Unreadable(`cannot compare ${l} with ${r}`, at);
  if (!['=', '!='].includes(op) && [l, r].some((type) => ['bool', 'status', 'kind', 'nil'].includes(type))) {
    throw new Unreadable(`${op} needs an order; ${l === 'any' ? r : l} has none`, at);
  }
  return 'bool';
}
