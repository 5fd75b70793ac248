/**
 * The one place where a value becomes SQL text. Everything that a client can choose (parameters, settings, names of
 * databases, paths of spooled bodies) passes through here. Fuzz-tested with hostile input in `sql-literal.test.ts` and,
 * against the engine itself, in `engine-literals.engine.test.ts`.
 */
import { isUtf8 } from 'node:buffer';

/** A value that cannot stand for the type it was bound to. */
export class BadLiteral extends Error {}

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/**
 * A quoted text of ClickHouse that stands for exactly these bytes. Quotes, backslashes and every control character
 * (newlines and NUL with them) are written as `\xHH`, so that the literal holds no line break, and bytes that are not
 * UTF-8 too, so that it survives as a JavaScript string.
 */
function quote(value: string | Uint8Array, quoteByte: number): string {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  const asText = isUtf8(bytes);
  const q = String.fromCharCode(quoteByte);
  let plainFrom = 0;
  const parts: string[] = [q];
  const flush = (to: number): void => {
    if (to > plainFrom) parts.push(Buffer.from(bytes.subarray(plainFrom, to)).toString('utf8'));
  };
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    const plain =
      byte >= 0x20 &&
      byte !== 0x7f &&
      byte !== 0x27 &&
      byte !== 0x22 &&
      byte !== 0x60 &&
      byte !== 0x5c &&
      (byte < 0x80 || asText);
    if (plain) continue;
    flush(i);
    parts.push(hex(byte));
    plainFrom = i + 1;
  }
  flush(bytes.length);
  parts.push(q);
  return parts.join('');
}

/** `'…'` for exactly these bytes. */
export function stringLiteral(value: string | Uint8Array): string {
  return quote(value, 0x27);
}

/** `` `…` `` for a name of a table, column or database. Refuses an empty name. */
export function identifierLiteral(name: string | Uint8Array): string {
  if (name.length === 0) throw new BadLiteral('a name must not be empty');
  return quote(name, 0x60);
}

const typeAlphabet = /^[A-Za-z0-9_(),.\s'=+:\-/\\]*$/;
const typeName = /^[A-Za-z][A-Za-z0-9_]*/;

/**
 * Checks that `type` is no more than a type: words, numbers and quoted texts in balanced parentheses. It comes from the
 * text of the query, not from a value, but it is copied into a text that is put together here.
 */
function checkType(type: string): void {
  if (!typeAlphabet.test(type.replaceAll(/'(?:[^'\\]|\\.)*'/g, "''")) || !typeName.test(type)) {
    throw new BadLiteral(`"${type.slice(0, 100)}" is not a type that a parameter can have`);
  }
  let depth = 0;
  const bare = type.replaceAll(/'(?:[^'\\]|\\.)*'/g, '');
  for (const c of bare) {
    if (c === '(') depth++;
    if (c === ')' && --depth < 0) break;
  }
  if (depth !== 0 || bare.includes("'")) throw new BadLiteral(`the type "${type.slice(0, 100)}" is not balanced`);
}

const escapes: Readonly<Record<string, number>> = { b: 8, f: 12, r: 13, n: 10, t: 9, '0': 0, a: 7, v: 11 };

/**
 * Undoes the escaping of ClickHouse's TSV fields, in which parameters travel over HTTP: `\t`, `\n`, `\xHH`, `\\`, `\'`
 * and their like; another character behind a backslash stands for itself, the backslash gone, as in the server.
 */
export function unescapeTsv(text: Uint8Array): Buffer {
  const out = Buffer.alloc(text.length);
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] ?? 0;
    if (byte !== 0x5c || i + 1 >= text.length) {
      out[n++] = byte;
      continue;
    }
    const next = String.fromCharCode(text[++i] ?? 0);
    const pair = next === 'x' ? Buffer.from(text.subarray(i + 1, i + 3)).toString('latin1') : '';
    if (/^[0-9a-fA-F]{2}$/.test(pair)) {
      out[n++] = Number.parseInt(pair, 16);
      i += 2;
    } else out[n++] = escapes[next] ?? next.charCodeAt(0);
  }
  return out.subarray(0, n);
}

