import { parseDurationNs } from './duration.ts';

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'op'; readonly text: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number; readonly whole: boolean }
  | { readonly kind: 'duration'; readonly value: number }
  | { readonly kind: 'attribute'; readonly prefix: string; readonly name: string }
  | { readonly kind: 'end' }
);

/** Thrown by lexer and parser only; `parseTraceql` turns it into a value. */
export class Unreadable extends Error {
  readonly from: number;
  readonly to: number;
  constructor(message: string, from: number, to = from + 1) {
    super(message);
    this.from = from;
    this.to = to;
  }
}

/** The longest first: `!>>` before `!>`. */
const operators = [
  '!>>',
  '!<<',
  '&>>',
  '&<<',
  '!>',
  '!<',
  '!~',
  '!=',
  '&>',
  '&<',
  '&~',
  '&&',
  '||',
  '>>',
  '<<',
  '>=',
  '<=',
  '=~',
  '{',
  '}',
  '(',
  ')',
  ',',
  '|',
  '=',
  '>',
  '<',
  '~',
  '!',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
];
const space = /\s+/y;
/** `.name`, `span.name`, `parent.resource.name`: the prefix with its last dot. */
const prefix = /(?:parent\.)?(?:(?:span|resource|event|link|instrumentation)\.|(?<=parent\.)|\.)/y;
/** Everything but what ends an attribute; quoted parts may hold anything. */
const attributeName = /(?:"(?:[^"\\]|\\["\\])*"|[^\s{}()=~!<>&|^,"])+/y;
const word = /[A-Za-z_][A-Za-z0-9_]*(?::[A-Za-z]+)?/y;
const duration =
  /\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y)(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y))*(?![A-Za-z0-9_])/y;
const number = /(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?/y;
const quoted = /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y;

/** Tokens of a query, `end` last. Throws `Unreadable`. */
export function lex(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0];
  };
  while (at < query.length) {
    const blank = take(space);
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    const start = at;
    const scope = /\d/.test(query[at + 1] ?? '') && query[at] === '.' ? undefined : take(prefix);
    if (scope !== undefined) {
      at += scope.length;
      const name = take(attributeName);
      if (name === undefined) throw new Unreadable('expected the name of an attribute', at);
      at += name.length;
      tokens.push({ kind: 'attribute', prefix: scope, name: unquoteName(name), at: start, end: at });
      continue;
    }
    const text = take(quoted);
    if (text !== undefined) {
      at += text.length;
      tokens.push({ kind: 'text', text: unquote(text, start), at: start, end: at });
      continue;
    }
    const lasting = take(duration);
    if (lasting !== undefined) {
      at += lasting.length;
      tokens.push({ kind: 'duration', value: parseDurationNs(lasting) ?? 0, at: start, end: at });
      continue;
    }
    const digits = take(number);
    if (digits !== undefined) {
      at += digits.length;
      tokens.push({ kind: 'number', value: Number(digits), whole: /^\d+$/.test(digits), at: start, end: at });
      continue;
    }
    const name = take(word);
    if (name !== undefined) {
      at += name.length;
      tokens.push({ kind: 'word', text: name, at: start, end: at });
      continue;
    }
    const op = operators.find((known) => query.startsWith(known, at));
    if (op === undefined) {
      const what = query[at] === '"' || query[at] === '`' ? 'a text that does not end' : `\`${query[at]}\``;
      throw new Unreadable(`did not expect ${what}`, at);
    }
    at += op.length;
    tokens.push({ kind: 'op', text: op, at: start, end: at });
  }
  tokens.push({ kind: 'end', at, end: at });
  return tokens;
}

function unquoteName(name: string): string {
  return name.replaceAll(/"((?:[^"\\]|\\["\\])*)"/g, (_, inner: string) => inner.replaceAll(/\\(["\\])/g, '$1'));
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '"': '"',
  '\\': '\\',
  "'": "'",
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

/** Go's quoted texts: escapes in double quotes, none in backquotes. */
function unquote(text: string, at: number): string {
  const inner = text.slice(1, -1);
  if (text.startsWith('`')) return inner;
  return inner.replaceAll(
    /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))/g,
    (whole, u?: string, x?: string, c?: string) => {
      const code = u ?? x;
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      const plain = escapes[c ?? ''];
      if (plain === undefined) throw new Unreadable(`\`${whole}\` is no escape sequence`, at, at + text.length);
      return plain;
    },
  );
}
