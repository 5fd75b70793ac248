import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import {
  listAttachments,
  listIssueEvents,
  listIssues,
  readAttachment,
  readIssue,
  readIssueRow,
  shownStatus,
  type IssueDecision,
  type IssueQuery,
} from './errors.ts';

const minute = 60_000;
const now = Math.floor(Date.now() / minute) * minute - 86_400_000;
let test: TestStore;

const hex = (issue: number): string => issue.toString(16).padStart(16, '0');

/** Issue n has n events, one a minute, the newest n minutes ago, alternating over two stores and three people. */
function events(issue: number, organisation = 'acme') {
  return Array.from({ length: issue }, (_, i) => ({
    organisation,
    project: 1,
    site: i % 2 === 0 ? 'STORE_001' : 'STORE_002',
    device: 'TERM_01',
    service: 'payments',
    environment: 'production',
    release: i === issue - 1 ? '1.0.0' : '1.1.0',
    ts: engineTime(now - (issue + i) * minute),
    received_at: engineTime(now),
    event_id: `${organisation}-${issue}-${i}`,
    issue: String(issue),
    severity: 17,
    platform: 'node',
    type: 'PaymentError',
    message: issue === 3 ? 'card declined by Suncard' : `failure number ${issue}`,
    culprit: 'charge in payment.ts',
    user_id: `user-${i % 3}`,
    amount: 2.5,
    tags: { processor: i === 0 ? 'Suncard' : 'Other' },
    payload:
      issue === 4
        ? 'no json {'
        : JSON.stringify({ version: 1, sdk: 'sentry@1', grouping: ['exception type PaymentError'] }),
  }));
}

beforeAll(async () => {
  test = await openTestStore();
  await test.insert('errors', [...[1, 2, 3, 4, 5, 6, 7].flatMap((n) => events(n)), ...events(9, 'rival')]);
  await test.insert('attachments', [
    {
      organisation: 'acme',
      project: 1,
      event_id: 'acme-3-0',
      ts: engineTime(now),
      name: 'a.html',
      content_type: 'text/html',
      size_bytes: 5,
      content: '<b>\u0000x',
    },
  ]);
});
afterAll(() => test.close());

function query(over: Partial<Omit<IssueQuery, 'scope'>> & { scope?: Partial<IssueQuery['scope']> } = {}): IssueQuery {
  return {
    q: '',
    status: 'all',
    sort: 'last-seen',
    limit: 100,
    cursor: '',
    decisions: new Map(),
    ...over,
    scope: {
      organisation: 'acme',
      fromMs: now - 60 * minute,
      toMs: now,
      environment: '',
      site: '',
      service: '',
      ...over.scope,
    },
  };
}

async function issues(over: Parameters<typeof query>[0] = {}): Promise<number[]> {
  const found = await listIssues(test.store, query(over));
  return found.ok ? found.value.issues.map((row) => Number.parseInt(row.issue, 16)) : [];
}

const decided = (...rows: [issue: number, status: IssueDecision['status'], resolvedAt?: number][]) =>
  new Map(
    rows.map(
      ([issue, status, resolvedAt = null]) =>
        [hex(issue), { issue: hex(issue), status, resolvedAt, assignee: 'ann' }] as const,
    ),
  );

