/** A piece of a search text with its place in it. */
export interface QueryToken {
  readonly kind: 'word' | 'phrase' | 'filter' | 'operator' | 'open' | 'close' | 'regex';
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** With `filter`: the field, without a leading minus. */
  readonly field: string;
  /** With `filter`: what follows the colon, unquoted. */
  readonly value: string;
  /** Where the value begins in the search text. */
  readonly valueFrom: number;
  readonly negated: boolean;
}

const fieldName = /^[A-Za-z_@][A-Za-z0-9_.@/-]*$/;

/**
 * Splits a search text for editing and completion. It takes half-written text as it comes (an open quote runs to the
 * end): the server alone decides what is right.
 */
export function tokenise(query: string): readonly QueryToken[] {
  const tokens: QueryToken[] = [];
  let at = 0;
  while (at < query.length) {
    const char = query.charAt(at);
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    const token = char === '(' || char === ')' ? bracket(query, at) : readToken(query, at);
    tokens.push(token);
    at = token.to;
  }
  return tokens;
}

const plain = { field: '', value: '', negated: false } as const;

function bracket(query: string, at: number): QueryToken {
  const text = query.charAt(at);
  return { ...plain, kind: text === '(' ? 'open' : 'close', text, from: at, to: at + 1, valueFrom: at };
}

function readToken(query: string, from: number): QueryToken {
  const negated = query.charAt(from) === '-' && from + 1 < query.length && !/\s/.test(query.charAt(from + 1));
  const start = negated ? from + 1 : from;
  let to = start;
  let valueFrom = -1;
  while (to < query.length) {
    const char = query.charAt(to);
    if (/[\s()]/.test(char)) break;
    if (char === ':' && valueFrom < 0 && isFieldColon(query, start, to)) {
      valueFrom = to + 1;
      to += 1;
    } else if (char === '"' || (char === '/' && (to === start || to === valueFrom))) to = endOfQuoted(query, to, char);
    else to += to === valueFrom ? Math.max(1, listLength(query.slice(to, to + 400))) : 1;
  }
  if (to === from) to += 1;
  const text = query.slice(from, to);
  if (valueFrom >= 0) {
    const field = query.slice(start, valueFrom - 1);
    return { kind: 'filter', text, from, to, field, value: unquote(query.slice(valueFrom, to)), valueFrom, negated };
  }
  const rest = query.slice(start, to);
  const kind = /^(AND|OR|NOT)$/.test(text)
    ? 'operator'
    : rest.startsWith('"')
      ? 'phrase'
      : /^\/.+\/$/.test(rest)
        ? 'regex'
        : 'word';
  return { ...plain, kind, text, from, to, valueFrom: start, negated };
}

/** How long a list of values is that begins here (`[me, my_teams]`); 0 where none does. */
function listLength(text: string): number {
  return /^\[[^\]()"]+,[^\]()"]+\]/.exec(text)?.[0].length ?? 0;
}

/** `http://…` and `std::move` are words, not fields. */
function isFieldColon(query: string, start: number, colon: number): boolean {
  return fieldName.test(query.slice(start, colon)) && !query.startsWith('//', colon + 1) && query[colon + 1] !== ':';
}

function endOfQuoted(query: string, open: number, quote: string): number {
  for (let at = open + 1; at < query.length; at += 1) {
    if (query.charAt(at) === '\\') at += 1;
    else if (query.charAt(at) === quote) return at + 1;
  }
  return query.length;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  const inner = value.length > 1 && value.endsWith('"') ? value.slice(1, -1) : value.slice(1);
  return inner.replaceAll(/\\(.)/gs, '$1');
}
