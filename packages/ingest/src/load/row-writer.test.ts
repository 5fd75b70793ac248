import { expect, test } from 'vitest';
import type { SpooledFrame } from '../protocol.ts';
import { RowWriter } from './row-writer.ts';
import { ScrubbableJson, SharedHead, SharedPart } from './scrubbable-json.ts';

const frame = { scope: { organisation: 'acme' }, receivedAtMs: 5.25 } as SpooledFrame;

function written(row: Record<string, unknown>): Buffer {
  const writer = new RowWriter('replay_segments');
  writer.add(row, frame);
  return writer.take();
}

/** `replay_segments` is short: three texts, a number of 32 bits between them, two more, one of 64 bits, a text, two numbers. */
test('a row is lengths, texts and little-endian numbers; what is left out is empty, what the loader knows is filled in', () => {
  const row = {
    project: 7,
    replay_id: 'ü✓',
    segment: 258,
    ts: -2,
    size_bytes: '18446744073709551615',
    blob: 'b',
    rage: true,
  };
  const expected = Buffer.concat([
    Buffer.from('\u0004acme'),
    Buffer.from([7, 0, 0, 0]),
    Buffer.from([5]),
    Buffer.from('ü✓'),
    Buffer.from([2, 1, 0, 0]),
    Buffer.from([0]),
    Buffer.from('feffffffffffffff', 'hex'),
    Buffer.from('ffffffffffffffff', 'hex'),
    Buffer.from('\u0001b'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from([0, 0, 0, 0]),
  ]);
  expect(written(row).toString('hex')).toBe(expected.toString('hex'));
});

test.each([
  [127, '7f'],
  [128, '8001'],
  [300, 'ac02'],
  [70_000, 'f0a204'],
])('a text of %i bytes begins with %s', (length, head) => {
  const bytes = written({ replay_id: 'x'.repeat(length) });
  const from = 5 + 4;
  expect(bytes.subarray(from, from + head.length / 2).toString('hex')).toBe(head);
});

test.each([100, 127, 128, 5461, 5462])('%i wide characters are measured in bytes', (characters) => {
  const text = '✓'.repeat(characters);
  const bytes = written({ replay_id: text }).subarray(5 + 4);
  const size = 3 * characters;
  const head =
    size < 16_384 ? [(size & 127) + 128, size >> 7] : [(size & 127) + 128, ((size >> 7) & 127) + 128, size >> 14];
  expect([...bytes.subarray(0, head.length)]).toEqual(head);
  expect(bytes.toString('utf8', head.length, head.length + size)).toBe(text);
});

test.each<[Record<string, unknown>, string]>([
  [{ project: -1 }, 'project'],
  [{ project: 1.5 }, 'project'],
  [{ segment: 4_294_967_296 }, 'segment'],
  [{ size_bytes: '18446744073709551616' }, 'size_bytes'],
  [{ ts: 'soon' }, 'ts'],
  [{ blob: { a: 1 } }, 'blob'],
])('%j does not fit', (row, column) => {
  expect(() => written(row)).toThrow(
    expect.objectContaining({ kind: 'bad-data', message: expect.stringContaining(column) }),
  );
});

test('what was added can be forgotten again', () => {
  const writer = new RowWriter('replay_segments');
  writer.add({ replay_id: 'a' }, frame);
  const { sizeBytes } = writer;
  writer.add({ replay_id: 'b' }, frame);
  writer.backTo(sizeBytes);
  expect(writer.take().equals(written({ replay_id: 'a' }))).toBe(true);
  expect(writer.sizeBytes).toBe(0);
});

test.each([0, 1, 60, 126, 127, 128, 300, 5461, 16_383, 16_384, 70_000])(
  'a part of JSON that begins with what many have in common is written as its text, of %i bytes and more',
  (length) => {
    const text = JSON.stringify('x'.repeat(length));
    const bytes = (payload: ScrubbableJson): Buffer => {
      const writer = new RowWriter('errors');
      writer.add({ payload }, frame);
      return writer.take();
    };
    for (const [head, rest] of [
      [text, ',"é":"✓"'],
      ['"ü":', text],
      ['', text],
      [text, ''],
    ] as const)
      expect(
        bytes(ScrubbableJson.ofParts([{ text: new SharedPart(new SharedHead(head), rest), known: true }])),
      ).toEqual(bytes(ScrubbableJson.ofParts([{ text: head + rest, known: true }])));
  },
);
