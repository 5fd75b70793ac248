import type { Agent } from '@sightline/control';
import { expect, test } from 'vitest';
import { endedFinding, lostFinding, type OtherViews } from './link-finding.ts';

const now = Date.UTC(2026, 10, 20, 22, 30);
const lostAt = now - 50_000;
const agent: Agent = {
  id: 'agt_1',
  organisation: 'org',
  site: 'STORE_047',
  name: 'pc-47',
  enrolledAt: 0,
  enrolledBy: 'ada',
  version: '1',
  facts: {},
  policy: {},
  spool: {},
  containers: [],
  containersAt: null,
  link: 'down',
  linkSince: lostAt,
  lastSeenAt: lostAt,
  lastAddress: '10.0.0.1',
  clockSkewMs: null,
  linkFoundAt: null,
  linkVerdict: '',
};
const alone: OtherViews = { lastSignalMs: undefined, up: 0, lostTogether: 1 };

test.each<[string, Partial<OtherViews>, RegExp]>([
  [
    'it cannot be told',
    {},
    /last heard at 22:29:10 UTC\. Nothing else was ever heard .* cannot be said whether it runs\.$/,
  ],
  [
    'the store still sends',
    { lastSignalMs: now - 3000 },
    /The store still sends: its last record is 3 s old\. .* not the store\.$/,
  ],
  [
    'the store is silent as well',
    { lastSignalMs: lostAt - 2000 },
    /Nothing has come from the store since 22:29:08 UTC, by any way/,
  ],
  ['a record was on its way when the link went', { lastSignalMs: lostAt + 5000 }, /Nothing has come from the store/],
  ['neighbours are well', { up: 11 }, /The links of 11 other agents are up\.$/],
  ['one neighbour is well', { up: 1 }, /The link of 1 other agent is up\.$/],
  [
    'all went at once',
    { up: 1, lostTogether: 11 },
    /11 of 12 links were lost within the same minute: .* not in the stores\.$/,
  ],
  ['two went at once', { up: 0, lostTogether: 2 }, /whether it runs\.$/],
])('when %s, the finding says so', (_, views, words) => {
  const finding = lostFinding(agent, { ...alone, ...views }, now);
  expect(finding.summary).toMatch(words);
  expect(finding).toMatchObject({ source: 'link', labels: { site: 'STORE_047' }, sinceMs: lostAt, severity: 'high' });
});

test.each<[string, Partial<Agent>, RegExp]>([
  ['with its verdict', { link: 'up', linkVerdict: 'The machine was off.' }, /^The machine was off\.$/],
  ['with its length', { link: 'up', linkFoundAt: now - 300_000 }, /back, 5 min after it was missed\.$/],
  ['because the agent is not expected', {}, /revoked, or another reaches the site\.$/],
])('it ends %s, as the same finding', (_, more, words) => {
  const ended = endedFinding({ ...agent, linkFoundAt: lostAt, ...more }, now);
  expect(ended.summary).toMatch(words);
  const { source, sourceId, labels } = lostFinding(agent, alone, now);
  expect(ended).toMatchObject({ state: 'resolved', source, sourceId, labels });
});
