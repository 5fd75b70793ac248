import { RE2JS } from 're2js';
import type { Extraction } from './ast.ts';
import { atPath, parseJsonPath } from './json-path.ts';
import { labelName } from './labels.ts';

/** What a parser took from a line. Names are as they were found, not yet checked against labels that are there. */
export interface Parsed {
  readonly fields: readonly (readonly [string, string])[];
  /** Loki's name of what was wrong; '' when nothing was. */
  readonly error: '' | 'JSONParserErr' | 'LogfmtParserErr';
  readonly details: string;
  /** A field without a value becomes a label all the same. */
  readonly keepsEmpty?: boolean;
}

const mostFields = 512;
const deepest = 32;
/** Numbers that JavaScript would not print as they were written. */
const exactDigits = /\d{16}|\.\d*0(?!\d)|\d[eE]/;

const broken = (details: string): Parsed => ({ fields: [], error: 'JSONParserErr', details });

/** The JSON object of a line; numbers keep their digits as `RawNumber` where JavaScript would change them. */
function readObject(line: string): Record<string, unknown> | undefined {
  if (!/^\s*\{/.test(line)) return undefined;
  try {
    const value: unknown = exactDigits.test(line)
      ? JSON.parse(line, (_, found: unknown, context?: { source?: string }) =>
          typeof found === 'number' && context?.source !== undefined && context.source !== String(found)
            ? new RawNumber(context.source)
            : found,
        )
      : JSON.parse(line);
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

class RawNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof RawNumber ? value.text : undefined;
}

function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, found: unknown) => (found instanceof RawNumber ? Number(found.text) : found)) ?? '';
}

/** All scalars of a JSON line, nested names joined by `_`, lists left out. */
export function parseJson(line: string): Parsed {
  const object = readObject(line);
  if (!object) return broken("Value looks like object, but can't find closing '}' symbol");
  const fields: [string, string][] = [];
  const visit = (value: object, prefix: string, depth: number): void => {
    for (const [key, inner] of Object.entries(value)) {
      if (fields.length >= mostFields) return;
      const name = prefix === '' ? labelName(key) : `${prefix}_${labelName(key)}`;
      const text = scalarText(inner);
      if (text !== undefined) fields.push([name, text]);
      else if (typeof inner === 'object' && inner !== null && !Array.isArray(inner) && depth < deepest)
        visit(inner, name, depth + 1);
    }
  };
  visit(object, '', 0);
  return { fields, error: '', details: '' };
}

/** Named fields of a JSON line; objects and lists as JSON, '' where there is nothing. A line that only begins as JSON has none, which is no fault. */
export function extractJson(line: string, wanted: readonly Extraction[]): Parsed {
  const object = readObject(line);
  if (!object && !/^["{[]/.test(line)) return broken('');
  const fields = wanted.map(({ label, expression }): [string, string] => {
    const path = parseJsonPath(expression);
    const value = object && path.ok ? atPath(object, path.value) : undefined;
    if (value === undefined || value === null) return [label, ''];
    return [label, scalarText(value) ?? jsonText(value)];
  });
  return { fields, error: '', details: '', keepsEmpty: true };
}

const key = /[^\s="]+/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
const bare = /[^\s]*/y;

/** The pairs of a logfmt line. Without `strict` what cannot be read is skipped. */
export function parseLogfmt(line: string, strict: boolean, keepEmpty: boolean): Parsed {
  const fields: [string, string][] = [];
  let at = 0;
  let error: Parsed['error'] = '';
  let details = '';
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const skip = (what: string): boolean => {
    error = 'LogfmtParserErr';
    details = `logfmt syntax error at pos ${at + 1} : ${what}`;
    if (strict) return false;
    take(bare);
    return true;
  };
  while (at < line.length && fields.length < mostFields) {
    if (/\s/.test(line[at] ?? '')) {
      at += 1;
      continue;
    }
    const name = take(key)?.[0];
    if (name === undefined) {
      if (!skip(`unexpected ${JSON.stringify(line[at])}`)) break;
      continue;
    }
    if (line[at] !== '=') {
      if (line[at] === '"' && !skip("unexpected '\"'")) break;
      if (keepEmpty) fields.push([labelName(name), '']);
      continue;
    }
    at += 1;
    if (line[at] !== '"') {
      const value = take(bare)?.[0] ?? '';
      if (value !== '' || keepEmpty) fields.push([labelName(name), value]);
      continue;
    }
    const text = take(quoted);
    if (!text) {
      if (!skip('unterminated quoted value')) break;
      continue;
    }
    const value = unescape(text[1] ?? '');
    if (value !== '' || keepEmpty) fields.push([labelName(name), value]);
  }
  // What was skipped is no error unless it was asked for.
  return { fields, ...(strict ? { error, details } : { error: '', details: '' }), keepsEmpty: keepEmpty };
}

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  const plain: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code?: string, char = '') =>
    code === undefined ? (plain[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** The named groups of the first match; nothing where there is none. */
export function regexpParser(pattern: string): (line: string) => Parsed {
  const compiled = RE2JS.compile(pattern);
  const groups = Object.entries(compiled.namedGroups());
  return (line) => {
    const matcher = compiled.matcher(line);
    if (!matcher.find()) return { fields: [], error: '', details: '' };
    return {
      fields: groups.map(([name, index]) => [name, matcher.group(index) ?? '']),
      error: '',
      details: '',
    };
  };
}

/** A line that promtail's `pack` stage made: its texts, and the line that was packed as `_entry`. */
export function unpackJson(line: string): Parsed & { readonly entry: string | undefined } {
  const object = readObject(line);
  if (!object) return { ...broken('expecting json object(6), but it is not'), entry: undefined };
  const fields = Object.entries(object).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && name !== '_entry' ? [[labelName(name), value]] : [],
  );
  const entry = typeof object['_entry'] === 'string' ? object['_entry'] : undefined;
  return { fields: fields.slice(0, mostFields), error: '', details: '', entry };
}

// oxlint-disable-next-line no-control-regex
const colours = /[\u001B\u009B][[\]()#;?]{0,10}(?:[a-zA-Z\d;]{0,100}\u0007|[\d;]{0,40}[\dA-PRZcf-ntqry=><~])/g;

/** Without the codes that colour a terminal. Repetitions are bounded, so that no line takes long. */
export const decolorize = (line: string): string => line.replaceAll(colours, '');
