import type { Rule } from '@sightline/contract';
import { describe, expect, it } from 'vitest';
import { draftOf, emptyDraft, settingsOf, unitOf, valuesOf, withSource, type Draft } from './draft.ts';
import { labelOf, readWhere, unreadParts, withLabel, writeWhere } from './label-pairs.ts';

const kept = (draft: Draft): Rule => ({
  ...valuesOf(draft),
  id: 'rul_1',
  ready: '',
  createdAt: 0,
  updatedAt: 0,
  updatedBy: '',
  lastRunAt: null,
  lastError: '',
  firing: 0,
  pending: 0,
  limit: '',
  windowMs: 0,
});

describe('a draft', () => {
  const drafts: [what: string, draft: Draft][] = [
    ['a count of logs', { ...emptyDraft, name: 'Errors', labels: 'team=shops', policy: 'pol_1' }],
    [
      'a share of spans',
      {
        ...emptyDraft,
        source: 'spans',
        measure: 'share',
        query: 'status:>=500',
        of: 'kind:server',
        leastSample: 20,
        leastHits: 3,
      },
    ],
    [
      'a percentile',
      {
        ...emptyDraft,
        source: 'spans',
        query: '',
        measure: 'percentile',
        percentile: 99,
        field: 'duration',
        leastSample: 5,
      },
    ],
    [
      'a metric',
      {
        ...emptyDraft,
        source: 'metric',
        query: '',
        metrics: ['a', 'b'],
        where: 'outcome=failure',
        aggregate: 'share',
        ofWhere: 'x=1',
        leastSample: 5,
      },
    ],
    ['a level', { ...emptyDraft, source: 'vital', query: '', vital: 'disk' }],
    [
      'feedback',
      {
        ...emptyDraft,
        source: 'feedback',
        query: 'printer',
        where: 'site=STORE_012, service=till',
        windowMs: 3_600_000,
      },
    ],
    [
      'a silence',
      {
        ...emptyDraft,
        source: 'silence',
        query: 'site:A',
        silenceTable: 'logs',
        by: ['site', 'service'],
        silentMs: 120_000,
      },
    ],
    [
      'a new pattern of logs',
      {
        ...emptyDraft,
        source: 'pattern',
        query: 'service:till',
        level: 'error',
        days: 14,
        least: 3,
        windowMs: 600_000,
      },
    ],
  ];
  it.each(drafts)('comes back as it was kept: %s', (_, draft) => {
    expect(settingsOf(draftOf(kept(draft)))).toEqual(settingsOf(draft));
    expect(valuesOf(draftOf(kept(draft)))).toEqual(valuesOf(draft));
  });

  it('says the unit of its limit', () => {
    const [count, share, percentile, metric, level] = drafts.map(([, draft]) => unitOf(draft));
    expect([count, share, percentile, metric, level]).toEqual(['records', '%', 'ms', '%', '%']);
  });

  it('survives settings of a kind it does not know', () => {
    const rule = { ...kept(emptyDraft), type: 'moon', settings: { source: 7, by: 'x', windowMs: 'y' } } as Rule;
    expect(draftOf(rule)).toMatchObject({ source: 'logs', windowMs: emptyDraft.windowMs });
  });
});

describe('label pairs', () => {
  it.each([
    [
      'a=b, c=d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [String.raw`a=1\,2`, [['a', '1,2']]],
    ['a==b', [['a', '=b']]],
    ['=b, x', []],
    ['', []],
  ] as const)('%s', (text, pairs) => {
    expect(readWhere(text)).toEqual(pairs);
    expect(readWhere(writeWhere(readWhere(text)))).toEqual(pairs);
  });
  it('point at what cannot be read', () => expect(unreadParts('a=b, c, =d')).toEqual(['c', '=d']));
});

it.each([
  ['', 'payments', 'team=payments'],
  ['team=shops, floor=2', 'payments', 'floor=2, team=payments'],
  ['team=shops, floor=2', '', 'floor=2'],
  ['team=a, area=x\\,y, team=b', 'c', 'area=x\\,y, team=c'],
])('the team of %s becomes %s', (text, team, expected) => {
  const changed = withLabel(text, 'team', team);
  expect(changed).toBe(expected);
  expect(labelOf(changed, 'team')).toBe(team);
});

describe('another source', () => {
  it.each([
    ['logs', 'severity:>=error', 'silence', ''],
    ['logs', 'severity:>=error', 'spans', 'status:error'],
    ['spans', 'status:error', 'logs', 'severity:>=error'],
    ['silence', '', 'logs', 'severity:>=error'],
    ['logs', 'service:till', 'silence', 'service:till'],
  ] as const)('of %s with %j: %s has %j', (from, query, to, expected) => {
    const draft = { ...emptyDraft, source: from, query };
    expect({ ...draft, ...withSource(draft, to) }).toMatchObject({ source: to, query: expected });
  });
});
