import { expect, test } from 'vitest';
import { alertLabels, silenceMatches } from './silence-matches.ts';

const labels = { site: 'STORE_047', severity: 'high', service: '' };
const matcher = (name: string, value: string, isRegex = false, isEqual = true) => ({ name, value, isRegex, isEqual });

test.each([
  ['the value', [matcher('site', 'STORE_047')], true],
  ['another value', [matcher('site', 'STORE_04')], false],
  ['not that value', [matcher('site', 'STORE_048', false, false)], true],
  ['an expression over the whole value', [matcher('site', 'STORE_04.', true)], true],
  ['an expression over a part of it', [matcher('site', 'STORE', true)], false],
  ['alternatives, anchored as a whole', [matcher('site', 'X|STORE_047', true)], true],
  ['not the expression', [matcher('site', 'STORE_.*', true, false)], false],
  ['a label that is not there as empty', [matcher('region', '')], true],
  ['a label that is not there is not something', [matcher('region', 'south', false, false)], true],
  ['a name that objects inherit', [matcher('constructor', '.+', true)], false],
  ['all of several', [matcher('site', 'STORE_047'), matcher('severity', 'high|critical', true)], true],
  ['one of several that does not', [matcher('site', 'STORE_047'), matcher('severity', 'low')], false],
  ['nothing at all', [], false],
  ['an expression that is none', [matcher('site', '(', true)], false],
  ['an expression that is none, denied', [matcher('site', '(', true, false)], false],
])('matches %s', (_name, matchers, matches) => {
  expect(silenceMatches({ matchers }, labels)).toBe(matches);
});

test('an expression that does not end is stopped, and silences nothing', () => {
  const began = Date.now();
  const runaway = { matchers: [matcher('site', '(a+)+b', true)] };
  const value = { site: 'a'.repeat(40) };
  for (let i = 0; i < 20; i++) expect(silenceMatches(runaway, value)).toBe(false);
  expect(Date.now() - began).toBeLessThan(2000);
});

test('labels of a finding: its own count above what it is called', () => {
  const finding = {
    title: 'Payments at A',
    site: 'A',
    severity: 'high',
    source: 'rule',
    labels: { site: 'A' },
  } as const;
  expect(alertLabels(finding)).toEqual({ alertname: 'Payments', severity: 'high', site: 'A', source: 'rule' });
  expect(alertLabels({ ...finding, labels: { alertname: 'Own', severity: 'warning' } })).toMatchObject({
    alertname: 'Own',
    severity: 'warning',
  });
});