describe('issue list', () => {
  it('counts what happened in the range', async () => {
    const found = await listIssues(test.store, query());
    const three = found.ok ? found.value.issues.find((row) => row.issue === hex(3)) : undefined;
    expect(three).toMatchObject({
      type: 'PaymentError',
      message: 'card declined by Suncard',
      severity: 'error',
      status: 'unresolved',
      assignee: '',
      firstSeenAt: now - 5 * minute,
      lastSeenAt: now - 3 * minute,
      firstRelease: '1.0.0',
      lastRelease: '1.1.0',
      events: 3,
      eventsTotal: 3,
      users: 3,
      sites: 2,
      amount: 7.5,
      service: 'payments',
    });
    expect(three?.trend.reduce((sum, p) => sum + p.value, 0)).toBe(3);
  });

  it.each<[string, Parameters<typeof query>[0], number[]]>([
    ['newest first', {}, [1, 2, 3, 4, 5, 6, 7]],
    ['most events first', { sort: 'events' }, [7, 6, 5, 4, 3, 2, 1]],
    ['first seen', { sort: 'first-seen' }, [1, 2, 3, 4, 5, 6, 7]],
    ['sites, then id', { sort: 'sites' }, [7, 6, 5, 4, 3, 2, 1]],
    ['a search', { q: 'suncard declined' }, [3]],
    ['a search by field', { q: 'site:STORE_002 -suncard' }, [2, 4, 5, 6, 7]],
    ['one site', { scope: { site: 'STORE_002' } }, [2, 3, 4, 5, 6, 7]],
    ['another environment', { scope: { environment: 'staging' } }, []],
    ['a shorter range', { scope: { fromMs: now - 2 * minute } }, [1, 2]],
    ['an empty range', { scope: { fromMs: now, toMs: now } }, []],
    ['all time', { scope: { fromMs: 0, toMs: 8_640_000_000_000_000 } }, [1, 2, 3, 4, 5, 6, 7]],
    ['another organisation', { scope: { organisation: 'rival' } }, [9]],
    ['SQL as organisation', { scope: { organisation: "acme' OR '1'='1" } }, []],
    ['SQL as site', { scope: { site: "' OR 1=1 --" } }, []],
    ['SQL as search', { q: `"'; DROP TABLE errors; --"` }, []],
  ])('%s', async (_, over, expected) => {
    expect(await issues(over)).toEqual(expected);
  });

  const decisions = decided(
    [1, 'resolved', now - 30_000],
    [2, 'resolved', now - 10 * minute],
    [3, 'ignored'],
    [4, 'unresolved'],
  );
  it.each<[IssueQuery['status'], number[]]>([
    ['open', [2, 4, 5, 6, 7]],
    ['unresolved', [4, 5, 6, 7]],
    ['resolved', [1]],
    ['regressed', [2]],
    ['ignored', [3]],
    ['all', [1, 2, 3, 4, 5, 6, 7]],
  ])('status %s', async (status, expected) => {
    expect(await issues({ status, decisions })).toEqual(expected);
  });

  it.each(['last-seen', 'first-seen', 'events', 'sites', 'users'] as const)(
    'pages by %s without gap or double',
    async (sort) => {
      const seen: string[] = [];
      let cursor = '';
      do {
        const found = await listIssues(test.store, query({ sort, limit: 2, cursor }));
        if (!found.ok) throw new Error('refused');
        seen.push(...found.value.issues.map((row) => row.issue));
        cursor = found.value.next;
      } while (cursor !== '');
      expect(seen).toHaveLength(7);
      expect(new Set(seen).size).toBe(7);
    },
  );

  it.each(['x', '1', '-', "1-' OR 1", '9'.repeat(40), '1-0000000000000001x', '\u0000'])(
    'refuses the cursor %j',
    async (cursor) => {
      expect(await listIssues(test.store, query({ cursor }))).toEqual({ ok: false, error: { kind: 'cursor' } });
    },
  );

  it('says where a search is wrong', async () => {
    const found = await listIssues(test.store, query({ q: 'a AND (' }));
    expect(found.ok || found.error.kind).toBe('search');
  });
});

