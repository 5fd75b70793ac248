import { RE2JS } from 're2js';
import { formatGoTime, nanosecondsOf, parseGoTime } from './go-time.ts';
import { parseBytes, parseSeconds } from './units.ts';

export type TemplateValue =
  | string
  | number
  | boolean
  | undefined
  | null
  | Date
  | readonly TemplateValue[]
  | { readonly [name: string]: TemplateValue };

/** A template that cannot be read, or whose function refuses its input. */
export class TemplateError extends Error {}

const longestText = 262_144;

/** As Go prints it. */
export function textOf(value: TemplateValue): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Date) return formatGoTime(value, '2006-01-02 15:04:05.999999999 -0700 MST');
  if (typeof value === 'object') {
    if (Array.isArray(value)) return `[${(value as readonly TemplateValue[]).map(textOf).join(' ')}]`;
    return `map[${Object.entries(value)
      .map(([name, item]) => `${name}:${textOf(item)}`)
      .toSorted()
      .join(' ')}]`;
  }
  // As `%v`: an exponent has two digits, and stands where a number is below a ten-thousandth.
  const shown =
    typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : String(value);
  return shown.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** As Go's templates: what is zero or empty is false. */
export function truth(value: TemplateValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== '' && value !== 0 && value !== false;
}

function float(value: TemplateValue): number {
  const number = typeof value === 'number' ? value : Number(textOf(value));
  return Number.isFinite(number) ? number : 0;
}
const int = (value: TemplateValue): number => Math.trunc(float(value));

function date(value: TemplateValue): Date {
  if (value instanceof Date) return value;
  if (typeof value === 'number') return new Date(value * 1000);
  throw new TemplateError('expected a time');
}

function expression(pattern: TemplateValue): RE2JS {
  const text = textOf(pattern);
  const known = compiled.get(text);
  if (known) return known;
  try {
    const made = RE2JS.compile(text);
    if (compiled.size >= 100) compiled.clear();
    compiled.set(text, made);
    return made;
  } catch {
    throw new TemplateError(`error parsing regexp: ${text.slice(0, 100)}`);
  }
}
const compiled = new Map<string, RE2JS>();

