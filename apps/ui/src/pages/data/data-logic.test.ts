import { expect, test } from 'vitest';
import { fillSnippet } from './fill-snippet.ts';
import { reasonsText, sumOf, uncounted, type LedgerRow } from './ledger-sum.ts';

const values = { url: 'https://sight.example:4600', key: 'k$1', dsn: 'https://k@sight.example/1' };

test.each([
  [
    'curl {url}/v1/logs -H "authorization: Bearer {key}"',
    'curl https://sight.example:4600/v1/logs -H "authorization: Bearer k$1"',
  ],
  ['host={host} dsn={dsn}', 'host=sight.example:4600 dsn=https://k@sight.example/1'],
  ['const a = { url: x, b: {} }; ${key}', 'const a = { url: x, b: {} }; $k$1'],
  ['{unknown}', '{unknown}'],
])('a snippet is filled: %s', (snippet, expected) => {
  expect(fillSnippet(snippet, values)).toBe(expected);
});

function row(received: number, accepted: number, dropped: number, rejected: number): LedgerRow {
  return {
    protocol: 'otlp',
    signal: 'logs',
    keyId: 'k',
    keyName: 'k',
    received,
    accepted,
    dropped,
    rejected,
    reasons: {},
    bytes: 0,
  };
}

test('what was received adds up, or says by how much it does not', () => {
  expect(uncounted(row(10, 7, 2, 1))).toBe(0);
  expect(uncounted(row(10, 7, 2, 0))).toBe(1);
  expect(sumOf([row(10, 7, 2, 1), row(5, 5, 0, 0)])).toEqual({ received: 15, accepted: 12, dropped: 2, rejected: 1 });
});

test('reasons, the most frequent first', () => {
  expect(reasonsText({ late: 2, sampled: 1200 })).toBe('sampled 1,200, late 2');
});
