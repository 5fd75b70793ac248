import { TemplateFailure, type TemplateValue } from './template-value.ts';

type Comparison = (args: readonly TemplateValue[]) => boolean;

/** Go compares what is of one kind: whole numbers, floats, texts, truth values. */
function checked(a: TemplateValue | undefined, b: TemplateValue | undefined): readonly [never, never] {
  if (a === undefined || b === undefined) throw new TemplateFailure('missing argument for comparison');
  if (typeof a !== typeof b) throw new TemplateFailure('incompatible types for comparison');
  if (typeof a === 'object') throw new TemplateFailure('invalid type for comparison');
  return [a as never, b as never];
}

function ordered(a: TemplateValue | undefined, b: TemplateValue | undefined): readonly [never, never] {
  if (typeof a === 'boolean') throw new TemplateFailure('invalid type for comparison');
  return checked(a, b);
}

const equal = (a: TemplateValue | undefined, b: TemplateValue | undefined): boolean => {
  const [left, right] = checked(a, b);
  return left === right;
};
const less = (a: TemplateValue | undefined, b: TemplateValue | undefined): boolean => {
  const [left, right] = ordered(a, b);
  return left < right;
};

export const comparisons: Readonly<Record<'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge', Comparison>> = {
  eq: ([first, ...others]) => {
    if (others.length === 0) throw new TemplateFailure('missing argument for comparison');
    return others.some((other) => equal(first, other));
  },
  ne: ([a, b]) => !equal(a, b),
  lt: ([a, b]) => less(a, b),
  le: ([a, b]) => less(a, b) || equal(a, b),
  gt: ([a, b]) => less(b, a),
  ge: ([a, b]) => less(b, a) || equal(a, b),
};
