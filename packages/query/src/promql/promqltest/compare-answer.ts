import { RE2JS } from 're2js';
import { equalCompacted } from '../histogram/equal.ts';
import { formatTestHistogram } from '../histogram/format.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import type { Answer, MatrixSeries, QueryValue, VectorSample } from '../metric-engine.ts';
import type { Labels } from '../source.ts';
import { almostEqual } from './almost-equal.ts';
import { labelKey } from './parse-eval.ts';
import type { EvalCommand, Expectation, ExpectedRow } from './script.ts';
import type { SequenceValue } from './series-notation.ts';

/** How native histograms are compared in the form in which a target answers them. */
export interface HistogramForm<Histogram> {
  /** True when `found` is what is expected, as far as the form shows it; the hint counts only where the script wrote it down. */
  same(expected: FloatHistogram, found: Histogram, hintGiven: boolean): boolean;
  show(found: Histogram): string;
  showExpected(expected: FloatHistogram): string;
}

/** All of a histogram, as the evaluator answers it. */
export const wholeHistograms: HistogramForm<FloatHistogram> = {
  same: (expected, found, hintGiven) =>
    equalCompacted(expected, found, almostEqual) &&
    (!hintGiven || expected.counterResetHint === found.counterResetHint),
  show: formatTestHistogram,
  showExpected: formatTestHistogram,
};

/** What differs between an answer and what the script expects of it; `undefined` when nothing does. */
export function compareAnswer<H>(command: EvalCommand, answer: Answer<H>, form: HistogramForm<H>): string | undefined {
  if (command.expectations.some(({ type }) => type === 'fail')) return 'a failure was expected, and there was none';
  return (
    compareAnnotations(command, answer.warnings, 'warn', 'no_warn') ??
    compareAnnotations(command, answer.infos, 'info', 'no_info') ??
    compareValue(command, answer.value, form)
  );
}

/** As `compareAnswer` for a query that ended with a failure. */
export function compareFailure(command: EvalCommand, message: string): string | undefined {
  const expected = command.expectations.find(({ type }) => type === 'fail');
  if (expected === undefined) return `failed: ${message}`;
  return matches(expected, message) ? undefined : `failed with "${message}" instead of "${textOf(expected)}"`;
}

function compareAnnotations(
  command: EvalCommand,
  found: readonly string[],
  wanted: 'warn' | 'info',
  unwanted: 'no_warn' | 'no_info',
): string | undefined {
  if (found.length > 0 && command.expectations.some(({ type }) => type === unwanted))
    return `no ${wanted} was expected: ${found.join('; ')}`;
  const expected = command.expectations.filter(({ type }) => type === wanted);
  if (expected.length === 0) return undefined;
  const missing = expected.find((one) => !found.some((message) => matches(one, message)));
  if (missing !== undefined) return `${wanted} "${textOf(missing)}" is missing among: ${found.join('; ') || 'none'}`;
  const surplus = found.find((message) => !expected.some((one) => matches(one, message)));
  return surplus === undefined ? undefined : `${wanted} "${surplus}" was not expected`;
}

function matches(expected: Expectation, text: string): boolean {
  if (expected.message !== undefined) return expected.message === text;
  return expected.pattern === undefined || RE2JS.compile(expected.pattern).matcher(text).find();
}

function textOf(expected: Expectation): string {
  return expected.message ?? expected.pattern ?? 'any';
}

