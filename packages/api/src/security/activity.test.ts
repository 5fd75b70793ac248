import type { AuditTally } from '@sightline/control';
import { expect, test } from 'vitest';
import { securityActivity } from './activity.ts';

const tally = (action: string, rest: Partial<AuditTally> = {}): AuditTally => ({
  action,
  actor: 'ada@stores.example',
  address: '10.0.0.1',
  subject: '',
  times: 1,
  lastAt: 1000,
  ...rest,
});

test('failed sign-ins are counted by where they came from, the most tries first', () => {
  const found = securityActivity([
    tally('session.open', { times: 4 }),
    tally('session.refused', { subject: 'bob@stores.example', lastAt: 5000 }),
    tally('session.refused', { subject: 'ada@stores.example', address: '203.0.113.9', times: 3, lastAt: 2000 }),
    tally('session.refused', { subject: 'bob@stores.example', address: '203.0.113.9', times: 2, lastAt: 4000 }),
  ]);
  expect([found.signIns, found.refused]).toEqual([4, 6]);
  expect(found.refusedBySource).toEqual([
    { address: '203.0.113.9', people: ['ada@stores.example', 'bob@stores.example'], tries: 5, lastAt: 4000 },
    { address: '10.0.0.1', people: ['bob@stores.example'], tries: 1, lastAt: 5000 },
  ]);
});

test.each([
  ['key.create', true, false],
  ['person.role', true, false],
  ['hold.lift', true, false],
  ['audit.export', false, true],
  ['archive.record-export', false, true],
  ['archive.restore', false, true],
  ['personal-data.salt', true, false],
  ['personal-data.canary', false, false],
  ['dashboard.update', false, false],
  ['diagnostics.restart-service', false, false],
])('%s is privileged %s, taken out %s', (action, isPrivileged, isTaken) => {
  const { privileged, takenOut } = securityActivity([tally(action)]);
  expect([privileged.length === 1, takenOut.length === 1]).toEqual([isPrivileged, isTaken]);
});

test('a command that has a beginning and an end is one command; what lies under a site is the site', () => {
  const { remote } = securityActivity([
    tally('diagnostics.restart-service.ended', { subject: 'STORE_002' }),
    tally('diagnostics.restart-service', { subject: 'STORE_002' }),
    tally('diagnostics.container-logs', { subject: 'STORE_001/backend', times: 3, lastAt: 9000 }),
    tally('diagnostics.system-info', { actor: 'bob@stores.example', subject: 'STORE_001' }),
  ]);
  expect(remote).toEqual([
    { actor: 'ada@stores.example', commands: 4, sites: ['STORE_001', 'STORE_002'], lastAt: 9000 },
    { actor: 'bob@stores.example', commands: 1, sites: ['STORE_001'], lastAt: 1000 },
  ]);
});
