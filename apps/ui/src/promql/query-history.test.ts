import { expect, test } from 'vitest';
import { clearHistory, noteQuery, readHistory } from './query-history.ts';

function store(full = false) {
  const all = new Map<string, string>();
  return {
    getItem: (name: string) => all.get(name) ?? null,
    setItem: (name: string, value: string) => {
      if (full) throw new Error('QuotaExceededError');
      all.set(name, value);
    },
    removeItem: (name: string) => void all.delete(name),
    all,
  };
}

test('the newest stands first, each once, fifty at most', () => {
  const storage = store();
  for (let n = 0; n < 60; n++) noteQuery(storage, `up + ${n}`);
  expect(noteQuery(storage, ' up + 30 ')[0]).toBe('up + 30');
  const found = readHistory(storage);
  expect(found).toHaveLength(50);
  expect(found.filter((one) => one === 'up + 30')).toHaveLength(1);
  clearHistory(storage);
  expect(readHistory(storage)).toEqual([]);
});

test('what is empty or too long is not kept; a full or foreign store costs nothing', () => {
  const storage = store();
  noteQuery(storage, '  ');
  noteQuery(storage, 'x'.repeat(5000));
  expect(readHistory(storage)).toEqual([]);
  expect(noteQuery(store(true), 'up')).toEqual([]);
  storage.all.set('sightline-promql-history', '{"not": "a list"}');
  expect(readHistory(storage)).toEqual([]);
  storage.all.set('sightline-promql-history', 'no JSON');
  expect(readHistory(storage)).toEqual([]);
});
