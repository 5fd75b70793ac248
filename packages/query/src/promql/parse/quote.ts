/** Strings as Go writes and Prometheus reads them. */
const shortEscapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};
const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
const plain = /^[ !#-[\]-~]*$/;
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

function quoteCharacter(character: string, quote: string): string {
  if (character === quote) return `\\${quote}`;
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0xd800 && code < 0xe000) return '\uFFFD';
  if (printable.test(character)) return character;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

/** As Go's `strconv.Quote`: in double quotes, what cannot be printed escaped. */
export function quote(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  let quoted = '"';
  for (const character of text) quoted += quoteCharacter(character, '"');
  return `${quoted}"`;
}

/** As Go's `strconv.QuoteRune`; '' stands for the end of the text. */
export function quoteRune(character: string): string {
  return `'${character === '' ? '\uFFFD' : quoteCharacter(character, "'")}'`;
}

/** As Go's `%#U`: `U+0063 'c'`. */
export function showRune(character: string): string {
  const code = character.codePointAt(0) ?? 0xfffd;
  const shown = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return printable.test(character) ? `${shown} '${character}'` : shown;
}

const unescaped: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/**
 * Takes off the quotes of a string that the lexer has checked, and resolves its escapes. `\xff` and `\377` are bytes, not
 * characters: neighbouring ones may form a character together.
 */
export function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (text.startsWith('`') || !inner.includes('\\')) return inner;
  let value = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) value += Buffer.from(bytes).toString('utf8');
    bytes = [];
  };
  for (const [part, numeric, single] of inner.matchAll(
    /\\(?:(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})|(.))|[^\\]+/gsu,
  )) {
    if (numeric !== undefined && !/^[uU]/.test(numeric)) {
      bytes.push(numeric.startsWith('x') ? Number.parseInt(numeric.slice(1), 16) : Number.parseInt(numeric, 8));
      continue;
    }
    flush();
    if (numeric !== undefined) value += String.fromCodePoint(Number.parseInt(numeric.slice(1), 16));
    else value += single === undefined ? part : (unescaped[single] ?? single);
  }
  flush();
  return value;
}
