import type { Expression } from '../ast.ts';
import { sortedNames } from '../reduce/grouping.ts';
import { type Labels, QueryFailure, type SeriesValues } from '../source.ts';

/** One series of an instant vector over the grid. Never changed once made: two parts of a query may share it. */
export interface VectorSeries extends SeriesValues {
  readonly labels: Labels;
  /**
   * True where the metric's name no longer describes the values. It goes at the very end, so that `label_replace` and grouping
   * still see it (Prometheus' delayed name removal).
   */
  readonly dropName: boolean;
}

/** What parentheses stand around. */
export function unwrap(expression: Expression): Expression {
  return expression.kind === 'parentheses' ? unwrap(expression.inner) : expression;
}

const metadataLabels = ['__name__', '__type__', '__unit__'] as const;

/** Without the labels that describe the metric itself. */
export function withoutName(labels: Labels): Labels {
  if (!metadataLabels.some((name) => name in labels)) return labels;
  const { __name__: _name, __type__: _type, __unit__: _unit, ...rest } = labels;
  return rest;
}

/** Any text that is UTF-8; bytes that are none have become U+FFFD on the way. */
export function isLabelName(name: string): boolean {
  return name !== '' && !name.includes('\u{fffd}');
}

/** Text that tells label sets apart, whatever their order. Such texts are in the order of `compareLabels`. */
export function keyOf(labels: Labels): string {
  let key = '';
  for (const name of sortedNames(labels)) key += `${name}\u{0}${labels[name]!}\u{0}`;
  return key;
}

/** Prometheus' order of label sets: by names and values in turn, the shorter first. */
export function compareLabels(left: Labels, right: Labels): number {
  const leftNames = sortedNames(left);
  const rightNames = sortedNames(right);
  const shared = Math.min(leftNames.length, rightNames.length);
  for (let i = 0; i < shared; i++) {
    const l = leftNames[i]!;
    const r = rightNames[i]!;
    if (l !== r) return l < r ? -1 : 1;
    if (left[l]! !== right[r]!) return left[l]! < right[r]! ? -1 : 1;
  }
  return leftNames.length - rightNames.length;
}

/** `{__name__="up", job="api"}`. */
export function printLabels(labels: Labels): string {
  const plain = (name: string): string => (/^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name));
  return `{${sortedNames(labels)
    .map((name) => `${plain(name)}=${JSON.stringify(labels[name])}`)
    .join(', ')}}`;
}

export function execution(message: string): QueryFailure {
  return new QueryFailure({ kind: 'execution', message });
}

export const sameLabels = 'vector cannot contain metrics with the same labelset';

/** Series that have come to share all of their labels become one, unless both have a value at a step. */
export function mergeSame(series: readonly VectorSeries[]): readonly VectorSeries[] {
  if (series.length < 2) return series;
  const byKey = new Map<string, VectorSeries>();
  for (const one of series) {
    const key = keyOf(one.labels);
    const known = byKey.get(key);
    byKey.set(key, known ? mergeTwo(known, one) : one);
  }
  return byKey.size === series.length ? series : [...byKey.values()];
}

function mergeTwo(left: VectorSeries, right: VectorSeries): VectorSeries {
  const values = Float64Array.from(left.values);
  const present = Uint8Array.from(left.present);
  const histograms =
    left.histograms || right.histograms ? Array.from(values, (_, step) => left.histograms?.[step]) : undefined;
  for (let step = 0; step < present.length; step++) {
    if (right.present[step] !== 1) continue;
    if (present[step] === 1) throw execution(sameLabels);
    present[step] = 1;
    values[step] = right.values[step]!;
    if (histograms) histograms[step] = right.histograms?.[step];
  }
  return { ...left, values, present, ...(histograms && { histograms }) };
}