/** Types whose text has an escaping of its own inside (quotes in brackets), which the engine's reader undoes. */
const nested =
  /^(?:Nullable\(\s*)?(?:Array|Map|Tuple|Nested|JSON|Object|Variant|Dynamic|Point|Ring|Polygon|MultiPolygon|LineString)\b/i;
const nullable = /^(?:Nullable|LowCardinality\(\s*Nullable)\b|^(?:Variant|Dynamic|JSON)\b/i;

/**
 * The SQL expression for the parameter value `text` (in the TSV form in which it came over HTTP) of type `type`.
 * A `String` becomes a plain literal and an `Identifier` a quoted name; any other type goes through the engine's own
 * reader of that type, `CAST('…' AS Type)`, so that no type has an escaping of our own. Throws `BadLiteral`.
 */
export function parameterLiteral(text: Uint8Array, type: string): string {
  const trimmed = type.trim();
  if (trimmed === 'Identifier') return identifierLiteral(unescapeTsv(text));
  if (trimmed === 'String') return stringLiteral(unescapeTsv(text));
  checkType(trimmed);
  if (text.length === 2 && text[0] === 0x5c && text[1] === 0x4e) {
    if (!nullable.test(trimmed)) throw new BadLiteral(`NULL cannot be a value of type ${trimmed}`);
    return `CAST(NULL AS ${trimmed})`;
  }
  if (!nested.test(trimmed)) return `CAST(${stringLiteral(unescapeTsv(text))} AS ${trimmed})`;
  if (!/\bMap\s*\(/.test(trimmed)) return `CAST(${stringLiteral(text)} AS ${trimmed})`;
  // The engine reads no Map from a text inside CAST, but it reads pairs and makes a Map of them.
  const pairs = pairsInsteadOfMaps(Buffer.from(text).toString('latin1'));
  return `CAST(CAST(${stringLiteral(Buffer.from(pairs, 'latin1'))} AS ${pairType(trimmed)}) AS ${trimmed})`;
}

/** `{k:v,…}` outside of quotes becomes `[(k,v),…]`, at any depth. Binary strings. */
function pairsInsteadOfMaps(text: string): string {
  const out: string[] = [];
  const open: { map: boolean; key: boolean }[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? '';
    const top = open.at(-1);
    if (c === "'") {
      const from = i;
      for (i++; i < text.length && text[i] !== "'"; i++) if (text[i] === '\\') i++;
      out.push(text.slice(from, i + 1));
    } else if (c === '{') {
      const empty = /^\s*\}/.exec(text.slice(i + 1, i + 20));
      if (empty) i += empty[0].length;
      else open.push({ map: true, key: true });
      out.push(empty ? '[]' : '[(');
    } else if (c === '}' || c === ']' || c === ')') {
      out.push(open.pop()?.map ? ')]' : c);
    } else if (c === '[' || c === '(') {
      open.push({ map: false, key: false });
      out.push(c);
    } else if (top?.map && c === ':' && top.key) {
      top.key = false;
      out.push(',');
    } else if (top?.map && c === ',') {
      top.key = true;
      out.push('),(');
    } else out.push(c);
  }
  return out.join('');
}

/** The type with `Array(Tuple(K, V))` in the place of each `Map(K, V)`. */
function pairType(type: string): string {
  const closes: string[] = [];
  return type.replaceAll(/'(?:[^'\\]|\\.)*'|\bMap\s*\(|\(|\)/g, (piece) => {
    if (piece === '(') closes.push(')');
    else if (piece === ')') return closes.pop() ?? ')';
    else if (piece.startsWith('Map')) {
      closes.push('))');
      return 'Array(Tuple(';
    }
    return piece;
  });
}
