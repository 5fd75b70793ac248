import { expect, test } from 'vitest';
import { nextAddress } from '../pages/entry/next-address.ts';
import { findIn, idTargets } from './palette-search.ts';
import { localInputText, readLocalInput } from './time-input.ts';

const all = new Set(['/incidents/:number', '/traces/:id', '/errors/:issue', '/story/:id', '/logs']);
const hints = (text: string, pages = all): string[] => idTargets(text, pages).map((t) => t.hint);

test.each([
  ['4bf92f3577b34da6a3ce929d0e0e4736', ['Trace', 'Story', 'Logs']],
  ['0123456789abcdef', ['Issue', 'Trace', 'Story', 'Logs']],
  ['SIGHTLINE-3F2A91BC', ['Issue', 'Logs']],
  ['sightline-3f2a91bc', ['Issue', 'Logs']],
  ['ORD-2026-000123', ['Story', 'Logs']],
  ['payment', ['Logs']],
  ['#42', ['Incident', 'Logs']],
  ['7', ['Incident']],
  ['#0', ['Logs']],
  ['x', []],
  ['', []],
])('what a pasted %s may mean', (text, expected) => {
  expect(hints(text)).toEqual(expected);
});

test('nothing leads to a page that does not exist', () => {
  expect(hints('4bf92f3577b34da6a3ce929d0e0e4736', new Set())).toEqual([]);
});

test('the best match comes first', () => {
  const titles = ['STORE_012', 'Restore', 'Settings', 'A store', 'Metrics'].map((title) => ({ title }));
  expect(findIn(titles, 'store').map((f) => f.title)).toEqual(['STORE_012', 'A store', 'Restore']);
  expect(findIn(titles, 's012').map((f) => f.title)).toEqual(['STORE_012']);
});

test.each([
  [undefined, '/'],
  ['/logs?q=a', '/logs?q=a'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/sign-in?next=/sign-in', '/'],
])('after signing in, %s leads to %s', (asked, expected) => {
  expect(nextAddress(asked)).toBe(expected);
});

test('a moment survives the field it is typed into', () => {
  const at = Date.UTC(2026, 5, 1, 12, 34, 56);
  expect(readLocalInput(localInputText(at))).toBe(at);
  expect(readLocalInput('')).toBeUndefined();
});
