import { type Expression, type Matcher, printPromql, selectorsIn } from '@sightline/query/promql';

/** Selectors of one question about exemplars. */
export const exemplarSelectorLimit = 200;

/** The selectors of an expression as texts, with `enforced` (the asker's own site, the page's scope) in each of them. */
export function boundSelectors(expression: Expression, enforced: readonly Matcher[]): string[] {
  return selectorsIn(expression).map(({ name, matchers, span }) =>
    printPromql({
      kind: 'vector-selector',
      name,
      matchers: [...enforced, ...matchers],
      shift: { offsetMs: 0 },
      span,
    }),
  );
}
