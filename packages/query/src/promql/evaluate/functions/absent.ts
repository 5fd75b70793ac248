import type { Expression, Matcher } from '../../ast.ts';
import type { Labels } from '../../source.ts';
import type { VectorSeries } from '../values.ts';

function matchersOf(expression: Expression | undefined): readonly Matcher[] {
  if (expression?.kind === 'vector-selector') return expression.matchers;
  return expression?.kind === 'matrix-selector' ? expression.selector.matchers : [];
}

/** Labels that whatever the selector did not find would have had: those of `=`, none that is asked for twice. */
function labelsOfAbsent(expression: Expression | undefined): Labels {
  const labels: Record<string, string> = {};
  const seen = new Set<string>();
  for (const { label, operator, value } of matchersOf(expression)) {
    if (label === '__name__') continue;
    if (operator === '=' && !seen.has(label)) {
      if (value !== '') labels[label] = value;
      seen.add(label);
    } else {
      delete labels[label];
    }
  }
  return labels;
}

/** 1 at the steps where none of the series has a value; `expression` is what was asked for. */
export function absent(
  series: readonly Pick<VectorSeries, 'present'>[],
  expression: Expression | undefined,
  steps: number,
): VectorSeries[] {
  const present = new Uint8Array(steps).fill(1);
  for (const one of series) {
    for (let step = 0; step < steps; step++) if (one.present[step] === 1) present[step] = 0;
  }
  if (!present.includes(1)) return [];
  return [{ labels: labelsOfAbsent(expression), values: new Float64Array(steps).fill(1), present, dropName: false }];
}
