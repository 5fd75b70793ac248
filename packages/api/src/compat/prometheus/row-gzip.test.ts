import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { RowGzip } from './row-gzip.ts';

function packed(text: Uint8Array, pieceBytes: number): Buffer {
  const gzip = new RowGzip();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += pieceBytes) parts.push(gzip.pack(text.subarray(at, at + pieceBytes)));
  return Buffer.concat([...parts, gzip.end()]);
}

/** Numbers from 0 to 1, the same each time. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

const random = randomOf(11);
const points = (count: number, value: () => number): string =>
  Array.from({ length: count }, (_, i) => `[${1_764_460_800 + 60 * i},"${value()}"]`).join(',');
const rates = Buffer.from(
  Array.from(
    { length: 20 },
    (_, i) => `{"metric":{"store":"STORE_${i}"},"values":[${points(1441, () => 20 + random() + random() * 2 ** -30)}]}`,
  ).join(','),
);

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array(0)],
  ['one byte', Buffer.from('7')],
  ['rates', rates],
  ['the same value', Buffer.from(points(3000, () => 1))],
  ['points as long as a match may be and longer', Buffer.from(`"]${'x'.repeat(600)}`.repeat(40))],
  ['ends of points behind each other', Buffer.from('"]"]"]"]"]"]"]"]]"]')],
  ['ends of points that are far apart', Buffer.from(`"],[1${' '.repeat(33_000)}"],[1`.repeat(2))],
  [
    'ends of points at every distance',
    Buffer.from(Array.from({ length: 300 }, (_, i) => `"],[${'y'.repeat(i * 3)}`).join('')),
  ],
  ['all bytes', Uint8Array.from({ length: 4096 }, (_, i) => i)],
  ['noise', Uint8Array.from({ length: 30_000 }, () => random() * 256)],
  ['letters', Buffer.from('Žluťoučký kůň — 馬'.repeat(500))],
])('%s comes back as it was, however it is cut', (_, text) => {
  for (const pieceBytes of [65_536, 1000, 77, 1]) {
    if (text.length / pieceBytes > 20_000) continue;
    expect(gunzipSync(packed(text, pieceBytes)).equals(text)).toBe(true);
  }
});

test('rates become as short as zlib makes them, within a twentieth', () => {
  expect(packed(rates, 65_536).length).toBeLessThan(1.05 * gzipSync(rates, { level: 2 }).length);
});
