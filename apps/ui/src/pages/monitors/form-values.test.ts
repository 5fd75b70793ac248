import { describe, expect, test } from 'vitest';
import {
  bodyOf,
  lengthChoices,
  nameFor,
  newValues,
  readHeaders,
  settingsOf,
  valuesOf,
  writeHeaders,
} from './form-values.ts';

describe('headers', () => {
  test.each([
    ['', {}],
    ['A: b', { A: 'b' }],
    ['A: b: c\n\n  D:e  ', { A: 'b: c', D: 'e' }],
    ['lonely', { lonely: '' }],
  ])('%j', (text, headers) => {
    expect(readHeaders(text)).toEqual(headers);
    expect(readHeaders(writeHeaders(headers))).toEqual(headers);
  });
});

describe('names', () => {
  const http = newValues('http', '');
  test.each([
    [{ ...http, settings: { url: 'https://shop.example:8443/health?x=1' } }, 'shop.example:8443'],
    [{ ...http, site: 'STORE_001', settings: { url: 'https://shop.example/' } }, 'shop.example STORE_001'],
    [{ ...http, settings: { url: 'shop' } }, ''],
    [{ ...newValues('tcp', ''), settings: { host: 'db', port: 5432 } }, 'db:5432'],
    [newValues('tcp', ''), ''],
    [newValues('heartbeat', 'STORE_001'), ''],
  ])('of %j', (values, name) => {
    expect(nameFor(values)).toBe(name);
    expect(bodyOf(values).name).toBe(name);
    expect(bodyOf({ ...values, name: ' Till ' }).name).toBe('Till');
  });
});

test('what the server gave comes back unchanged', () => {
  const edit = {
    ...bodyOf(newValues('http', 'STORE_001')),
    name: 'Shop',
    type: 'http',
    everyMs: 45_000,
    settings: { ...settingsOf(newValues('http', '')), url: 'https://x/', headers: { Authorization: '••••••••' } },
  };
  const { type: _type, ...body } = edit;
  expect(bodyOf(valuesOf(edit))).toEqual(body);
});

test('a heartbeat is nobody’s to run, and carries no settings of other types', () => {
  const values = { ...newValues('heartbeat', ''), runsOn: 'agent' } as const;
  expect(bodyOf(values)).toMatchObject({ runsOn: 'server', settings: { graceMs: 3_600_000, maxRunMs: 0 } });
  expect(Object.keys(settingsOf(newValues('tcp', '')))).toEqual(['host', 'port', 'send', 'expect']);
});

test('a length that is not among the choices is one of them', () => {
  const odd = lengthChoices(45_000, 10_000);
  expect(odd.map(({ value }) => Number(value))).toEqual(
    odd.map(({ value }) => Number(value)).toSorted((a, b) => a - b),
  );
  expect(odd.find(({ value }) => value === '45000')?.label).toBe('45 seconds');
  expect(lengthChoices(60_000, 10_000).some(({ value }) => value === '0')).toBe(false);
});
