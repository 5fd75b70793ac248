import { expect, test } from 'vitest';
import { parseSearch, withPatch, writeSearch } from './address.ts';
import { readScope, scopePart, writeScope, type Scope } from './scope.ts';
import { describeTimeRange, endsOf, readTimeRange } from './time-range.ts';

/** Through an address and back. */
function roundTrip(scope: Scope): Scope {
  return readScope(parseSearch(writeSearch(writeScope(scope))));
}

const lastHour = { kind: 'relative', range: '1h' } as const;
const fixed = { kind: 'fixed', from: 1_700_000_000_000, to: 1_700_000_060_000 } as const;
const everything: Scope = { environment: '', site: '', service: '', time: lastHour, live: false };

test.each<[string, Scope]>([
  ['nothing chosen', everything],
  ['a site', { ...everything, site: 'STORE_012' }],
  ['names with signs of their own', { ...everything, site: 'A&B=C #1?', service: 'été/π', environment: '%20+' }],
  ['another range, live', { ...everything, time: { kind: 'relative', range: '15m' }, live: true }],
  ['fixed ends', { ...everything, time: fixed }],
])('the scope survives the address: %s', (_, scope) => {
  expect(roundTrip(scope)).toEqual(scope);
});

test('nothing chosen leaves no trace in the address', () => {
  expect(writeSearch(writeScope(everything))).toBe('');
});

test('fixed ends are never live', () => {
  expect(roundTrip({ ...everything, time: fixed, live: true }).live).toBe(false);
});

test.each([
  ['range=5y'],
  ['from=abc&to=def'],
  ['from=100'],
  ['from=200&to=100'],
  ['from=-1&to=5'],
  ['from=1e3&to=1e4'],
  ['from=99999999999999999999&to=999999999999999999999'],
  ['range='],
])('a range that cannot be read is the last hour: %s', (text) => {
  expect(readTimeRange(parseSearch(text))).toEqual(lastHour);
});

test('a relative range ends at the moment handed in', () => {
  expect(endsOf({ kind: 'relative', range: '15m' }, 10_000_000)).toEqual({ from: 9_100_000, to: 10_000_000 });
});

test('a range in words, in the zone asked for', () => {
  expect(describeTimeRange(lastHour)).toBe('Last hour');
  expect(describeTimeRange(fixed, 'UTC')).toBe('14 Nov 22:13 – 22:14');
  expect(describeTimeRange({ ...fixed, to: fixed.to + 7_200_000 }, 'UTC')).toBe('14 Nov 22:13 – 15 Nov 00:14');
});

test('a link to another page takes the scope along and nothing else', () => {
  const search = parseSearch('?site=STORE_012&q=error&row=9&live=1&range=24h');
  expect(scopePart(search)).toEqual({ site: 'STORE_012', live: '1', range: '24h' });
});

test('a change takes values away with an empty text', () => {
  expect(withPatch({ a: '1', b: '2' }, { b: '', c: '3' })).toEqual({ a: '1', c: '3' });
});
