import type { Aggregate } from '../ast.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { compactHistogram, HistogramMean, HistogramSum } from '../histogram/histogram.ts';
import { boundsReconciled, hintsCollide, mixedSchemas } from '../kernels/histogram-notes.ts';
import { accumulate, finishPartial, newPartial } from '../reduce/partial.ts';
import type { Reduction, SeriesValues } from '../source.ts';
import type { Evaluation } from './evaluation.ts';
import { noteIgnored } from './ignored.ts';
import type { VectorSeries } from './values.ts';

/** `sum`, `avg`, `min`, `max`, `count` and `group` of a group that has histograms among its values. */
export function combineWithHistograms(
  evaluation: Evaluation,
  node: Aggregate,
  operator: Reduction['operator'],
  members: readonly VectorSeries[],
  steps: number,
): SeriesValues {
  const partial = newPartial(operator, steps);
  const counted = operator === 'count' || operator === 'group';
  for (const member of members) {
    evaluation.limits.check();
    accumulate(operator, partial, counted ? member : floatsOf(member));
  }
  const floats = finishPartial(operator, partial);
  if (counted) return floats;
  if (operator === 'min' || operator === 'max') {
    noteIgnored(evaluation, node);
    return floats;
  }
  const histograms: (FloatHistogram | undefined)[] = Array.from({ length: steps });
  for (let step = 0; step < steps; step++) {
    const at = members.filter((member) => member.histograms?.[step]);
    if (at.length === 0) continue;
    if (floats.present[step] === 1) {
      evaluation.annotations.warn('encountered a mix of histograms and floats for aggregation', node.inner.span.start);
      floats.present[step] = 0;
      continue;
    }
    const total = totalOf(evaluation, node, operator === 'sum' ? HistogramSum : HistogramMean, at, step);
    if (total === undefined) continue;
    histograms[step] = total;
    floats.present[step] = 1;
  }
  return { ...floats, histograms };
}

function totalOf(
  { annotations }: Evaluation,
  node: Aggregate,
  Total: typeof HistogramSum | typeof HistogramMean,
  members: readonly VectorSeries[],
  step: number,
): FloatHistogram | undefined {
  const at = node.inner.span.start;
  const hints = new Set<number>();
  let total: HistogramSum | HistogramMean | undefined;
  for (const { labels, histograms } of members) {
    const histogram = histograms?.[step];
    if (histogram === undefined) continue;
    hints.add(histogram.counterResetHint);
    if (total === undefined) {
      total = new Total(histogram);
      continue;
    }
    const combined = total.add(histogram);
    if (combined === undefined) {
      annotations.warn(mixedSchemas(labels['__name__'] ?? ''), at);
      return undefined;
    }
    if (combined.boundsReconciled) annotations.info(boundsReconciled('aggregation'), at);
  }
  if (hints.has(1) && hints.has(2)) annotations.warn(hintsCollide('aggregation'), at);
  return total && compactHistogram(total.value());
}

/** The series without its histograms. */
function floatsOf(series: VectorSeries): SeriesValues {
  const { values, present, histograms } = series;
  if (!histograms) return series;
  return { values, present: present.map((one, step) => (histograms[step] ? 0 : one)) };
}
