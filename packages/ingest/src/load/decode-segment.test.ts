import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Decoded, DecodedRows } from '../protocol.ts';
import type { StoredFrame } from './segment-reader.ts';
import { decodeFrames } from './decode-segment.ts';
import { RowWriter } from './row-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'sightline-decode-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const frame = (signal: string): StoredFrame =>
  ({ signal, scope: { organisation: 'acme' }, receivedAtMs: 1000, records: 1 }) as StoredFrame;
const row = (table: DecodedRows['table'], more: object): DecodedRows => ({ table, rows: [{ ...more }] });

/** What each frame becomes, by its signal. */
const stories: Record<string, () => Decoded> = {
  good: () => ({ tables: [row('sessions', { session_id: 'a' }), row('feedback', { event_id: 'a' })], refused: [] }),
  half: () => ({
    tables: [row('sessions', { session_id: 'b' })],
    refused: [{ signal: 'half', reason: 'malformed', records: 1, message: 'no' }],
  }),
  misfit: () => ({ tables: [row('sessions', { session_id: 'c' }), row('feedback', { project: -1 })], refused: [] }),
  thrown: () => {
    throw new Error('a bug');
  },
  later: () => {
    throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
  },
};

const decode = (
  signals: readonly string[],
  name: string,
  only?: DecodedRows['table'],
): ReturnType<typeof decodeFrames> =>
  decodeFrames(signals.map(frame), {
    lane: { name: 'x', kind: 'decode', decode: ({ signal }) => stories[signal]!() },
    bytesOf: () => Buffer.alloc(0),
    pathOf: (table) => join(folder, `${name}-${table}`),
    ...(only && { only }),
  });

function rowsOf(table: DecodedRows['table'], ...rows: readonly object[]): string {
  const writer = new RowWriter(table);
  for (const one of rows) writer.add({ ...one }, frame(''));
  return writer.take().toString('hex');
}
const fileOf = (name: string, table: string): string => readFileSync(join(folder, `${name}-${table}`)).toString('hex');

test('a frame whose row does not fit, or whose decoder fails, pays alone and leaves no row in any table', async () => {
  const { tables, refused, culprits } = await decode(['good', 'misfit', 'half', 'thrown', 'good'], 'all');
  expect([...tables]).toEqual(['sessions', 'feedback']);
  expect(fileOf('all', 'sessions')).toBe(
    rowsOf('sessions', { session_id: 'a' }, { session_id: 'b' }, { session_id: 'a' }),
  );
  expect(fileOf('all', 'feedback')).toBe(rowsOf('feedback', { event_id: 'a' }, { event_id: 'a' }));
  expect(refused.map((one) => one.frame.signal)).toEqual(['half']);
  expect([...culprits].map(([one, { kind, message }]) => [one.signal, kind, message])).toEqual([
    ['misfit', 'data', expect.stringContaining('project')],
    ['thrown', 'data', 'the decoder failed: a bug'],
  ]);
});

test('one table alone is written where only that is asked for', async () => {
  const { tables } = await decode(['good'], 'one', 'feedback');
  expect([...tables]).toEqual(['feedback']);
  expect(existsSync(join(folder, 'one-sessions'))).toBe(false);
});

test('nothing is blamed while a port cannot answer', async () => {
  await expect(decode(['good', 'later'], 'late')).rejects.toThrow('the disk is full');
});

test('more rows than are held at once all arrive, in order', async () => {
  const long = 'x'.repeat(100_000);
  stories['long'] = () => ({ tables: [row('sessions', { session_id: long })], refused: [] });
  await decode(['long', 'good', 'long', 'long', 'half'], 'long');
  const ids = [long, 'a', long, long, 'b'].map((id) => ({ session_id: id }));
  expect(fileOf('long', 'sessions')).toBe(rowsOf('sessions', ...ids));
});
