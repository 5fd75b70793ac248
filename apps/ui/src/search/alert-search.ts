import { addFilter } from './query-edit.ts';
import { tokenise } from './query-tokens.ts';

/** Fields that say something of an issue as a whole, which a rule over single errors cannot ask for. */
const issueFields: ReadonlySet<string> = new Set([
  'is',
  'assigned',
  'priority',
  'firstrelease',
  'events',
  'timesseen',
  'users',
  'sites',
  'money',
]);
/** What only the search for issues calls so. */
const recordNames: Readonly<Record<string, string>> = { has: 'exists', level: 'severity' };

/** The search that a rule is to watch, and which parts of the one on the page it cannot hold. */
export interface AlertSearch {
  readonly q: string;
  readonly left: readonly string[];
}

/**
 * The search of a page as a rule asks it: the scope of the address becomes part of it, since a rule has none of its own. Of
 * errors, what is about issues is left out and named; only outside parentheses, within them the rule's form tells what is wrong.
 */
export function alertSearch(
  source: 'logs' | 'errors',
  q: string,
  scope: { readonly environment: string; readonly site: string; readonly service: string },
): AlertSearch {
  const { q: own, left } = source === 'errors' ? withoutIssueTerms(q) : { q: q.trim(), left: [] };
  const scoped = (['environment', 'site', 'service'] as const).reduce(
    (text, field) => (scope[field] === '' ? text : addFilter(text, field, scope[field])),
    own,
  );
  return { q: scoped, left };
}

function withoutIssueTerms(q: string): AlertSearch {
  const left: string[] = [];
  let depth = 0;
  let text = '';
  let at = 0;
  for (const token of tokenise(q)) {
    if (token.kind === 'open') depth += 1;
    if (token.kind === 'close') depth -= 1;
    const field = token.field.toLowerCase();
    const name = token.kind === 'filter' && depth === 0 ? recordNames[field] : undefined;
    const taken = token.kind === 'filter' && depth === 0 && issueFields.has(field);
    text += q.slice(at, token.from);
    at = token.to;
    if (taken) left.push(token.text);
    else if (name !== undefined) text += `${token.negated ? '-' : ''}${name}${q.slice(token.valueFrom - 1, token.to)}`;
    else text += token.text;
  }
  return { q: (text + q.slice(at)).replaceAll(/\s{2,}/g, ' ').trim(), left };
}
