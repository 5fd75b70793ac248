import { expect, test } from 'vitest';
import { protocols } from '../../protocols/all.ts';
import type { StoredFrame } from '../segment-reader.ts';
import { insertDecoded, loadedTables } from '../tables.ts';
import { byScrubber } from './by-scrubber.ts';
import { ownStatement, type OwnScrub } from './own-scrub.ts';

const own: OwnScrub = { functions: `'x' AS x`, parameters: {} };
const frame = (organisation: string, receivedAtMs: number): StoredFrame =>
  ({ scope: { organisation }, receivedAtMs }) as StoredFrame;

test('frames of organisations with rules are parted from the others, by the time of receipt alone', () => {
  const since = new Map([
    ['a', 100],
    ['b', 0],
  ]);
  const book = {
    ready: async () => undefined,
    of: ({ scope, receivedAtMs }: StoredFrame) =>
      receivedAtMs >= (since.get(scope.organisation) ?? Infinity) ? own : undefined,
  };
  const frames = [frame('a', 99), frame('b', 5), frame('c', 200), frame('a', 100), frame('b', 300)];
  const parted = (of: StoredFrame[]): unknown =>
    byScrubber(of, book).map((group) => [group.organisation, group.frames.map((one) => of.indexOf(one))]);
  expect(parted(frames)).toEqual([
    ['', [0, 2]],
    ['b', [1, 4]],
    ['a', [3]],
  ]);
  expect(parted([frame('b', 1)])).toEqual([['b', [0]]]);
  expect(byScrubber(frames, undefined)).toEqual([{ organisation: '', frames }]);
});

test('no statement scrubs in a way that an organisation’s rules do not reach', () => {
  const engine = protocols.flatMap(({ lanes }) => lanes.flatMap((lane) => (lane.kind === 'engine' ? lane.sql : [])));
  const statements = [...engine.map(({ sql }) => sql), ...loadedTables.map((table) => insertDecoded(table, true))];
  expect(engine.length).toBeGreaterThan(0);
  for (const sql of statements) {
    expect(sql.replace(/^--.*$/gm, '')).not.toMatch(/\b(?:scrub|scrub_each|scrub_secrets|scrub_pan)\(/);
    expect(ownStatement(sql, own)).not.toMatch(/[^_]\b(?:scrub_\w+|otlp_scrubbed|otlp_map)\(/);
  }
});
