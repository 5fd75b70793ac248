import type { FindingRecord, IncidentRecord, Notification } from '@sightline/control';
import { expect, test } from 'vitest';
import { findingKey } from './finding-key.ts';
import { incidentLine } from './incident-line.ts';
import { bounded, describeIncident, lasting, listed, titleWithoutPlace } from './words.ts';

test.each([
  ['Payment failures at STORE_047', 'Payment failures'],
  ['Link to STORE_047 lost', 'Link lost'],
  ['STORE_047 is silent', 'Silent'],
  ['STORE_047: disk full', 'Disk full'],
  ['p95 above 2 s at STORE_047 (service orders)', 'P95 above 2 s (service orders)'],
  ['STORE_047', 'STORE_047'],
  ['Queue too long', 'Queue too long'],
])('%s is called %s without the place', (title, bare) => {
  expect(titleWithoutPlace({ title, site: 'STORE_047' })).toBe(bare);
});

test.each([
  [0, '0 s'],
  [89_000, '89 s'],
  [12 * 60_000, '12 min'],
  [185 * 60_000, '3 h 5 min'],
  [120 * 60_000, '2 h'],
  [52 * 3_600_000, '2 d 4 h'],
  [-5, '0 s'],
])('%s ms is said as %s', (ms, text) => {
  expect(lasting(ms)).toBe(text);
});

test.each([
  [[], ''],
  [['A'], 'A'],
  [['A', 'B'], 'A and B'],
  [['A', 'B', 'C'], 'A, B and C'],
  [['A', 'B', 'C', 'D', 'E'], 'A, B, C and 2 more'],
])('%j is listed as %s', (words, text) => {
  expect(listed(words)).toBe(text);
});

test('texts are bounded and fit for the database', () => {
  expect(bounded('abc', 3)).toBe('abc');
  expect(bounded('abcd', 3)).toBe('ab…');
  expect(bounded('a\u0000b\uD800', 10)).toBe('a\uFFFDb\uFFFD');
  expect(bounded('😀😀', 2).isWellFormed()).toBe(true);
});

test('the same labels in another order are the same finding, others are another', () => {
  const key = (labels: Record<string, string>, sourceId = 'r') => findingKey({ source: 'rule', sourceId, labels });
  expect(key({ a: '1', b: '2' })).toBe(key({ b: '2', a: '1' }));
  expect(key({ a: '1', b: '2' })).toMatch(/^[0-9a-f]{32}$/);
  const others = [key({ a: '1' }), key({ a: '1', b: '' }), key({ 'a","1"],["b': '2' }), key({ a: '1', b: '2' }, 's')];
  expect(new Set([...others, key({ a: '1', b: '2' })]).size).toBe(5);
});

const finding = (site: string, state: 'firing' | 'resolved' = 'firing'): FindingRecord =>
  ({ title: `Payment failures at ${site}`, summary: '31 % of 42', site, state, severity: 'high' }) as FindingRecord;

test.each([
  ['site:A', [finding('A')], 'Payment failures at A', '31 % of 42'],
  ['rule:r', [finding('A')], 'Payment failures at A', '31 % of 42'],
  ['rule:r', [finding('A'), finding('B')], 'Payment failures at 2 stores', 'A and B; worst A: 31 % of 42'],
  [
    'rule:r',
    [finding('A'), finding('B', 'resolved'), finding('C', 'resolved')],
    'Payment failures at 3 stores',
    '1 of 3 stores still affected: A',
  ],
  [
    'rule:r',
    [finding('B', 'resolved'), finding('C', 'resolved')],
    'Payment failures at 2 stores',
    'All 2 stores are well again',
  ],
])('an incident of %s is described by its findings', (groupKey, findings, title, summary) => {
  expect(describeIncident({ groupKey, title: 'before', summary: 'before' }, findings)).toEqual({ title, summary });
});

test('what has no measure is said without one', () => {
  expect(
    incidentLine(
      { number: 1, openedAt: 0, acknowledgedAt: null, resolvedAt: null, unreachable: '' } as IncidentRecord,
      { ...finding('A'), summary: '' },
      [],
    ),
  ).toBe('Payment failures at A → #1 opened');
});

test('an incident that holds nothing keeps its words', () => {
  expect(describeIncident({ groupKey: 'site:A', title: 'T', summary: 'S' }, [])).toEqual({ title: 'T', summary: 'S' });
});

test('one line says what finding, incident and messages did', () => {
  const incident = {
    number: 42,
    title: 'T',
    openedAt: 1_000_000,
    acknowledgedAt: 1_120_000,
    acknowledgedBy: 'ada@stores.example',
    resolvedAt: 1_720_000,
    resolvedBy: '',
    unreachable: '',
  } as IncidentRecord;
  const message = (change: Partial<Notification>): Notification =>
    ({
      channelName: 'Slack #pos-alerts',
      kind: 'opened',
      status: 'delivered',
      receivers: [] as string[],
      createdAt: 1_000_000,
      finishedAt: 1_000_400,
      ...change,
    }) as Notification;
  const told = [
    message({}),
    message({ channelName: 'Mail', kind: 'fallback', status: 'failed', receivers: ['ada@stores.example'] }),
    message({ kind: 'acknowledged' }),
  ];
  expect(incidentLine(incident, finding('A'), told)).toBe(
    'Payment failures at A: 31 % of 42 → #42 opened → Slack #pos-alerts told in 0.4 s → Mail (ada@stores.example) could not be told → acknowledged by ada@stores.example after 2 min → resolved by itself after 12 min',
  );
});
