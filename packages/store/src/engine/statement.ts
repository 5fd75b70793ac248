/** What kind of statement a text is, and where its pieces lie, so that data and output can be led through files. */
import { BadLiteral, parameterLiteral, stringLiteral } from './sql-literal.ts';
import { tokens, type Token } from './sql-lexer.ts';

/** A text that the engine must not see: several statements at once, a parameter without value. `code` is ClickHouse's. */
export class StatementRefused extends Error {
  readonly code: number;
  readonly codeName: string;
  constructor(code: number, codeName: string, message: string) {
    super(message);
    this.code = code;
    this.codeName = codeName;
  }
}

export type Statement =
  /** Gives rows: its result may be led into a pipe. */
  | { readonly kind: 'rows'; readonly sql: string; readonly format: string | undefined; readonly tail: string }
  /** `INSERT … VALUES` or `INSERT … FORMAT X`: data follow. `head`/`tail` leave a gap for `FROM INFILE '…'`. */
  | {
      readonly kind: 'insert-data';
      readonly head: string;
      readonly tail: string;
      /** Byte offset in the given text at which inline data begin. */
      readonly dataAt: number;
    }
  /** Changes what a session remembers (SET, USE, temporary tables): the session must not be used again. */
  | { readonly kind: 'session'; readonly sql: string }
  /** Everything else: DDL, INSERT … SELECT, KILL, SYSTEM, SHOW, … */
  | { readonly kind: 'other'; readonly sql: string; readonly reads: boolean };

const rowWords = new Set(['SELECT', 'WITH', 'FROM', 'VALUES']);
const readWords = new Set(['SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN', 'CHECK']);

/** Parameter values in the TSV form of the HTTP interface, by name. */
export type Parameters = ReadonlyMap<string, Uint8Array>;

class Cursor {
  readonly #sql: string;
  readonly #source: Generator<Token, void, undefined>;
  #token: Token | undefined;

  constructor(sql: string) {
    this.#sql = sql;
    this.#source = tokens(sql);
    this.next();
  }

  get token(): Token | undefined {
    return this.#token;
  }

  next(): void {
    const step = this.#source.next();
    this.#token = step.done ? undefined : step.value;
  }

  /** The word at hand in capitals; '' when it is not a bare word. */
  word(): string {
    return this.#token?.kind === 'word' ? this.#sql.slice(this.#token.start, this.#token.end).toUpperCase() : '';
  }

  take(word: string): boolean {
    if (this.word() !== word) return false;
    this.next();
    return true;
  }

  text(): string {
    return this.#token ? this.#sql.slice(this.#token.start, this.#token.end) : '';
  }

