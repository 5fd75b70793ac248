import { afterAll, beforeAll, expect, it } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import { listFeedback } from '../feedback/list-feedback.ts';
import { readNamedIssues, readNewIssues, readReleases, readReleaseTrend } from './read-releases.ts';

const minute = 60_000;
const now = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const scope = { organisation: 'acme', fromMs: now - 120 * minute, toMs: now, environment: '', site: '', service: '' };
let test: TestStore;

const session = (release: string, agoMin: number, more: Record<string, unknown> = {}) => ({
  organisation: 'acme',
  site: 'STORE_001',
  service: 'till',
  environment: 'production',
  release,
  ts: engineTime(now - agoMin * minute),
  received_at: engineTime(now - agoMin * minute),
  session_id: '',
  user_id: '',
  status: 'exited',
  errors: 0,
  sessions: 1,
  ...more,
});
const failure = (release: string, agoMin: number, issue: number) => ({
  organisation: 'acme',
  site: 'STORE_001',
  service: 'till',
  environment: 'production',
  release,
  issue,
  event_id: `${release}-${agoMin}-${issue}`,
  type: 'TypeError',
  message: `bug ${issue}`,
  ts: engineTime(now - agoMin * minute),
  received_at: engineTime(now - agoMin * minute),
});

beforeAll(async () => {
  test = await openTestStore();
  await test.insert('sessions', [
    // One session in three updates: what it went through stays with it.
    session('till@2.0', 60, { session_id: 's1', user_id: 'ana', status: 'ok' }),
    session('till@2.0', 55, { session_id: 's1', user_id: 'ana', status: 'crashed', errors: 1 }),
    session('till@2.0', 50, { session_id: 's1', user_id: 'ana', status: 'exited', errors: 1 }),
    session('till@2.0', 40, { session_id: 's2', user_id: 'ben', status: 'ok', errors: 2 }),
    session('till@2.0', 30, { session_id: 's3', user_id: 'ben' }),
    // Counted by the client itself.
    session('till@1.0', 90, { sessions: 96 }),
    session('till@1.0', 90, { sessions: 4, status: 'errored' }),
    session('till@1.0', 500, { sessions: 1000 }),
    session('till@1.0', 20, { sessions: 7, environment: 'staging' }),
    session('', 20, { sessions: 50 }),
    session('till@9.9', 20, { organisation: 'rival' }),
  ]);
  await test.insert('errors', [
    failure('till@1.0', 100, 1),
    failure('till@2.0', 60, 1),
    failure('till@2.0', 55, 2),
    failure('till@2.0', 50, 2),
    failure('till@0.9', 400, 3),
    failure('till@2.0', 45, 3),
  ]);
});
afterAll(() => test.close());

it('health of each release: sessions, people, errors and what is new', async () => {
  const found = await readReleases(test.store, { ...scope, environment: 'production' });
  expect(found.map(({ release }) => release)).toEqual(['till@2.0', 'till@1.0']);
  expect(found[0]).toEqual({
    release: 'till@2.0',
    sessions: 3,
    crashedSessions: 1,
    erroredSessions: 1,
    users: 2,
    crashedUsers: 1,
    errors: 4,
    newIssues: 1,
    firstSeenAt: now - 60 * minute,
    lastSeenAt: now - 30 * minute,
    spread: [{ environment: 'production', service: 'till', sessions: 3 }],
  });
  expect(found[1]).toMatchObject({ sessions: 100, crashedSessions: 0, erroredSessions: 4, errors: 1, newIssues: 1 });
  const everywhere = await readReleases(test.store, scope);
  expect(everywhere.find(({ release }) => release === 'till@1.0')).toMatchObject({
    sessions: 107,
    spread: [
      { environment: 'production', service: 'till', sessions: 100 },
      { environment: 'staging', service: 'till', sessions: 7 },
    ],
  });
  expect(await readReleases(test.store, { ...scope, site: 'STORE_999' })).toEqual([]);
  expect(await readReleases(test.store, { ...scope, organisation: 'nobody' })).toEqual([]);
});

it('issues that a release brought, and its sessions over time', async () => {
  expect(await readNewIssues(test.store, scope, 'till@2.0')).toEqual([
    { issue: '0000000000000002', type: 'TypeError', message: 'bug 2', events: 2, firstSeenAt: now - 55 * minute },
  ]);
  const named = await readNamedIssues(test.store, scope, ['0000000000000003', '0000000000000001', '00000000000000ff']);
  expect(named.map(({ issue, events }) => [issue, events])).toEqual([
    ['0000000000000001', 2],
    ['0000000000000003', 2],
  ]);
  expect(await readNamedIssues(test.store, { ...scope, boundTo: 'STORE_001' }, ['0000000000000001'])).toEqual([]);
  expect(await readNamedIssues(test.store, { ...scope, organisation: 'rival' }, ['0000000000000001'])).toEqual([]);
  const trend = await readReleaseTrend(test.store, scope, 'till@2.0');
  expect(trend).toHaveLength(60);
  expect(trend.reduce((sum, point) => sum + point.sessions, 0)).toBe(3);
  expect(trend.find(({ crashedSessions }) => crashedSessions > 0)).toMatchObject({
    at: now - 60 * minute,
    sessions: 1,
  });
});

