import { tokenise, type QueryToken } from './query-tokens.ts';

/** A value as it must stand after `field:`; quoted wherever a character would otherwise be read as syntax. */
export function quoteValue(value: string): string {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.@/-]*$/u.test(value) && !/^(AND|OR|NOT)$/.test(value)) return value;
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** `field:value` or `-field:value`, safely quoted. */
export function writeFilter(field: string, value: string, negated: boolean): string {
  return `${negated ? '-' : ''}${field}:${quoteValue(value)}`;
}

/**
 * The query that also asks for `field:value` (or, negated, for everything else). The opposite filter gives way, the same
 * filter is not written twice, and alternatives (`a OR b`) are put in parentheses first, so that the new filter holds for
 * all of them.
 */
export function addFilter(query: string, field: string, value: string, negated = false): string {
  if (hasFilter(query, field, value, negated)) return query.trim();
  const rest = removeFilter(query, field, value);
  const base = hasAlternatives(tokenise(rest)) ? `(${rest})` : rest;
  return [base, writeFilter(field, value, negated)].filter((part) => part !== '').join(' ');
}

/** The query that also asks for these texts, each as a phrase; those that stand in it already are not written twice. */
export function addPhrases(query: string, phrases: readonly string[]): string {
  const written = phrases
    .map((phrase) => `"${phrase.replaceAll(/["\\]/g, '\\$&')}"`)
    .filter((text) => !query.includes(text));
  if (written.length === 0) return query.trim();
  const rest = query.trim();
  const base = hasAlternatives(tokenise(rest)) ? `(${rest})` : rest;
  return [base, ...written].filter((part) => part !== '').join(' ');
}

/** The query that leaves out lines which hold all of these texts: one text as a negated phrase, several together in negated parentheses. */
export function leaveOutPhrases(query: string, phrases: readonly string[]): string {
  const rest = query.trim();
  if (phrases.length === 0) return rest;
  const written = phrases.map((phrase) => `"${phrase.replaceAll(/["\\]/g, '\\$&')}"`);
  const out = written.length === 1 ? `-${written[0]}` : `-(${written.join(' ')})`;
  if (rest.includes(out)) return rest;
  const base = hasAlternatives(tokenise(rest)) ? `(${rest})` : rest;
  return [base, out].filter((part) => part !== '').join(' ');
}

/** Whether the query asks for `field:value` in just this sense, outside all parentheses. */
export function hasFilter(query: string, field: string, value: string, negated = false): boolean {
  return topLevel(tokenise(query)).some((token) => isFilter(token, field, value) && token.negated === negated);
}

/** The query without any `field:value` or `-field:value` outside parentheses; what joins alternatives stays. */
export function removeFilter(query: string, field: string, value: string): string {
  const tokens = tokenise(query);
  if (hasAlternatives(tokens)) return query.trim();
  let result = query;
  for (const token of topLevel(tokens).toReversed()) {
    if (!isFilter(token, field, value)) continue;
    let { from } = token;
    const before = tokens[tokens.indexOf(token) - 1];
    if (before?.kind === 'operator') from = before.from;
    result = result.slice(0, from) + result.slice(token.to);
  }
  return result
    .replaceAll(/\s{2,}/g, ' ')
    .replace(/^\s*AND\s+/, '')
    .trim();
}

/** Filters outside parentheses, in the order written: what a row of chips shows. */
export function listFilters(query: string): readonly { field: string; value: string; negated: boolean }[] {
  return topLevel(tokenise(query))
    .filter(({ kind }) => kind === 'filter')
    .map(({ field, value, negated }) => ({ field, value, negated }));
}

function isFilter(token: QueryToken, field: string, value: string): boolean {
  return token.kind === 'filter' && token.field === field && token.value === value;
}

function topLevel(tokens: readonly QueryToken[]): readonly QueryToken[] {
  let depth = 0;
  return tokens.filter(({ kind }) => {
    if (kind === 'close') depth = Math.max(0, depth - 1);
    const outside = depth === 0;
    if (kind === 'open') depth += 1;
    return outside;
  });
}

function hasAlternatives(tokens: readonly QueryToken[]): boolean {
  return topLevel(tokens).some(({ kind, text }) => kind === 'operator' && text === 'OR');
}
