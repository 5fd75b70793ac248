import { expect, test } from 'vitest';
import { wrongKeySentence } from './wrong-key.ts';

const day = (key: string): string =>
  `acme 2026-11-20: the manifest was not signed by the given key; it names the key SHA256:${key}.`;
const head = (key: string): string => `acme: head 4 was not signed by this key; it names the key SHA256:${key}.`;

test('a key of another server is told in one sentence', () =>
  expect(wrongKeySentence([day('a'), head('a')])).toMatch(/^Nothing here was signed .* names SHA256:a: /));

test.each([
  ['no fault', []],
  ['a single one', [day('a')]],
  ['two keys', [day('a'), head('b')]],
  ['another fault among them', [day('a'), 'acme 2026-11-21 is missing.']],
])('%s is not', (_, faults) => expect(wrongKeySentence(faults)).toBeUndefined());
