import { RE2JS } from 're2js';
import { labelOf } from '../../reduce/grouping.ts';
import { execution, isLabelName, mergeSame, type VectorSeries } from '../values.ts';
import type { VectorFunction } from './input.ts';

/** A series with one label set anew, or taken away where the value is empty. A name that is set anew stays. */
function withLabel(series: VectorSeries, label: string, value: string): VectorSeries {
  const { [label]: _before, ...labels } = series.labels;
  return {
    ...series,
    labels: value === '' ? labels : { ...labels, [label]: value },
    dropName: label === '__name__' ? false : series.dropName,
  };
}

/** `$1`, `${1}`, `${name}`, `$name` and `$$` in a replacement, by Go's rules: a reference that means nothing is empty. */
function expand(template: string, groupOf: (reference: string) => string): string {
  return template.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    if (whole === '$$') return '$';
    return groupOf(braced ?? bare ?? '');
  });
}

/** `label_replace(v, dst, replacement, src, regex)`; the expression matches whole values and runs in linear time. */
export const labelReplace: VectorFunction = (input) => {
  const [label, replacement, source, expression] = [input.text(1), input.text(2), input.text(3), input.text(4)];
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(`^(?s:${expression})$`);
  } catch {
    throw execution(`invalid regular expression in label_replace(): ${expression}`);
  }
  if (!isLabelName(label)) throw execution(`invalid destination label name in label_replace(): ${label}`);
  const names = pattern.namedGroups();
  const replaced = new Map<string, string | undefined>();
  const replace = (value: string): string | undefined => {
    const matcher = pattern.matcher(value);
    if (!matcher.matches()) return undefined;
    return expand(replacement, (reference) => {
      const index = /^\d+$/.test(reference) ? Number(reference) : names[reference];
      if (index === undefined || index > matcher.groupCount()) return '';
      return matcher.group(index) ?? '';
    });
  };
  const series = input.vector(0).map((one) => {
    const value = labelOf(one.labels, source);
    if (!replaced.has(value)) replaced.set(value, replace(value));
    const text = replaced.get(value);
    return text === undefined ? one : withLabel(one, label, text);
  });
  return mergeSame(series);
};

/** `label_join(v, dst, separator, src…)`. */
export const labelJoin: VectorFunction = (input) => {
  const label = input.text(1);
  const sources = Array.from({ length: input.count - 3 }, (_, index) => input.text(index + 3));
  for (const source of sources) {
    if (!isLabelName(source)) throw execution(`invalid source label name in label_join(): ${source}`);
  }
  if (!isLabelName(label)) throw execution(`invalid destination label name in label_join(): ${label}`);
  const separator = input.text(2);
  const series = input
    .vector(0)
    .map((one) => withLabel(one, label, sources.map((source) => labelOf(one.labels, source)).join(separator)));
  return mergeSame(series);
};