describe('issue', () => {
  const key = { organisation: 'acme', issue: hex(3) };
  const read = (event = '', over = key) => readIssue(test.store, over, { event, decision: undefined });

  it('shows the newest event and its neighbours', async () => {
    const page = await read();
    expect(Object.keys(page?.event ?? {}), 'the stored text stays in the store').not.toContain('payload');
    expect(page?.event).toMatchObject({
      eventId: 'acme-3-0',
      sdk: 'sentry@1',
      exceptions: [],
      tags: { processor: 'Suncard' },
      traceId: '',
      attachments: [{ name: 'a.html', contentType: 'text/html', sizeBytes: 5 }],
    });
    expect([page?.previousEvent, page?.nextEvent]).toEqual(['acme-3-1', '']);
    expect(page?.grouping).toEqual([{ kind: 'type', value: 'PaymentError', used: true, why: '' }]);
    expect(page?.tags.find((tag) => tag.tag === 'processor')?.values).toEqual([
      { value: 'Other', events: 2 },
      { value: 'Suncard', events: 1 },
    ]);
    expect(page?.tags.find((tag) => tag.tag === 'site')?.values).toEqual([
      { value: 'STORE_001', events: 2 },
      { value: 'STORE_002', events: 1 },
    ]);
    expect(page?.issue.trend.reduce((sum, p) => sum + p.value, 0)).toBe(3);
  });
  it('steps through events', async () => {
    const middle = await read('acme-3-1');
    expect([middle?.event?.eventId, middle?.previousEvent, middle?.nextEvent]).toEqual([
      'acme-3-1',
      'acme-3-2',
      'acme-3-0',
    ]);
    expect((await read('acme-3-2'))?.previousEvent).toBe('');
  });
  it('shows the columns of an event whose payload is broken', async () => {
    expect((await read('', { ...key, issue: hex(4) }))?.event).toMatchObject({
      type: 'PaymentError',
      exceptions: [],
      sdk: '',
    });
  });
  it('lists events in pages', async () => {
    const first = await listIssueEvents(test.store, { ...key, issue: hex(5) }, { limit: 3, cursor: '' });
    const second = await listIssueEvents(
      test.store,
      { ...key, issue: hex(5) },
      { limit: 3, cursor: first?.next ?? '' },
    );
    expect([...(first?.events ?? []), ...(second?.events ?? [])].map((e) => e.eventId)).toEqual(
      [0, 1, 2, 3, 4].map((i) => `acme-5-${i}`),
    );
    expect(second?.next).toBe('');
    expect(await listIssueEvents(test.store, key, { limit: 3, cursor: "1' OR 1" })).toBeUndefined();
    expect(await listIssueEvents(test.store, key, { limit: 3, cursor: '9999999999999999999-x' })).toBeUndefined();
  });
  it('keeps organisations apart', async () => {
    for (const organisation of ['rival', '', "acme' --"]) {
      expect(await read('', { ...key, organisation })).toBeUndefined();
      expect(await readIssueRow(test.store, { ...key, organisation }, undefined)).toBeUndefined();
      expect((await listIssueEvents(test.store, { ...key, organisation }, { limit: 9, cursor: '' }))?.events).toEqual(
        [],
      );
      expect(await listAttachments(test.store, { organisation, eventId: 'acme-3-0' })).toEqual([]);
      expect(await readAttachment(test.store, { organisation, eventId: 'acme-3-0', name: 'a.html' })).toBeUndefined();
    }
    expect((await read('rival-9-0'))?.event).toBeNull();
    expect((await read('acme-5-0'))?.event).toBeNull();
  });
  it('gives an attachment byte by byte', async () => {
    const found = await readAttachment(test.store, { organisation: 'acme', eventId: 'acme-3-0', name: 'a.html' });
    expect(found?.content).toEqual(Buffer.from('<b>\u0000x'));
  });
});

it.each<[IssueDecision['status'] | undefined, number | null, string]>([
  [undefined, null, 'unresolved'],
  ['unresolved', null, 'unresolved'],
  ['ignored', 5, 'ignored'],
  ['resolved', 9, 'regressed'],
  ['resolved', 10, 'resolved'],
  ['resolved', 11, 'resolved'],
])('an issue last seen at 10 that is %s at %s shows as %s', (status, resolvedAt, shown) => {
  expect(shownStatus(status && { issue: hex(1), status, resolvedAt, assignee: '' }, 10)).toBe(shown);
});