it('feedback with the error that it is about and the screenshot that came with it', async () => {
  const written = (event_id: string, agoMin: number, more: Record<string, unknown> = {}) => ({
    organisation: 'acme',
    site: 'STORE_001',
    service: 'till',
    environment: 'production',
    event_id,
    message: `the ${event_id} hangs`,
    name: 'Ana',
    ts: engineTime(now - agoMin * minute),
    ...more,
  });
  await test.insert('feedback', [
    written('printer', 10, { associated_event_id: 'till@2.0-55-2', replay_id: 'a'.repeat(32) }),
    written('scale', 20, { service: 'kiosk', replay_id: 'b'.repeat(32), trace_id: 'trace of sixteen' }),
    written('old', 500),
    written('foreign', 10, { organisation: 'rival' }),
  ]);
  const file = {
    event_id: 'printer',
    name: 'screen.png',
    content_type: 'image/png',
    ts: engineTime(now - 10 * minute),
  };
  await test.insert('attachments', [
    { ...file, organisation: 'acme', blob: 'x' },
    { ...file, organisation: 'rival', name: 'other.png' },
  ]);
  const session = { site: 'STORE_001', service: 'till', ts: engineTime(now - 10 * minute) };
  await test.insert('replays', [
    { ...session, organisation: 'acme', replay_id: 'a'.repeat(32) },
    { ...session, organisation: 'rival', replay_id: 'b'.repeat(32) },
  ]);
  const list = async (over: Partial<Parameters<typeof listFeedback>[1]> = {}) => {
    const asked: Parameters<typeof listFeedback>[1] = {
      scope,
      q: '',
      issues: [],
      status: 'all',
      unread: false,
      decisions: new Map(),
      limit: 100,
      cursor: '',
      ...over,
    };
    return listFeedback(test.store, asked);
  };
  const ids = async (over: Parameters<typeof list>[0]) => (await list(over))?.feedback.map(({ eventId }) => eventId);
  expect((await list())?.feedback).toMatchObject([
    {
      eventId: 'printer',
      message: 'the printer hangs',
      issue: '0000000000000002',
      aboutEvent: 'till@2.0-55-2',
      replay: 'a'.repeat(32),
      traceId: '',
      files: [{ name: 'screen.png', contentType: 'image/png' }],
    },
    { eventId: 'scale', issue: '', replay: '', traceId: Buffer.from('trace of sixteen').toString('hex'), files: [] },
  ]);
  expect(await ids({ scope: { ...scope, service: 'kiosk' } })).toEqual(['scale']);
  expect(await ids({ issues: ['0000000000000002', '0000000000000009'] })).toEqual(['printer']);
  expect(await ids({ issues: ['0000000000000001'] })).toEqual([]);
  expect(await ids({ q: 'HANGS  ana scale' }), 'words, whatever their case and order').toEqual(['scale']);
  expect(await ids({ q: "printer' OR 1=1 --" })).toEqual([]);
  const first = await list({ limit: 1 });
  expect(first?.feedback.map(({ eventId }) => eventId)).toEqual(['printer']);
  const second = await list({ limit: 1, cursor: first?.next ?? '' });
  expect([second?.feedback.map(({ eventId }) => eventId), second?.next]).toEqual([['scale'], '']);
  expect(await list({ cursor: "1' OR 1" })).toBeUndefined();

  // More decisions than one parameter holds; what nobody touched is unresolved, nobody's and unread.
  const dealt = (assignee: string) => ({ status: 'resolved', assignee, readAt: now }) as const;
  const many = Array.from({ length: 9998 }, (_, i) => [`${i}`.padStart(32, '0'), dealt('ann@shop.example')] as const);
  const decisions = new Map([...many, ['scale', dealt('#tills')] as const]);
  expect((await list({ decisions }))?.feedback).toMatchObject([
    { eventId: 'printer', status: 'unresolved', assignee: '', read: false },
    { eventId: 'scale', status: 'resolved', assignee: '#tills', read: true },
  ]);
  expect((await list({ decisions, limit: 1 }))?.counts).toEqual({ unresolved: 1, resolved: 1, spam: 0, unread: 1 });
  expect((await list({ decisions, q: 'scale' }))?.counts).toEqual({ unresolved: 0, resolved: 1, spam: 0, unread: 0 });
  expect(await ids({ decisions, status: 'resolved' })).toEqual(['scale']);
  expect(await ids({ decisions, status: 'spam' })).toEqual([]);
  expect(await ids({ decisions, status: 'unresolved' })).toEqual(['printer']);
  expect(await ids({ decisions, assignees: ['#tills'] })).toEqual(['scale']);
  expect(await ids({ decisions, assignees: [''] })).toEqual(['printer']);
  expect(await ids({ decisions, assignees: [] })).toEqual([]);
  expect(await ids({ decisions, unread: true })).toEqual(['printer']);

  // A report in the older form says only which error it is about: it is where that was.
  const about = 'till@2.0-55-2';
  const report = { site: '', service: 'project-1', environment: '', associated_event_id: about };
  await test.insert('feedback', [written(about, 15, report)]);
  const [shown] = (await list({ scope: { ...scope, site: 'STORE_001' }, q: about }))?.feedback ?? [];
  expect(shown).toMatchObject({ site: 'STORE_001', service: 'till', release: 'till@2.0', issue: '0000000000000002' });
  expect(await ids({ scope: { ...scope, service: 'till' } })).toEqual(['printer', about]);
  expect(await ids({ scope: { ...scope, site: 'STORE_002' } })).toEqual([]);
});