function compare(left: TemplateValue, right: TemplateValue): number {
  if (typeof left === 'number' || typeof right === 'number') return float(left) - float(right);
  const [a, b] = [textOf(left), textOf(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function bounded(text: string): string {
  if (text.length > longestText) throw new TemplateError('text is too long');
  return text;
}

function repeat(count: TemplateValue, text: TemplateValue): string {
  const times = Math.max(0, int(count));
  if (times * textOf(text).length > longestText) throw new TemplateError('text is too long');
  return textOf(text).repeat(times);
}

function indent(spaces: TemplateValue, text: TemplateValue): string {
  const lines = textOf(text).split('\n');
  const width = Math.max(0, int(spaces));
  if (lines.length * width > longestText) throw new TemplateError('text is too long');
  return bounded(lines.map((line) => ' '.repeat(width) + line).join('\n'));
}

function trimSet(text: string, set: string, left: boolean, right: boolean): string {
  const characters = Array.from(text);
  const cut = new Set(set);
  let [from, to] = [0, characters.length];
  if (left) while (from < to && cut.has(characters[from] ?? '')) from++;
  if (right) while (to > from && cut.has(characters[to - 1] ?? '')) to--;
  return characters.slice(from, to).join('');
}

/** `%s`, `%d`, `%v`, `%q`, `%f`, `%x`, `%t`, `%c`, `%%` with width, precision and flags. */
function format(pattern: string, values: readonly TemplateValue[]): string {
  let next = 0;
  const made = pattern.replaceAll(
    /%([-+0 #]*)(\d{0,4})(?:\.(\d{0,3}))?([a-zA-Z%])/g,
    (_, ...groups: (string | undefined)[]) => {
      const [flags = '', width = '', precision, verb = ''] = groups;
      if (verb === '%') return '%';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const value = values[next++];
      let text: string;
      if (verb === 'd') text = String(int(value));
      else if (verb === 'f' || verb === 'F') text = float(value).toFixed(Math.min(100, Number(precision ?? 6)));
      else if (verb === 'e') text = float(value).toExponential(Math.min(100, Number(precision ?? 6)));
      else if (verb === 'g') text = String(float(value));
      else if (verb === 'q') text = JSON.stringify(textOf(value));
      else if (verb === 'x')
        text = typeof value === 'number' ? int(value).toString(16) : Buffer.from(textOf(value)).toString('hex');
      else if (verb === 'c') text = String.fromCodePoint(Math.min(0x10ffff, Math.max(0, int(value))));
      else text = precision === undefined ? textOf(value) : textOf(value).slice(0, Number(precision));
      if (flags.includes('+') && 'dfeg'.includes(verb) && !text.startsWith('-')) text = `+${text}`;
      if (flags.includes('-')) return text.padEnd(Number(width));
      return text.padStart(Number(width), flags.includes('0') && 'dfeg'.includes(verb) ? '0' : ' ');
    },
  );
  return bounded(next < values.length ? `${made}%!(EXTRA ${values.slice(next).map(textOf).join(', ')})` : made);
}

function parseJson(text: TemplateValue): TemplateValue {
  try {
    return JSON.parse(textOf(text)) as TemplateValue;
  } catch {
    return undefined;
  }
}

function pick(of: TemplateValue, ...path: TemplateValue[]): TemplateValue {
  let found = of;
  for (const step of path) {
    if (Array.isArray(found)) found = found[int(step)] as TemplateValue;
    else if (typeof found === 'string') found = Buffer.from(found)[int(step)];
    else if (typeof found === 'object' && found !== null && !(found instanceof Date)) {
      const name = textOf(step);
      found = Object.hasOwn(found, name) ? (found as Record<string, TemplateValue>)[name] : undefined;
    } else return undefined;
  }
  return found;
}

function seconds(text: TemplateValue): number {
  const value = parseSeconds(textOf(text));
  if (value === undefined) throw new TemplateError(`invalid duration ${JSON.stringify(textOf(text))}`);
  return value;
}

function bytes(text: TemplateValue): number {
  const value = parseBytes(textOf(text));
  if (value === undefined) throw new TemplateError(`invalid size ${JSON.stringify(textOf(text))}`);
  return value;
}

function decode(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

const fold =
  (start: (values: number[]) => number, read: (value: TemplateValue) => number) =>
  (...values: TemplateValue[]) =>
    start(values.map(read));
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const product = (values: number[]): number => values.reduce((total, value) => total * value, 1);
const minus = ([first = 0, ...rest]: number[]): number => rest.reduce((total, value) => total - value, first);
const over = ([first = 0, ...rest]: number[]): number =>
  rest.reduce((total, value) => {
    if (value === 0) throw new TemplateError('integer divide by zero');
    return total / value;
  }, first);
const to = textOf;

/** The functions of Loki's templates (https://grafana.com/docs/loki/latest/query/template_functions/) and Go's own. */
export const functions: Readonly<Record<string, ((...args: TemplateValue[]) => TemplateValue) | undefined>> = {
  ToLower: (text) => to(text).toLowerCase(),
  ToUpper: (text) => to(text).toUpperCase(),
  Replace: (text, old, by, count) => replaceSome(to(text), to(old), to(by), int(count)),
  Trim: (text, set) => trimSet(to(text), to(set), true, true),
  TrimLeft: (text, set) => trimSet(to(text), to(set), true, false),
  TrimRight: (text, set) => trimSet(to(text), to(set), false, true),
  TrimPrefix: (text, prefix) => cutPrefix(to(text), to(prefix)),
  TrimSuffix: (text, suffix) => cutSuffix(to(text), to(suffix)),
  TrimSpace: (text) => to(text).trim(),
  regexReplaceAll: (pattern, text, by) => {
    const [found, given, made] = [expression(pattern), to(text), goReplacement(to(by))];
    if (countMatches(found, given) * made.length > longestText) throw new TemplateError('text is too long');
    return bounded(found.matcher(given).replaceAll(made));
  },
  regexReplaceAllLiteral: (pattern, text, by) => bounded(replaceLiteral(expression(pattern), to(text), to(by))),
  count: (pattern, text) => countMatches(expression(pattern), to(text)),
  lower: (text) => to(text).toLowerCase(),
  upper: (text) => to(text).toUpperCase(),
  title: (text) =>
    to(text).replaceAll(
      /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  trunc: (length, text) => {
    const [size, characters] = [int(length), Array.from(to(text))];
    return (size < 0 ? characters.slice(size) : characters.slice(0, size)).join('');
  },
  substr: (from, end, text) => {
    const [start, stop, characters] = [int(from), int(end), Array.from(to(text))];
    if (start < 0) return characters.slice(0, stop).join('');
    return characters.slice(start, stop < 0 || stop > characters.length ? undefined : stop).join('');
  },
  trim: (text) => to(text).trim(),
  trimAll: (set, text) => trimSet(to(text), to(set), true, true),
  trimPrefix: (prefix, text) => cutPrefix(to(text), to(prefix)),
  trimSuffix: (suffix, text) => cutSuffix(to(text), to(suffix)),
  replace: (old, by, text) => replaceSome(to(text), to(old), to(by), -1),
  contains: (part, text) => to(text).includes(to(part)),
  hasPrefix: (prefix, text) => to(text).startsWith(to(prefix)),
  hasSuffix: (suffix, text) => to(text).endsWith(to(suffix)),
  eq: (first, ...others) => others.some((other) => compare(first, other) === 0),
  ne: (left, right) => compare(left, right) !== 0,
  lt: (left, right) => compare(left, right) < 0,
  le: (left, right) => compare(left, right) <= 0,
  gt: (left, right) => compare(left, right) > 0,
  ge: (left, right) => compare(left, right) >= 0,
  not: (value) => !truth(value),
  len: (value) =>
    Array.isArray(value)
      ? value.length
      : typeof value === 'string'
        ? Buffer.byteLength(value)
        : Object.keys(value ?? {}).length,
  index: pick,
  print: (...values) => bounded(printed(values)),
  println: (...values) => bounded(`${values.map(to).join(' ')}\n`),
  printf: (pattern, ...values) => format(to(pattern), values),
  indent,
  nindent: (spaces, text) => `\n${indent(spaces, text)}`,
  repeat,
  alignLeft: (length, text) =>
    Array.from(to(text))
      .slice(0, Math.max(0, int(length)))
      .join('')
      .padEnd(Math.min(10_000, int(length))),
  alignRight: (length, text) => {
    const size = Math.max(0, int(length));
    return Array.from(to(text))
      .slice(size === 0 ? Infinity : -size)
      .join('')
      .padStart(Math.min(10_000, size));
  },
  default: (otherwise, value) => (truth(value) ? value : otherwise),
  toString: (value: TemplateValue) => to(value),
  int,
  float64: float,
  add: fold(sum, int),
  sub: fold(minus, int),
  mul: fold(product, int),
  div: (...values) => Math.trunc(over(values.map(int))),
  mod: (left, right) => {
    if (int(right) === 0) throw new TemplateError('integer divide by zero');
    return int(left) % int(right);
  },
  max: fold((values) => Math.max(...values), int),
  min: fold((values) => Math.min(...values), int),
  addf: fold(sum, float),
  subf: fold(minus, float),
  mulf: fold(product, float),
  divf: (...values) => over(values.map(float)),
  maxf: fold((values) => Math.max(...values), float),
  minf: fold((values) => Math.min(...values), float),
  ceil: (value) => Math.ceil(float(value)),
  floor: (value) => Math.floor(float(value)),
  round: (value, digits) => {
    const scale = 10 ** Math.min(15, Math.max(0, int(digits)));
    const scaled = float(value) * scale;
    return (scaled % 1 >= 0.5 ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
  },
  urlencode: (text) =>
    encodeURIComponent(to(text))
      .replaceAll('%20', '+')
      .replaceAll(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`),
  urldecode: (text) => decode(() => decodeURIComponent(to(text).replaceAll('+', ' '))),
  b64enc: (text) => Buffer.from(to(text)).toString('base64'),
  b64dec: (text) => Buffer.from(to(text), 'base64').toString('utf8'),
  fromJson: parseJson,
  bytes,
  duration: seconds,
  duration_seconds: seconds,
  date: (layout, time) => formatGoTime(date(time), to(layout)),
  toDate: (layout, text) => parseGoTime(to(text), to(layout)) ?? new Date(0),
  toDateInZone: (layout, zone, text) => parseGoTime(to(text), to(layout), to(zone)) ?? new Date(0),
  now: () => new Date(),
  unixEpoch: (time) => String(Math.floor(date(time).getTime() / 1000)),
  unixEpochMillis: (time) => String(date(time).getTime()),
  unixEpochNanos: (time) => String(nanosecondsOf(date(time))),
  unixToTime: (text) => unixToTime(to(text)),
};

/** As Go's `Sprint`: a space stands between two operands neither of which is a text. */
function printed(values: readonly TemplateValue[]): string {
  let text = '';
  for (const [index, value] of values.entries()) {
    if (index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string') text += ' ';
    text += to(value);
  }
  return text;
}

function replaceSome(text: string, old: string, by: string, count: number): string {
  if (count === 0) return text;
  const parts = text.split(old);
  const times = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  // Before anything is made of it.
  if (times * by.length > longestText) throw new TemplateError('text is too long');
  const kept = parts.slice(0, times + 1).join(by);
  return bounded([kept, ...parts.slice(times + 1)].join(old));
}

const cutPrefix = (text: string, prefix: string): string =>
  text.startsWith(prefix) ? text.slice(prefix.length) : text;
const cutSuffix = (text: string, suffix: string): string =>
  suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;

/** Go's `$1`, `${1}` and `${name}`; RE2JS wants `${name}` for names. */
function goReplacement(text: string): string {
  return text.replaceAll(/\$\{(\d+)\}/g, '$$$1');
}

function replaceLiteral(pattern: RE2JS, text: string, by: string): string {
  const matcher = pattern.matcher(text);
  let [result, at] = ['', 0];
  while (matcher.find()) {
    result = bounded(result + text.slice(at, matcher.start()) + by);
    at = matcher.end();
  }
  return result + text.slice(at);
}

function countMatches(pattern: RE2JS, text: string): number {
  const matcher = pattern.matcher(text);
  let count = 0;
  while (matcher.find()) count += 1;
  return count;
}

/** Seconds, milliseconds, microseconds or nanoseconds by the number of digits; days by five. */
function unixToTime(text: string): Date {
  const number = Number(text);
  if (!Number.isFinite(number)) throw new TemplateError(`unable to parse time '${text.slice(0, 50)}'`);
  const scale: Readonly<Record<number, number>> = { 5: 86_400_000, 10: 1000, 13: 1, 16: 1e-3, 19: 1e-6 };
  const ms = scale[text.length];
  if (ms === undefined) throw new TemplateError(`unable to parse time '${text.slice(0, 50)}'`);
  return new Date(number * ms);
}
