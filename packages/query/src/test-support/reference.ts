import { severityNumber } from '@sightline/record';
import type { Search, Test, Value } from '../search/ast.ts';

/** A log as the reference sees it: strings, and the two maps. */
export interface PlainLog {
  readonly [column: string]: unknown;
  readonly severity: number;
  readonly body: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly res: Readonly<Record<string, string>>;
}

const dimensions: Readonly<Record<string, string>> = {
  site: 'site',
  store: 'site',
  device: 'device',
  terminal: 'device',
  service: 'service',
  env: 'environment',
  environment: 'environment',
  release: 'release',
  event: 'event_name',
};
const lists: Readonly<Record<string, readonly string[]>> = {
  status: ['http.response.status_code', 'http.status_code', 'status_code', 'status'],
  order: ['order.id', 'order', 'order_id', 'orderId'],
  amount: ['amount', 'order.amount', 'payment.amount'],
};

/** RE2's `.` takes line breaks, and its flags stand in front. */
const regex = (pattern: string): RegExp =>
  pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'siu') : new RegExp(pattern, 'su');

const words = (text: string): string[] => text.toLowerCase().match(/[0-9a-z\u0080-\u{10FFFF}]+/gu) ?? [];

/** Whether a log matches, in plain JavaScript and by other means than the SQL: the tests compare the two. */
export function matches(search: Search, log: PlainLog): boolean {
  switch (search.kind) {
    case 'everything':
      return true;
    case 'and':
      return search.items.every((item) => matches(item, log));
    case 'or':
      return search.items.some((item) => matches(item, log));
    case 'not':
      return !matches(search.item, log);
    case 'regex':
      return regex(search.pattern).test(log.body);
    case 'text':
      return hasWords(log.body, search.value) || identifies(log, search.value);
    case 'named':
      return Object.keys(log.attrs).some((name) => regex(search.pattern).test(name));
    case 'field':
      return matchesField(search.field, search.test, log);
  }
}

function hasWords(text: string, value: Value): boolean {
  if (value.wildcard) {
    const source = value.text
      .toLowerCase()
      .split('*')
      .map((part) => part.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&'));
    const letter = '[0-9A-Za-z\\u{80}-\\u{10FFFF}]';
    const open = source[0] === '' ? '' : `(?<!${letter})`;
    const close = source.at(-1) === '' ? '' : `(?!${letter})`;
    return new RegExp(
      open + source.filter((p, i) => p !== '' || (i > 0 && i < source.length - 1)).join('\\S*') + close,
      'su',
    ).test(text.toLowerCase());
  }
  const wanted = words(value.text);
  if (wanted.length === 0) return text.toLowerCase().includes(value.text.toLowerCase());
  const there = words(text);
  return there.some((_, i) => wanted.every((word, k) => there[i + k] === word));
}

function identifies(log: PlainLog, value: Value): boolean {
  if (value.wildcard || !/^[\w.:@-]{8,128}$/.test(value.text) || !/\d/.test(value.text)) return false;
  return log['correlation_id'] === value.text || Object.values(log.attrs).includes(value.text);
}

function matchesField(field: string, test: Test, log: PlainLog): boolean {
  if (field === 'severity' || field === 'level') return matchesSeverity(test, log.severity);
  if (field === 'body' || field === 'message') return matchesText(test, log.body);
  const column = dimensions[field] ?? (field === 'correlation' ? 'correlation_id' : undefined);
  if (column) return matchesString(test, String(log[column]), field !== 'correlation');
  const keys = lists[field] ?? [field];
  const values = [log.attrs, log.res]
    .flatMap((map) => keys.map((key) => map[key]))
    .filter((value) => value !== undefined);
  if (test.kind === 'is' && test.value.text === '') return values.every((value) => value === '');
  return values.some((value) =>
    test.kind === 'is' || test.kind === 'exists' || test.kind === 'regex'
      ? matchesString(test, value, false) || test.kind === 'exists'
      : ordered(test, Number(value), (v) => Number(v.text)),
  );
}

function matchesText(test: Test, text: string): boolean {
  if (test.kind === 'exists') return text !== '';
  if (test.kind === 'regex') return regex(test.pattern).test(text);
  return test.kind === 'is' && (test.value.text === '' ? text === '' : hasWords(text, test.value));
}

function matchesString(test: Test, text: string, ignoreCase: boolean): boolean {
  if (test.kind === 'exists') return text !== '';
  if (test.kind === 'regex') return regex(test.pattern).test(text);
  if (test.kind !== 'is') return false;
  if (test.value.wildcard) {
    const source = test.value.text
      .split('*')
      .map((part) => part.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&'))
      .join('.*');
    return new RegExp(`^${source}$`, 'sui').test(text);
  }
  return ignoreCase ? text.toLowerCase() === test.value.text.toLowerCase() : text === test.value.text;
}

function ordered(test: Test, n: number, read: (value: Value) => number): boolean {
  if (Number.isNaN(n)) return false;
  if (test.kind === 'compare') {
    const bound = read(test.value);
    return { '>': n > bound, '>=': n >= bound, '<': n < bound, '<=': n <= bound }[test.comparison];
  }
  if (test.kind !== 'range') return false;
  const low = read(test.low);
  const high = read(test.high);
  return (test.includeLow ? n >= low : n > low) && (test.includeHigh ? n <= high : n < high);
}

function matchesSeverity(test: Test, severity: number): boolean {
  if (test.kind === 'exists') return severity > 0;
  const group = (number: number): number => Math.ceil(number / 4);
  const read = (value: Value): number => group(severityNumber(value.text));
  return test.kind === 'is' ? group(severity) === read(test.value) : ordered(test, group(severity), read);
}
