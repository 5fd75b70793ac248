import type { Aggregate } from '../ast.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { compactHistogram, HistogramMean, HistogramSum } from '../histogram/histogram.ts';
import { boundsReconciled, hintsCollide, mixedSchemas } from '../kernels/histogram-notes.ts';
import { accumulate, finishPartial, newPartial } from '../reduce/partial.ts';
import type { Reduction, SeriesValues } from '../source.ts';
import type { Evaluation } from './evaluation.ts';
import { noteIgnored } from './ignored.ts';
import type { VectorSeries } from './values.ts';

/** A group in which histograms occur: `count` and `group` count them, `min` and `max` pass over them, `sum` and `avg` add them up. */
export function aggregateMixed(
  evaluation: Evaluation,
  node: Aggregate,
  operator: Reduction['operator'],
  members: readonly VectorSeries[],
  steps: number,
): SeriesValues {
  if (operator === 'sum' || operator === 'avg') return totals(evaluation, node, operator, members, steps);
  const partial = newPartial(operator, steps);
  for (const member of members) {
    const { histograms } = member;
    const passes = histograms && (operator === 'min' || operator === 'max');
    if (passes && histograms.some(Boolean)) noteIgnored(evaluation, node);
    accumulate(operator, partial, passes ? floatsOf(member) : member);
  }
  return finishPartial(operator, partial);
}

function floatsOf({ histograms, ...series }: VectorSeries): VectorSeries {
  return { ...series, present: series.present.map((one, step) => (histograms?.[step] ? 0 : one)) };
}

/** Sums and means of steps that have floats alone, or histograms alone; a mix has none, and is warned of. */
function totals(
  { annotations, limits }: Evaluation,
  node: Aggregate,
  operator: 'sum' | 'avg',
  members: readonly VectorSeries[],
  steps: number,
): SeriesValues {
  const partial = newPartial(operator, steps);
  for (const member of members) accumulate(operator, partial, floatsOf(member));
  const { values, present } = finishPartial(operator, partial);
  const histograms: (FloatHistogram | undefined)[] = Array.from({ length: steps });
  const position = node.inner.span.start;
  for (let step = 0; step < steps; step++) {
    limits.check();
    const found = members.flatMap((member) => {
      const histogram = member.present[step] === 1 ? member.histograms?.[step] : undefined;
      return histogram ? [{ histogram, metric: member.labels['__name__'] ?? '' }] : [];
    });
    if (found.length === 0) continue;
    if (present[step] === 1) {
      annotations.warn('encountered a mix of histograms and floats for aggregation', position);
      present[step] = 0;
      continue;
    }
    const [first, ...others] = found;
    const total = new (operator === 'sum' ? HistogramSum : HistogramMean)(first!.histogram);
    let failed = false;
    for (const { histogram, metric } of others) {
      const combination = total.add(histogram);
      if (!combination) {
        annotations.warn(mixedSchemas(metric), position);
        failed = true;
        break;
      }
      if (combination.boundsReconciled) annotations.info(boundsReconciled('aggregation'), position);
    }
    if (failed) continue;
    const hints = new Set(found.map(({ histogram }) => histogram.counterResetHint));
    if (hints.has(1) && hints.has(2)) annotations.warn(hintsCollide('aggregation'), position);
    histograms[step] = compactHistogram(total.value());
    present[step] = 1;
  }
  return { values, present, histograms };
}
