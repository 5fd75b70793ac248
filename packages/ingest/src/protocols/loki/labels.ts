import { fail, ok, type Result } from '@sightline/base';

/** Labels of a stream, in the order given. */
export type Labels = Readonly<Record<string, string>>;

const maxLabels = 128;
const name = /[a-zA-Z_:][a-zA-Z0-9_:.-]*/y;
const space = /\s*/y;
const quoted = /"((?:[^"\\\n]|\\.)*)"/y;
const raw = /`([^`]*)`/y;

/**
 * Reads a stream's labels as Prometheus writes them: `{app="till", site="STORE_047"}`, with Go's escapes in the values.
 * An error says what was expected and where.
 */
export function parseLabels(text: string): Result<Labels, string> {
  const labels: [string, string][] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const expected = (what: string): Result<Labels, string> => fail(`labels: expected ${what} at character ${at + 1}`);
  const symbol = (char: string): boolean => {
    match(space);
    if (text[at] !== char) return false;
    at++;
    match(space);
    return true;
  };
  if (!symbol('{')) return expected('{');
  while (!symbol('}')) {
    if (labels.length > 0 && !symbol(',')) return expected('a comma or }');
    if (symbol('}')) break;
    const key = match(name)?.[0];
    if (key === undefined) return expected('a label name');
    if (!symbol('=')) return expected('=');
    const value = match(quoted);
    const plain = value ? undefined : match(raw)?.[1];
    if (!value && plain === undefined) return expected('a quoted value');
    if (labels.length >= maxLabels) return fail(`labels: more than ${maxLabels}`);
    labels.push([key, plain ?? unescape(value?.[1] ?? '')]);
  }
  match(space);
  return at === text.length ? ok(Object.fromEntries(labels)) : expected('the end');
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

/** Go's escapes: single letters, `\xNN`, `\uNNNN`, `\UNNNNNNNN`, three octal digits; any other character stands for itself. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_, ...groups: (string | undefined)[]) => {
      const [hex, short, long, octal, char = ''] = groups;
      const code = octal === undefined ? parseInt(hex ?? short ?? long ?? '', 16) : parseInt(octal, 8);
      if (Number.isNaN(code)) return simpleEscapes[char] ?? char;
      return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    },
  );
}
