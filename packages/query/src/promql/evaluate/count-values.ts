import type { Aggregate } from '../ast.ts';
import { formatHistogram, plainDigits } from '../histogram/format.ts';
import { Grouper } from '../reduce/grouping.ts';
import { type Evaluation, SeriesBuilder } from './evaluation.ts';
import { execution, isLabelName, type VectorSeries } from './values.ts';

/** `count_values("label", …)`: a group for every value, which stands in the label. */
export function countValues(
  { limits, options }: Evaluation,
  node: Aggregate,
  series: readonly VectorSeries[],
  label: string,
  steps: number,
): VectorSeries[] {
  if (!isLabelName(label)) {
    const { start, end } = (node.parameter ?? node).span;
    throw execution(`invalid label name ${options.text.slice(start, end)}`);
  }
  const { without, grouping } = node;
  const grouper = new Grouper({ without, grouping: without ? grouping : [...grouping, label] });
  const groups = new Map<string, SeriesBuilder>();
  for (const { labels, values, present, histograms } of series) {
    limits.check();
    const byText = new Map<string, SeriesBuilder>();
    for (let step = 0; step < steps; step++) {
      if (present[step] === 0) continue;
      const histogram = histograms?.[step];
      const text = histogram ? formatHistogram(histogram) : plainDigits(values[step]!);
      let group = byText.get(text);
      if (!group) {
        const labelled = { ...labels, [label]: text };
        const key = grouper.keyOf(labelled);
        group = groups.get(key);
        if (!group) {
          group = new SeriesBuilder(grouper.labelsOf(labelled), steps);
          groups.set(key, group);
          limits.hold(groups.size * steps);
        }
        byText.set(text, group);
      }
      group.present[step] = 1;
      group.values[step]!++;
    }
  }
  return [...groups.values()];
}
