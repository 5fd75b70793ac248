import { expect, test } from 'vitest';
import { isIndexed } from './indexed.ts';
import type { Table } from './fields.ts';
import { parseSearch } from './parse.ts';

const indexed = (text: string, table: Table = 'logs'): boolean => {
  const search = parseSearch(text);
  if (!search.ok) throw new Error(search.error.message);
  return isIndexed(table, search.value);
};

test.each([
  'timeout',
  '"payment failed"',
  'ORD-10042',
  'body:timeout',
  'order.id:ORD-10042',
  'user:ann',
  'correlation:corr-1',
  'trace:0102030405060708090a0b0c0d0e0f10',
  'severity:error timeout',
  'timeout OR order.id:7',
])('indexes lead to %s', (text) => {
  expect(indexed(text)).toBe(true);
});

test.each([
  '',
  'severity:error',
  'site:STORE_047 service:payment',
  '-timeout',
  'time*',
  '/time(d )?out/',
  '***',
  'timeout OR severity:error',
  'order.id:*',
  'order.id:""',
  'order.id:ORD-*',
  'amount:>5',
  'span:0102030405060708',
])('not to %s', (text) => {
  expect(indexed(text)).toBe(false);
});

test('the names of spans have no text index, their attributes have one of values', () => {
  expect(indexed('timeout', 'spans')).toBe(false);
  expect(indexed('order.id:7', 'spans')).toBe(true);
});