function compareValue<H>(command: EvalCommand, value: QueryValue<H>, form: HistogramForm<H>): string | undefined {
  if (value.type === 'string') return command.text === value.value ? undefined : `got the text "${value.value}"`;
  if (value.type === 'scalar') {
    if (command.scalar === undefined) return `got the scalar ${value.value}`;
    return almostEqual(command.scalar, value.value) ? undefined : `got ${value.value} instead of ${command.scalar}`;
  }
  if (command.scalar !== undefined) return `got a ${value.type} instead of the scalar ${command.scalar}`;
  const rows = new Map(command.rows.map((row) => [labelKey(row.labels), row]));
  const found = new Map<string, true>();
  const items = value.type === 'vector' ? value.samples : value.series;
  if (value.type === 'matrix') {
    const unsorted = value.series.findIndex(
      (series, i) => i > 0 && compareLabels(value.series[i - 1]?.labels ?? {}, series.labels) > 0,
    );
    if (unsorted > 0) return `${show(value.series[unsorted]?.labels ?? {})} is not in the order of labels`;
  }
  for (const [i, item] of items.entries()) {
    const key = labelKey(item.labels);
    const row = rows.get(key);
    if (row === undefined) return `${show(item.labels)} was not expected: ${showItem(item, form)}`;
    found.set(key, true);
    if (command.expectations.some(({ type }) => type === 'ordered') && row.position !== i + 1)
      return `${show(item.labels)} is at ${i + 1} instead of ${row.position}`;
    const difference = 'floats' in item ? compareSeries(command, row, item, form) : compareSample(row, item, form);
    if (difference !== undefined) return `${show(item.labels)}: ${difference}`;
  }
  const missing = command.rows.find((row) => !found.has(labelKey(row.labels)));
  return missing === undefined ? undefined : `${show(missing.labels)} is missing`;
}

function compareSample<H>(row: ExpectedRow, sample: VectorSample<H>, form: HistogramForm<H>): string | undefined {
  const expected = row.values[0] ?? { kind: 'omitted' };
  return compareOne(expected, sample, form);
}

function compareOne<H>(
  expected: SequenceValue,
  { value, histogram }: Pick<VectorSample<H>, 'value' | 'histogram'>,
  form: HistogramForm<H>,
): string | undefined {
  if (expected.kind === 'histogram') {
    const wanted = form.showExpected(expected.histogram);
    if (histogram === undefined) return `got ${value} instead of ${wanted}`;
    if (form.same(expected.histogram, histogram, expected.hintGiven)) return undefined;
    return `got ${form.show(histogram)} instead of ${wanted}`;
  }
  if (histogram !== undefined) return `got ${form.show(histogram)} instead of a float`;
  const wanted = expected.kind === 'number' ? expected.value : Number.NaN;
  return almostEqual(wanted, value) ? undefined : `got ${value} instead of ${wanted}`;
}

function compareSeries<H>(
  command: EvalCommand,
  row: ExpectedRow,
  series: MatrixSeries<H>,
  form: HistogramForm<H>,
): string | undefined {
  const byTime = new Map<number, Pick<VectorSample<H>, 'value' | 'histogram'>>();
  for (const [i, atMs] of series.floats.times.entries())
    byTime.set(atMs, { value: series.floats.values[i] ?? Number.NaN });
  for (const { atMs, histogram } of series.histograms) byTime.set(atMs, { value: Number.NaN, histogram });
  for (const [i, expected] of row.values.entries()) {
    const atMs = command.startMs + i * command.stepMs;
    if (expected.kind === 'omitted') continue;
    if (atMs > command.endMs) return 'more values are expected than there are steps';
    const found = byTime.get(atMs);
    if (found === undefined) return `has no value at ${atMs} ms`;
    byTime.delete(atMs);
    const difference = compareOne(expected, found, form);
    if (difference !== undefined) return `${difference} at ${atMs} ms`;
  }
  const [surplus] = byTime.keys();
  return surplus === undefined ? undefined : `has a value at ${surplus} ms`;
}

/** The order of Prometheus' results: by label name and value in turn. */
function compareLabels(a: Labels, b: Labels): number {
  const flat = (labels: Labels) =>
    Object.entries(labels)
      .toSorted(([x], [y]) => (x < y ? -1 : 1))
      .flat();
  const ofA = flat(a);
  const ofB = flat(b);
  for (const [i, text] of ofA.entries()) {
    const other = ofB[i];
    if (other === undefined) return 1;
    if (text !== other) return text < other ? -1 : 1;
  }
  return ofA.length - ofB.length;
}

function show(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels as Record<string, string>;
  return `${name}{${Object.entries(rest)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(', ')}}`;
}

function showItem<H>(item: VectorSample<H> | MatrixSeries<H>, form: HistogramForm<H>): string {
  if ('floats' in item) return `${item.floats.times.length} floats, ${item.histograms.length} histograms`;
  return item.histogram === undefined ? String(item.value) : form.show(item.histogram);
}
