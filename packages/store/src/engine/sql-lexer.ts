/**
 * ClickHouse's lexical grammar, as far as one must know it to tell code from text: what is quoted, what is a comment,
 * where a parameter stands, where a statement ends. Works on "binary strings" (one character a byte), so that offsets
 * are byte offsets and every byte above 0x7f counts as part of a word.
 *
 * Grammar: https://clickhouse.com/docs/sql-reference/syntax and src/Parsers/Lexer.cpp of ClickHouse.
 */

export type TokenKind =
  | 'word'
  | 'number'
  | 'string'
  | 'quoted'
  | 'parameter'
  | 'open'
  | 'close'
  | 'semicolon'
  | 'other';

export interface Token {
  readonly kind: TokenKind;
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset behind the last byte. */
  readonly end: number;
}

/** A text that ClickHouse's lexer would refuse as well. `at` is the byte where the open piece begins. */
export class SqlLexicalError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const blank = /[\s\0\u00a0]/;
const wordStart = /[A-Za-z_$\u0080-\u00ff]/;
const wordRest = /[A-Za-z0-9_$\u0080-\u00ff]*/y;
const numberRest = /0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?/y;
const parameterShape = /\{\s*[A-Za-z_][A-Za-z0-9_]*\s*:[^{}]*\}/y;
const heredocTag = /\$[A-Za-z0-9_]*\$/y;

function matchAt(shape: RegExp, sql: string, at: number): string | undefined {
  shape.lastIndex = at;
  return shape.exec(sql)?.[0];
}

/** Offset behind a piece quoted by the byte at `start`; backslash and doubled quotes are understood. */
function quotedEnd(sql: string, start: number): number {
  const quote = sql[start];
  for (let i = start + 1; i < sql.length; i++) {
    if (sql[i] === '\\') i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  throw new SqlLexicalError(`the text that ${quote} opens at byte ${start} is never closed`, start);
}

/** Offset behind the comment that begins at `at`; `at` itself when none begins there. */
function commentEnd(sql: string, at: number): number {
  const two = sql.slice(at, at + 2);
  if (two === '/*') {
    const end = sql.indexOf('*/', at + 2);
    if (end < 0) throw new SqlLexicalError(`the comment that opens at byte ${at} is never closed`, at);
    return end + 2;
  }
  if (two === '--' || two === '# ' || two === '#!') {
    const end = sql.indexOf('\n', at);
    return end < 0 ? sql.length : end + 1;
  }
  return at;
}

function heredocEnd(sql: string, at: number): number | undefined {
  const tag = matchAt(heredocTag, sql, at);
  if (tag === undefined) return undefined;
  const end = sql.indexOf(tag, at + tag.length);
  return end < 0 ? undefined : end + tag.length;
}

function tokenAt(sql: string, start: number): Token {
  const c = sql[start] ?? '';
  const make = (kind: TokenKind, end: number): Token => ({ kind, start, end });
  if (c === "'") return make('string', quotedEnd(sql, start));
  if (c === '"' || c === '`') return make('quoted', quotedEnd(sql, start));
  if (c === '$') {
    const end = heredocEnd(sql, start);
    if (end !== undefined) return make('string', end);
  }
  if (c === '{') {
    const text = matchAt(parameterShape, sql, start);
    if (text !== undefined) return make('parameter', start + text.length);
  }
  if (wordStart.test(c)) return make('word', start + (matchAt(wordRest, sql, start)?.length ?? 1));
  if (c >= '0' && c <= '9') return make('number', start + (matchAt(numberRest, sql, start)?.length ?? 1));
  if (c === '(' || c === '[' || c === '{') return make('open', start + 1);
  if (c === ')' || c === ']' || c === '}') return make('close', start + 1);
  return make(c === ';' ? 'semicolon' : 'other', start + 1);
}

/**
 * Tokens of `sql` from byte `from` on, comments and blanks left out. Lazy: what lies behind the last token that was
 * asked for (the data of an INSERT) is never looked at. Throws `SqlLexicalError` on a piece that is never closed.
 */
export function* tokens(sql: string, from = 0): Generator<Token, void, undefined> {
  let at = from;
  while (at < sql.length) {
    if (blank.test(sql[at] ?? '')) {
      at++;
      continue;
    }
    const behindComment = commentEnd(sql, at);
    if (behindComment > at) {
      at = behindComment;
      continue;
    }
    const token = tokenAt(sql, at);
    yield token;
    at = token.end;
  }
}

/** UTF-8 text as a binary string. */
export function toBinary(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** A binary string as text; bytes that are not UTF-8 become U+FFFD. */
export function fromBinary(binary: string): string {
  return Buffer.from(binary, 'latin1').toString('utf8');
}
