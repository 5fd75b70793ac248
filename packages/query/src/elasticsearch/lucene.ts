import { ElasticFault } from './fault.ts';

/** A parsed `query_string`. `field` is '' for the default fields. */
export type Lucene =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Lucene[] }
  | { readonly kind: 'not'; readonly item: Lucene }
  | { readonly kind: 'all' }
  | { readonly kind: 'term' | 'phrase' | 'wildcard' | 'regexp'; readonly field: string; readonly text: string }
  | { readonly kind: 'exists'; readonly field: string }
  | {
      readonly kind: 'range';
      readonly field: string;
      readonly low: string;
      readonly high: string;
      readonly includeLow: boolean;
      readonly includeHigh: boolean;
    };

const token =
  /\s+|(\(|\))|(&&|\|\||AND\b|OR\b|NOT\b|!)|"((?:[^"\\]|\\.)*)"(?:~\d+)?|\/((?:[^/\\]|\\.)+)\/|([[{])\s*(\S+)\s+TO\s+(\S+?)\s*([\]}])|((?:[^\s()":\\[\]{}^~]|\\.)+)(:)?|(:)|(\^[\d.]+|~[\d.]*)/y;
const longest = 8000;
const deepest = 50;

type Token =
  | { readonly kind: 'symbol'; readonly text: string }
  | { readonly kind: 'phrase' | 'regexp' | 'field'; readonly text: string }
  | { readonly kind: 'word'; readonly text: string; readonly raw: string }
  | { readonly kind: 'range'; readonly parts: readonly [string, string, string, string] };

const unescape = (text: string): string => text.replaceAll(/\\(.)/gs, '$1');

function lex(query: string, lenient: boolean): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < query.length;) {
    token.lastIndex = at;
    const found = token.exec(query);
    if (!found) {
      if (!lenient) throw new ElasticFault('query_shard_exception', `Failed to parse query [${query}]`);
      at += 1;
      continue;
    }
    at = token.lastIndex;
    const [, bracket, operator, phrase, regexp, open, low, high, close, word, colon] = found;
    if (bracket !== undefined) tokens.push({ kind: 'symbol', text: bracket });
    else if (operator !== undefined)
      tokens.push({ kind: 'symbol', text: operator.replace('&&', 'AND').replace('||', 'OR').replace('!', 'NOT') });
    else if (phrase !== undefined) tokens.push({ kind: 'phrase', text: unescape(phrase) });
    else if (regexp !== undefined) tokens.push({ kind: 'regexp', text: regexp });
    else if (open !== undefined) tokens.push({ kind: 'range', parts: [open, low ?? '*', high ?? '*', close ?? ']'] });
    else if (word !== undefined) {
      const sign = /^[+-](?=.)/.exec(word)?.[0] ?? '';
      const rest = word.slice(sign.length);
      if (sign !== '') tokens.push({ kind: 'symbol', text: sign });
      if (colon !== undefined) tokens.push({ kind: 'field', text: unescape(rest) });
      else tokens.push({ kind: 'word', text: unescape(rest), raw: rest });
    }
  }
  return tokens;
}

/** Reads Lucene's query syntax; `lenient` (simple_query_string) takes what it can. Refuses in Elasticsearch's words. */
export function parseLucene(query: string, defaultOperator: 'and' | 'or', lenient = false): Lucene {
  if (query.length > longest) throw new ElasticFault('query_shard_exception', 'the query is too long');
  const tokens = lex(query, lenient);
  let next = 0;
  const failed = (): ElasticFault => new ElasticFault('query_shard_exception', `Failed to parse query [${query}]`);
  const symbol = (text: string): boolean => {
    const found = tokens[next];
    if (found?.kind !== 'symbol' || found.text !== text) return false;
    next += 1;
    return true;
  };
  const clause = (field: string, depth: number): Lucene => {
    if (depth > deepest) throw failed();
    if (symbol('NOT') || symbol('-')) return { kind: 'not', item: clause(field, depth + 1) };
    symbol('+');
    const found = tokens[next++];
    if (!found) throw failed();
    if (found.kind === 'symbol') {
      if (found.text !== '(') throw failed();
      const inner = group(field, depth + 1);
      if (!symbol(')') && !lenient) throw failed();
      return inner;
    }
    if (found.kind === 'field') return clause(found.text, depth + 1);
    if (found.kind === 'range') {
      const [open, low, high, close] = found.parts;
      const plain = (text: string): string => unescape(text.replace(/^"(.*)"$/s, '$1'));
      return {
        kind: 'range',
        field,
        low: plain(low),
        high: plain(high),
        includeLow: open === '[',
        includeHigh: close === ']',
      };
    }
    if (found.kind !== 'word') return { kind: found.kind, field, text: found.text };
    const compared = /^(>=|<=|>|<)(.+)$/.exec(found.text);
    if (compared && field !== '') {
      const [, op = '', bound = ''] = compared;
      const low = op.startsWith('>');
      return {
        kind: 'range',
        field,
        low: low ? bound : '*',
        high: low ? '*' : bound,
        includeLow: op === '>=',
        includeHigh: op === '<=',
      };
    }
    if (field === '_exists_') return { kind: 'exists', field: found.text };
    if (found.raw === '*') return field === '' || field === '*' ? { kind: 'all' } : { kind: 'exists', field };
    return /(?<!\\)[*?]/.test(found.raw)
      ? { kind: 'wildcard', field, text: found.raw }
      : { kind: 'term', field, text: found.text };
  };
  const group = (field: string, depth: number): Lucene => {
    let alternatives: Lucene[][] = [[]];
    let explicit = false;
    while (next < tokens.length) {
      const found = tokens[next];
      if (found?.kind === 'symbol' && found.text === ')') break;
      if (symbol('OR')) {
        alternatives.push([]);
        explicit = true;
      } else if (symbol('AND')) explicit = true;
      else {
        const before = tokens[next - 1];
        const joined = before?.kind === 'symbol' && ['AND', 'OR'].includes(before.text);
        const required = found?.kind === 'symbol' && ['+', '-', 'NOT'].includes(found.text);
        // Clauses side by side are alternatives, unless one says that it must or must not be.
        const last = alternatives.at(-1)!;
        if (defaultOperator === 'or' && !joined && !required && last.length > 0 && !explicit) alternatives.push([]);
        alternatives.at(-1)!.push(clause(field, depth));
      }
    }
    alternatives = alternatives.filter((items) => items.length > 0);
    const joined = alternatives.map((items): Lucene => (items.length === 1 ? items[0]! : { kind: 'and', items }));
    if (joined.length === 0) {
      if (lenient) return { kind: 'all' };
      throw failed();
    }
    return joined.length === 1 ? joined[0]! : { kind: 'or', items: joined };
  };
  if (tokens.length === 0) return { kind: 'all' };
  const read = group('', 0);
  if (next < tokens.length && !lenient) throw failed();
  return read;
}
