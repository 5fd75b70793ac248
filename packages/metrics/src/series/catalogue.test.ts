import { describe, expect, test } from 'vitest';
import { Catalogue, overflowPairs } from './catalogue.ts';
import { findMembers, MatcherTable } from './find-members.ts';
import { HashTable } from '@sightline/base';

test('numbers by key survive growth, change and a clear', () => {
  const table = new HashTable();
  for (let i = 0; i < 10_000; i++) table.set((i * 2654435761) >>> 0, i, i);
  for (let i = 0; i < 10_000; i += 2) table.set((i * 2654435761) >>> 0, i, i + 1);
  expect(table.size).toBe(10_000);
  expect([table.get(0, 0), table.get(2654435761, 1), table.get(2654435761, 2)]).toEqual([1, 1, -1]);
  table.clear();
  expect(table.get(0, 0)).toBe(-1);
});

const found = (catalogue: Catalogue, metric: string, ...pairs: string[]): number =>
  catalogue.find('acme', metric, pairs, 1000).sid;

describe('series', () => {
  test('have one number each, by organisation, metric and labels', () => {
    const catalogue = new Catalogue();
    expect(found(catalogue, 'up', 'job', 'a')).toBe(0);
    expect(found(catalogue, 'up', 'job', 'b')).toBe(1);
    expect(found(catalogue, 'up', 'job', 'a')).toBe(0);
    expect(found(catalogue, 'down', 'job', 'a')).toBe(2);
    expect(catalogue.find('other', 'up', ['job', 'a'], 1000)).toEqual({ sid: 3, made: true, folded: false });
    expect(catalogue.families[1]?.labelsOf(catalogue.members[1]!)).toEqual({ __name__: 'up', job: 'b' });
  });

  test('with one fingerprint are told apart by their labels', () => {
    const catalogue = new Catalogue();
    const a = found(catalogue, 'up', 'job', 'a');
    const family = catalogue.families[a]!;
    // As if another series had got the fingerprint of `job="b"`.
    const probe = new Catalogue();
    const b = found(probe, 'up', 'job', 'b');
    const twin = probe.families[b]!;
    family.add(twin.fpLo[0]!, twin.fpHi[0]!, ['job', 'twin'], 0, 0);
    const second = found(catalogue, 'up', 'job', 'b');
    expect(family.pairsOf(catalogue.members[second]!)).toEqual(['job', 'b']);
    expect(found(catalogue, 'up', 'job', 'b')).toBe(second);
    expect(family.fpLo[catalogue.members[second]!]).not.toBe(twin.fpLo[0]);
  });

  test('over the limit are folded, and find their place again when others retire', () => {
    const catalogue = new Catalogue({ organisation: 100, metric: 2 });
    expect([found(catalogue, 'x', 'i', '1'), found(catalogue, 'x', 'i', '2')]).toEqual([0, 1]);
    expect(catalogue.find('acme', 'x', ['i', '3'], 0)).toEqual({ sid: 2, made: true, folded: true });
    expect(catalogue.families[2]?.pairsOf(catalogue.members[2]!)).toEqual(overflowPairs);
    catalogue.retire(0);
    catalogue.retire(2);
    expect(catalogue.find('acme', 'x', ['i', '3'], 0)).toMatchObject({ folded: false });
  });

  test('that retired keep their labels, and get another number when they come back', () => {
    const catalogue = new Catalogue();
    const sid = found(catalogue, 'up', 'job', 'a');
    catalogue.retire(sid);
    expect(found(catalogue, 'up', 'job', 'a')).not.toBe(sid);
    catalogue.recycle();
    expect(found(catalogue, 'up', 'job', 'b')).toBe(sid);
    expect(catalogue.organisation('acme').families.get('up')?.count).toBe(2);
  });

  test('that nobody asked for are let go', () => {
    const catalogue = new Catalogue();
    for (let i = 0; i < 100; i++) found(catalogue, 'churn', 'pod', String(i));
    for (let i = 0; i < 99; i++) catalogue.retire(i);
    found(catalogue, 'gone', 'a', 'b');
    catalogue.retire(100);
    catalogue.trim(0, 1);
    const { families } = catalogue.organisation('acme');
    expect([...families.keys()]).toEqual(['churn']);
    expect(families.get('churn')).toMatchObject({ count: 1, active: 1, complete: false });
    expect(found(catalogue, 'churn', 'pod', '99')).toBe(99);
  });
});

test.each([
  ['a value', [{ label: 'i', operator: '=', value: '7' }], ['7']],
  ['a label that is absent', [{ label: 'odd', operator: '=', value: '' }], ['0', '2', '4', '6', '8']],
  ['a label that nobody has', [{ label: 'x', operator: '=', value: 'y' }], []],
  ['not a value', [{ label: 'odd', operator: '!=', value: 'yes' }], ['0', '2', '4', '6', '8']],
  ['any of', [{ label: 'i', operator: '=~', value: '1|2|77' }], ['1', '2']],
  [
    'any of, or none',
    [
      { label: 'odd', operator: '=~', value: 'yes|' },
      { label: 'i', operator: '=~', value: '1|2' },
    ],
    ['1', '2'],
  ],
  ['none of', [{ label: 'i', operator: '!~', value: '[0-7]' }], ['8', '9']],
  [
    'two',
    [
      { label: 'i', operator: '=~', value: '[0-4]' },
      { label: 'odd', operator: '=', value: 'yes' },
    ],
    ['1', '3'],
  ],
] as const)('members by %s', (_, matchers, expected) => {
  const catalogue = new Catalogue();
  for (let i = 0; i < 10; i++) found(catalogue, 'up', 'i', String(i), ...(i % 2 ? ['odd', 'yes'] : []));
  const family = catalogue.organisation('acme').families.get('up')!;
  const tables = matchers.map((matcher) => new MatcherTable(matcher));
  const members = findMembers(family, tables, 0, 2000);
  expect([...members].map((member) => family.labelsOf(member)['i'])).toEqual(expected);
  expect(findMembers(family, tables, 2000, 3000)).toHaveLength(0);
});
