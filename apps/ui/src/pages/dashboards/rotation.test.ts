import { expect, test } from 'vitest';
import { rotationPlace, rotationSeconds } from './rotation.ts';

const all = [
  { id: 'a', folder: 'Wall' },
  { id: 'b', folder: 'Wall' },
  { id: 'c', folder: '' },
  { id: 'd', folder: 'Wall' },
];

test('without names it goes through the folder, round and round', () => {
  expect(rotationPlace('a', 'Wall', [], all)).toMatchObject({ position: 1, total: 3, next: 'b', previous: 'd' });
  expect(rotationPlace('d', 'Wall', [], all)).toMatchObject({ position: 3, next: 'a', previous: 'b' });
});

test('named ones keep their order; those that there are none of are left out and said', () => {
  expect(rotationPlace('c', '', ['c', 'gone', 'a', 'c'], all)).toEqual({
    position: 1,
    total: 2,
    next: 'a',
    previous: 'a',
    missing: ['gone'],
  });
});

test('one alone goes nowhere; who stands outside goes to the first', () => {
  expect(rotationPlace('c', '', [], all)).toMatchObject({ total: 1, next: undefined, previous: undefined });
  expect(rotationPlace('gone', '', ['gone', 'b'], all)).toMatchObject({ position: 0, next: 'b', previous: 'b' });
});

test('names are taken at their word until the list is known', () => {
  expect(rotationPlace('x', '', ['x', 'y'], undefined)).toMatchObject({ position: 1, next: 'y', missing: [] });
});

test.each([
  [undefined, 0],
  ['0', 0],
  ['-3', 0],
  ['never', 0],
  ['1', 5],
  ['30', 30],
  ['9999999', 86_400],
])('rotate=%s is every %d s', (asked, seconds) => {
  expect(rotationSeconds(asked)).toBe(seconds);
});
