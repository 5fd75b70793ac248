import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { merkleRoot } from './merkle.ts';

const sha = (...pieces: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(pieces)).digest();
const leaf = (text: string): Buffer => sha(Buffer.of(0), Buffer.from(text));
const node = (left: Buffer, right: Buffer): Buffer => sha(Buffer.of(1), left, right);
const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(leaf) as [Buffer, Buffer, Buffer, Buffer, Buffer];

test.each([
  ['', sha()],
  ['a', a],
  ['ab', node(a, b)],
  ['abc', node(node(a, b), c)],
  ['abcde', node(node(node(a, b), node(c, d)), e)],
])('the root over %j is that of RFC 9162', (entries, root) => {
  expect(merkleRoot(entries.split('').map((entry) => Buffer.from(entry))).toString('hex')).toBe(root.toString('hex'));
});

test('order and content count', () => {
  const roots = ['abc', 'acb', 'abd', 'ab'].map((entries) =>
    merkleRoot(entries.split('').map((one) => Buffer.from(one))),
  );
  expect(new Set(roots.map((root) => root.toString('hex'))).size).toBe(4);
});
