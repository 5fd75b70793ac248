import { fail, ok, type Result } from '@sightline/base';
import { addHistograms, subtractHistograms } from '../histogram/histogram.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import type { Labels } from '../source.ts';
import { parseTestHistogram, toNumber } from './histogram-notation.ts';

/** One place of a sequence: nothing, a staleness mark, a number or a histogram. */
export type SequenceValue =
  | { readonly kind: 'omitted' | 'stale' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: FloatHistogram; readonly hintGiven: boolean };

export interface NotedSeries {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
}

/** Places that one line may stand for: a script that asks for more is a mistake. */
const valuesMax = 1_000_000;
const number = String.raw`(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|nan)`;
const numberItem = new RegExp(`^([+-]?${number})([+-]${number})?(?:x(\\d+))?$`, 'iu');

/**
 * `name{label="value"} 1 2+3x4 _ stale {{schema:1 …}}x3`, as in promqltest scripts and promtool's unit tests
 * (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series). The error is a sentence.
 */
export function parseSeries(line: string): Result<NotedSeries, string> {
  const labels = parseLabels(line);
  if (!labels.ok) return labels;
  const values = parseValues(line.slice(labels.value.end));
  return values.ok ? ok({ labels: labels.value.labels, values: values.value }) : values;
}

export function parseValues(text: string): Result<SequenceValue[], string> {
  const values: SequenceValue[] = [];
  const items = text.match(/(?:\{\{.*?\}\}|[^\s{])+/gu) ?? [];
  for (const item of items) {
    const parsed = item.startsWith('{{') ? histogramItem(item) : plainItem(item);
    if (!parsed.ok) return parsed;
    if (values.length + parsed.value.length > valuesMax) return fail(`more than ${valuesMax} values in one line`);
    for (const value of parsed.value) values.push(value);
  }
  return ok(values);
}

function plainItem(item: string): Result<SequenceValue[], string> {
  const blank = /^_(?:x(\d+))?$/u.exec(item);
  if (blank !== null) return repeated({ kind: 'omitted' }, Number(blank[1] ?? 1));
  const stale = /^stale(?:x(\d+))?$/iu.exec(item);
  if (stale !== null) return repeated({ kind: 'stale' }, Number(stale[1] ?? 0) + 1);
  const [, first, step, times] = numberItem.exec(item) ?? [];
  if (first === undefined || (step !== undefined && times === undefined))
    return fail(`"${item}" is no value of a series`);
  const count = Number(times ?? 0) + 1;
  if (count > valuesMax) return fail(`more than ${valuesMax} values in one line`);
  const values: SequenceValue[] = [];
  let value = toNumber(first);
  for (let i = 0; i < count; i++) {
    values.push({ kind: 'number', value });
    if (step !== undefined) value += toNumber(step);
  }
  return ok(values);
}

function histogramItem(item: string): Result<SequenceValue[], string> {
  const [, first = '', operator, second, times] =
    /^(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x(\d+))?$/u.exec(item) ?? [];
  const base = parseTestHistogram(first);
  if (!base.ok) return base;
  const count = Number(times ?? 0) + 1;
  if (operator === undefined || second === undefined) return repeated({ kind: 'histogram', ...base.value }, count);
  const step = parseTestHistogram(second);
  if (!step.ok) return step;
  if (times === undefined || count > valuesMax) return fail(`"${item}" does not say how often, or too often`);
  const combine = operator === '+' ? addHistograms : subtractHistograms;
  const values: SequenceValue[] = [];
  let { histogram } = base.value;
  for (let i = 0; i < count; i++) {
    values.push({ kind: 'histogram', histogram, hintGiven: step.value.hintGiven });
    const next = combine(histogram, step.value.histogram);
    if (next === undefined) return fail(`"${item}" adds exponential and custom buckets`);
    ({ histogram } = next);
  }
  return ok(values);
}

function repeated(value: SequenceValue, times: number): Result<SequenceValue[], string> {
  if (times > valuesMax) return fail(`more than ${valuesMax} values in one line`);
  return ok(Array.from({ length: times }, () => value));
}

/** Reads `name{…}` at the start of a text; `end` is where it ends. */
export function parseLabels(text: string): Result<{ readonly labels: Labels; readonly end: number }, string> {
  const name = /^\s*([\p{L}_:][\p{L}\p{N}_:.]*)?/u.exec(text);
  let at = name?.[0].length ?? 0;
  const labels: Record<string, string> = name?.[1] === undefined ? {} : { __name__: name[1] };
  if (text[at] !== '{' || text[at + 1] === '{') return ok({ labels, end: at });
  at++;
  const item =
    /\s*(?:([\p{L}_][\p{L}\p{N}_.]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`))\s*(?:=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`))?\s*,?\s*/uy;
  for (;;) {
    item.lastIndex = at;
    const found = item.exec(text);
    if (found === null) break;
    at = item.lastIndex;
    const [, plain, quoted, value] = found;
    const key = plain ?? unquote(quoted ?? '');
    if (value !== undefined) {
      if (unquote(value) !== '') labels[key] = unquote(value);
    } else if (quoted !== undefined && labels['__name__'] === undefined) labels['__name__'] = key;
    else return fail(`the label "${key}" has no value`);
  }
  const end = /\s*\}/uy;
  end.lastIndex = at;
  if (!end.test(text)) return fail(`the labels of "${text.trim()}" do not end`);
  return ok({ labels, end: end.lastIndex });
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u{7}', b: '\b', f: '\f', v: '\v' };

/** A Go string literal without its quotes. */
export function unquote(literal: string): string {
  const inner = literal.slice(1, -1);
  if (literal.startsWith('`')) return inner;
  return inner.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{3})|(.))/giu,
    (_, hex?: string, short?: string, long?: string, octal?: string, single?: string) => {
      const code = hex ?? short ?? long;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return escapes[single ?? ''] ?? single ?? '';
    },
  );
}