  /** Walks over one parenthesised group. */
  group(): void {
    let depth = 0;
    do {
      if (this.#token?.kind === 'open') depth++;
      if (this.#token?.kind === 'close') depth--;
      this.next();
    } while (this.#token && depth > 0);
  }
}

/** Puts the parameters' literals in the place of `{name:Type}`. `sql` and the result are binary strings. */
export function bindParameters(sql: string, parameters: Parameters): string {
  const parts: string[] = [];
  let at = 0;
  for (const token of tokens(sql)) {
    if (token.kind !== 'parameter') continue;
    parts.push(sql.slice(at, token.start), parameterSql(sql.slice(token.start + 1, token.end - 1), parameters));
    at = token.end;
  }
  parts.push(sql.slice(at));
  return parts.join('');
}

function parameterSql(inside: string, parameters: Parameters): string {
  const colon = inside.indexOf(':');
  const name = inside.slice(0, colon).trim();
  const value = parameters.get(name);
  if (value === undefined) {
    throw new StatementRefused(456, 'UNKNOWN_QUERY_PARAMETER', `Substitution \`${name}\` is not set`);
  }
  try {
    return Buffer.from(parameterLiteral(value, inside.slice(colon + 1)), 'utf8').toString('latin1');
  } catch (error) {
    if (!(error instanceof BadLiteral)) throw error;
    throw new StatementRefused(457, 'BAD_QUERY_PARAMETER', `Value of parameter \`${name}\`: ${error.message}`);
  }
}

/** Cuts a closing semicolon off; refuses a second statement. */
function single(sql: string): string {
  let end: number | undefined;
  for (const token of tokens(sql)) {
    if (token.kind === 'semicolon') end ??= token.start;
    else if (end !== undefined) {
      throw new StatementRefused(
        62,
        'SYNTAX_ERROR',
        `Syntax error (Multi-statements are not allowed): failed at position ${token.start + 1}`,
      );
    }
  }
  return end === undefined ? sql : sql.slice(0, end);
}

/**
 * Reads `text` (a binary string) as one statement. Only the head of an INSERT is looked at, never its data.
 * Throws `StatementRefused`, or `SqlLexicalError` when a quote or comment is left open.
 */
export function readStatement(text: string, parameters: Parameters): Statement {
  const insert = readInsert(text, parameters);
  if (insert) return insert;
  const sql = bindParameters(single(text), parameters);
  const cursor = new Cursor(sql);
  while (cursor.token?.kind === 'open') cursor.next();
  const first = cursor.word();
  if (first === '') throw new StatementRefused(62, 'SYNTAX_ERROR', 'Syntax error: Empty query');
  if (first === 'SET' || first === 'USE') return { kind: 'session', sql };
  if (first === 'CREATE' && /\btemporary\b/i.test(sql)) return { kind: 'session', sql };
  if (rowWords.has(first)) return readRows(sql);
  return { kind: 'other', sql, reads: readWords.has(first) };
}

function readInsert(text: string, parameters: Parameters): Statement | undefined {
  const cursor = new Cursor(text);
  if (!cursor.take('INSERT')) return undefined;
  cursor.take('INTO');
  const isFunction = (cursor.take('TABLE'), cursor.take('FUNCTION'));
  cursor.next();
  while (cursor.text() === '.') {
    cursor.next();
    cursor.next();
  }
  if (isFunction && cursor.text() === '(') cursor.group();
  if (cursor.text() === '(') cursor.group();
  const gap = cursor.token?.start ?? text.length;
  const head = bindParameters(text.slice(0, gap), parameters);
  while (cursor.token) {
    const word = cursor.word();
    if (word === 'SELECT' || word === 'WITH' || word === 'INFILE') return undefined;
    if (word === 'VALUES' || word === 'FORMAT') return insertData(text, cursor, gap, head, parameters);
    if (cursor.token.kind === 'open') {
      // INSERT INTO t (SELECT …): a group that is no list of columns.
      cursor.next();
      if (cursor.word() === 'SELECT' || cursor.word() === 'WITH') return undefined;
      continue;
    }
    cursor.next();
  }
  return undefined;
}

function insertData(text: string, cursor: Cursor, gap: number, head: string, parameters: Parameters): Statement {
  const before = bindParameters(text.slice(gap, cursor.token?.start ?? gap), parameters);
  if (cursor.word() === 'VALUES') {
    return { kind: 'insert-data', head, tail: `${before} FORMAT Values`, dataAt: cursor.token?.end ?? text.length };
  }
  // Only the token of the name is read: what follows may be data, on which the lexer has no claim.
  const behind = cursor.token?.end ?? text.length;
  const name = /^\s*([A-Za-z0-9_]+)[ \t]*;?(?:\r?\n)?/.exec(text.slice(behind, behind + 200));
  if (!name?.[1])
    throw new StatementRefused(62, 'SYNTAX_ERROR', `Syntax error: expected a format at position ${behind + 1}`);
  return { kind: 'insert-data', head, tail: `${before} FORMAT ${name[1]}`, dataAt: behind + name[0].length };
}

/** Cuts `FORMAT X` and a closing `SETTINGS …` off a query that gives rows. */
function readRows(sql: string): Statement {
  let depth = 0;
  let formatAt: Token | undefined;
  let name: Token | undefined;
  let outfile = false;
  let previous = '';
  for (const token of tokens(sql)) {
    if (token.kind === 'open') depth++;
    if (token.kind === 'close') depth--;
    if (formatAt && !name) name = token;
    const word = token.kind === 'word' && depth === 0 ? sql.slice(token.start, token.end).toUpperCase() : '';
    if (word === 'OUTFILE' && previous === 'INTO') outfile = true;
    if (word === 'FORMAT' && previous !== 'AS' && previous !== '.') {
      formatAt = token;
      name = undefined;
    }
    previous = word || sql.slice(token.start, token.end);
  }
  if (outfile) return { kind: 'other', sql, reads: true };
  const format = name ? sql.slice(name.start, name.end) : '';
  if (!formatAt || !name || !/^[A-Z][A-Za-z0-9]*$/.test(format))
    return { kind: 'rows', sql, format: undefined, tail: '' };
  const tail = sql.slice(name.end);
  if (tail.trim() !== '' && !/^\s*SETTINGS\b/i.test(tail)) return { kind: 'rows', sql, format: undefined, tail: '' };
  return { kind: 'rows', sql: sql.slice(0, formatAt.start), format, tail };
}

/** `head FROM INFILE 'path' COMPRESSION 'none' tail`: the statement that reads spooled data. Binary string. */
export function insertFromFile(statement: Extract<Statement, { kind: 'insert-data' }>, path: string): string {
  const file = Buffer.from(stringLiteral(path), 'utf8').toString('latin1');
  return `${statement.head} FROM INFILE ${file} COMPRESSION 'none' ${statement.tail}`;
}

/** The query with its result led into `path`, which must exist. Binary string. */
export function rowsIntoFile(
  statement: Extract<Statement, { kind: 'rows' }>,
  path: string,
  defaultFormat: string,
): string {
  const file = Buffer.from(stringLiteral(path), 'utf8').toString('latin1');
  return `${statement.sql}\n INTO OUTFILE ${file} APPEND FORMAT ${statement.format ?? defaultFormat}${statement.tail}`;
}
