import { expect, test } from 'vitest';
import { knownSince } from './known-since.ts';

const known = (form: string, bornMs: number) => ({ id: form, form, bornMs, seenMs: bornMs });
const templates = [
  known('Payment <_> declined by <_>', 10),
  known('Payment <_> declined by bank', 30),
  known('request took=<_>', 20),
];

test.each([
  ['Payment 7 declined by alpha', 10],
  ['Payment 7 declined by bank', 30],
  ['Payment 7 authorised by bank', undefined],
  ['Payment 7 declined', undefined],
  ['request took=15ms', 20],
  ['request sent=15ms', undefined],
])('%s', (line, expected) => expect(knownSince(line, templates)).toBe(expected));
