import { expect, test } from 'vitest';
import { fillFormula } from './formula.ts';

const queries = { A: 'sum by (site)(rate(errors[5m]))', B: 'rate(all[5m]) # all of them' };

test.each([
  ['A / 2', '(sum by (site)(rate(errors[5m]))) / 2'],
  ['100 * A / on(site) B', `100 * (${queries.A}) / on(site) (${queries.B}\n)`],
  ['A - avg(A)', `(${queries.A}) - avg((${queries.A}))`],
  ['up{x="A"} * AB', 'up{x="A"} * AB'],
  ['label_replace(A, "B", "A", "", "")', `label_replace((${queries.A}), "B", "A", "", "")`],
])('%s', (formula, expected) => {
  expect(fillFormula(formula, queries)).toEqual({ ok: true, value: expected });
});

test('a name without a query is said', () => {
  expect(fillFormula('A / C + D', queries)).toEqual({ ok: false, error: 'There is no query C, D.' });
  expect(fillFormula('A / B', { A: 'up', B: ' ' })).toEqual({ ok: false, error: 'There is no query B.' });
});
