import type { Search, Test } from './ast.ts';
import { findField } from './fields.ts';
import { splitWildcards } from './words.ts';

/**
 * False when no log whose `column` (a dimension) is `value` can match; true when one may. Other conditions of the search count as
 * fulfilled.
 */
export function mayMatch(search: Search, column: string, value: string): boolean {
  switch (search.kind) {
    case 'and':
      return search.items.every((item) => mayMatch(item, column, value));
    case 'or':
      return search.items.some((item) => mayMatch(item, column, value));
    case 'field': {
      const field = findField('logs', search.field);
      return field.kind !== 'dimension' || field.column !== column || fits(search.test, value);
    }
    default:
      return true;
  }
}

/** As the compiled search compares a dimension: ignoring case. */
function fits(test: Test, value: string): boolean {
  if (test.kind === 'exists') return value !== '';
  if (test.kind !== 'is') return true;
  const [wanted, own] = [test.value.text.toLowerCase(), value.toLowerCase()];
  // The engine's lower case beyond ASCII need not be ours.
  if (!/^[\x20-\x7e]*$/.test(wanted + own)) return true;
  return test.value.wildcard ? holdsInOrder(splitWildcards(wanted), own) : wanted === own;
}

/** Whether a text begins with the first part, ends with the last and has the others in order between them. */
function holdsInOrder(parts: readonly string[], text: string): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
