import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import { readMoney } from './issue-money.ts';
import {
  listAttachments,
  listEvents,
  listIssueEvents,
  listIssues,
  readAttachment,
  readIssue,
  readIssueRow,
  readIssueTag,
  readMembers,
  readSimilar,
  readSuspectRelease,
  searchEvents,
  settleIssues,
  newestRelease,
  knownIssueHashes,
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
    merged: new Map(),
    me: 'ann',
    myTeams: ['payments'],
    nowMs: now,
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
      money: [{ currency: '', amount: 7.5, orders: 3 }],
      moneyAbout: false,
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

describe('money of issues', () => {
  const sale = (issue: number, order: string, amount: number, currency: string, minutesAgo: number) => ({
    ...events(1, 'tills')[0],
    issue: String(issue),
    event_id: `sale-${issue}-${order}-${amount}-${minutesAgo}`,
    order_id: order,
    amount,
    tags: currency === '' ? {} : { currency },
    ts: engineTime(now - minutesAgo * minute),
  });
  const scope = { organisation: 'tills' };
  beforeAll(() =>
    test.insert('errors', [
      // One order that failed three times, its newest amount being 40; the currency was told once.
      sale(1, 'ORD-1', 30, '', 9),
      sale(1, 'ORD-1', 30, 'usd', 8),
      sale(1, 'ORD-1', 40, '', 7),
      sale(1, 'ORD-2', 5.25, 'USD', 6),
      sale(1, 'ORD-3', 1000, 'JPY', 5),
      sale(1, '', 2, 'USD', 4),
      sale(1, '', 2, 'USD', 3),
      sale(1, 'ORD-9', 0, 'USD', 3),
      // Fifty tries of one order are worth less than two orders.
      ...Array.from({ length: 50 }, (_, i) => sale(2, 'ORD-7', 100, 'EUR', 1 + i / 100)),
      sale(3, 'ORD-8', 90, 'EUR', 2),
      sale(3, 'ORD-4', 90, 'EUR', 2),
      sale(4, 'ORD-5', 10, '$; x', 1),
    ]),
  );
  it('counts an order once, by currency', async () => {
    const found = await listIssues(test.store, query({ scope }));
    const money = found.ok ? found.value.issues.map((row) => [Number.parseInt(row.issue, 16), row.money]) : [];
    expect(Object.fromEntries(money)).toEqual({
      1: [
        { currency: 'JPY', amount: 1000, orders: 1 },
        { currency: 'USD', amount: 49.25, orders: 4 },
      ],
      2: [{ currency: 'EUR', amount: 100, orders: 1 }],
      3: [{ currency: 'EUR', amount: 180, orders: 2 }],
      4: [{ currency: '', amount: 10, orders: 1 }],
    });
    const page = await readIssue(
      test.store,
      { ...scope, issue: hex(2), merged: new Map([[hex(3), hex(2)]]) },
      { event: '', settled: undefined },
    );
    expect(page?.issue.money).toEqual([{ currency: 'EUR', amount: 280, orders: 3 }]);
  });
  it.each<[string, Parameters<typeof query>[0], number[]]>([
    ['by money, the greatest currency first', { sort: 'money' }, [1, 3, 2, 4]],
    ['of what a search finds', { sort: 'money', q: 'amount:<1000' }, [3, 2, 1, 4]],
    ['with so much money', { q: 'money:>=180' }, [3, 1]],
    ['of a range', { sort: 'money', scope: { fromMs: now - 5 * minute } }, [1, 3, 2, 4]],
    ['merged', { sort: 'money', q: 'money:<1000', merged: new Map([[hex(4), hex(3)]]) }, [3, 2]],
  ])('is ordered %s', async (_, over, expected) => {
    expect(await issues({ ...over, scope: { ...scope, ...over?.scope } })).toEqual(expected);
  });
  it('is paged by money without gap or double', async () => {
    const seen: number[] = [];
    let cursor = '';
    do {
      const found = await listIssues(test.store, query({ scope, sort: 'money', limit: 1, cursor }));
      if (!found.ok) throw new Error('refused');
      seen.push(...found.value.issues.map((row) => Number.parseInt(row.issue, 16)));
      cursor = found.value.next;
    } while (cursor !== '');
    expect(seen).toEqual([1, 3, 2, 4]);
  });
  it('is reckoned from a part of the orders where there are very many, and says so', async () => {
    await test.insert(
      'errors',
      Array.from({ length: 4000 }, (_, i) => ({ ...sale(8, `MANY-${i}`, 10, 'USD', 2), organisation: 'many' })),
    );
    const parameters = { organisation: 'many' };
    const asked = { issues: [hex(8)], merged: new Map<string, string>() };
    const whole = { sql: 'organisation = {organisation:String}', parameters };
    const exact = await readMoney(test.store, { ...asked, events: whole });
    expect([exact.about, exact.byIssue.get(hex(8))]).toEqual([
      false,
      [{ currency: 'USD', amount: 40_000, orders: 4000 }],
    ]);
    const about = await readMoney(test.store, { ...asked, events: whole, most: 1000 });
    expect(about.about).toBe(true);
    const [money] = about.byIssue.get(hex(8)) ?? [];
    expect(Math.abs((money?.amount ?? 0) - 40_000)).toBeLessThan(6000);
    expect(money?.amount).toBe((money?.orders ?? 0) * 10);
  });
});

describe('issue', () => {
  const key = { organisation: 'acme', issue: hex(3), merged: new Map<string, string>() };
  const read = (event = '', over = key) => readIssue(test.store, over, { event, settled: undefined });

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
  const matching = (q: string) => {
    const search = searchEvents(q);
    if (!search.ok) throw new Error(search.error.message);
    return search.value;
  };
  it('tells the shares of a tag with what they are shares of', async () => {
    const page = await read('', { ...key, issue: hex(7) });
    expect([page?.kept, page?.matching, page?.tagsOver]).toEqual([7, 7, 7]);
    expect(page?.tags.find((tag) => tag.tag === 'user')).toEqual({
      tag: 'user',
      events: 7,
      distinct: 3,
      values: [
        { value: 'user-0', events: 3 },
        { value: 'user-1', events: 2 },
        { value: 'user-2', events: 2 },
      ],
    });
  });
  it('counts what lies beyond the commonest values', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({
      ...events(1, 'wide')[0],
      event_id: `wide-${i}`,
      tags: i < 26 ? { till: `T${i < 12 ? 0 : i}` } : {},
    }));
    await test.insert('errors', rows);
    const wide = { ...key, organisation: 'wide', issue: hex(1) };
    const till = (await read('', wide))?.tags.find((tag) => tag.tag === 'till');
    expect(till).toMatchObject({ events: 26, distinct: 15 });
    expect(till?.values).toHaveLength(10);
    expect(till?.values[0]).toEqual({ value: 'T0', events: 12 });
    const all = await readIssueTag(test.store, wide, { tag: 'till', matching: matching('') });
    expect(all).toMatchObject({ tag: 'till', over: 30, events: 26, distinct: 15 });
    expect(all?.values).toHaveLength(15);
    const some = await readIssueTag(test.store, wide, { tag: 'till', matching: matching('tag.till:T1*') });
    expect(some?.values.map(({ value }) => value)).toEqual(['T12', 'T13', 'T14', 'T15', 'T16', 'T17', 'T18', 'T19']);
    expect(await readIssueTag(test.store, wide, { tag: "x' OR 1", matching: matching('') })).toMatchObject({
      events: 0,
      distinct: 0,
      values: [],
    });
    expect(
      await readIssueTag(test.store, { ...wide, organisation: 'rival' }, { tag: 'till', matching: matching('') }),
    ).toBeUndefined();
  });
  it('steps through what matches alone', async () => {
    const seven = { ...key, issue: hex(7) };
    const search = matching('site:STORE_002');
    const page = await readIssue(test.store, seven, { event: '', settled: undefined, matching: search });
    expect(page).toMatchObject({
      event: { eventId: 'acme-7-1' },
      previousEvent: 'acme-7-3',
      nextEvent: '',
      oldestEvent: 'acme-7-5',
      newestEvent: 'acme-7-1',
      kept: 7,
      matching: 3,
      tagsOver: 3,
    });
    expect(page?.tags.find((tag) => tag.tag === 'site')?.values).toEqual([{ value: 'STORE_002', events: 3 }]);
    const asked = await readIssue(test.store, seven, { event: 'acme-7-2', settled: undefined, matching: search });
    expect([asked?.event?.eventId, asked?.previousEvent, asked?.nextEvent], 'one that does not match').toEqual([
      'acme-7-2',
      'acme-7-3',
      'acme-7-1',
    ]);
    const none = await readIssue(test.store, seven, {
      event: '',
      settled: undefined,
      matching: matching('site:NOWHERE'),
    });
    expect(none).toMatchObject({ event: { eventId: 'acme-7-0' }, matching: 0, tags: [], previousEvent: '' });
  });
  it.each<[string, string[]]>([
    ['has:processor level:error processor:Suncard', ['acme-7-0']],
    ['user:user-1 OR site:STORE_002', ['acme-7-1', 'acme-7-3', 'acme-7-4', 'acme-7-5']],
    ['amount:>3', []],
    ["nothing' OR 1=1", []],
  ])('lists the events of an issue that match %s', async (q, expected) => {
    const page = { limit: 2, matching: matching(q) };
    const found: string[] = [];
    let cursor = '';
    do {
      const answer = await listIssueEvents(test.store, { ...key, issue: hex(7) }, { ...page, cursor });
      found.push(...(answer?.events ?? []).map((event) => event.eventId));
      cursor = answer?.next ?? '';
    } while (cursor !== '');
    expect(found).toEqual(expected);
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
  it('lists the events of a project in pages, whatever their issue', async () => {
    const { scope } = query();
    const found: string[] = [];
    let cursor = '';
    do {
      const answer = await listEvents(test.store, { scope, project: 1, limit: 10, cursor });
      found.push(...(answer?.events ?? []).map(({ eventId }) => eventId));
      cursor = answer?.next ?? '';
    } while (cursor !== '');
    expect(found).toHaveLength(28);
    expect(new Set(found).size).toBe(28);
    expect(found[0]).toBe('acme-1-0');
    expect((await listEvents(test.store, { scope, project: 2, limit: 10, cursor: '' }))?.events).toEqual([]);
    const ofSite = { ...scope, boundTo: 'STORE_002' };
    expect((await listEvents(test.store, { scope: ofSite, project: 1, limit: 99, cursor: '' }))?.events).toHaveLength(
      12,
    );
    expect(await listEvents(test.store, { scope, project: 1, limit: 10, cursor: "1' OR 1" })).toBeUndefined();
  });
  it('is called as its newest event is, in whatever order they came', async () => {
    const of = { organisation: 'late', issue: hex(64), merged: new Map() };
    const [row] = events(1, 'late');
    for (const [n, message] of [
      [0, 'the newest'],
      [2, 'an older one'],
      [1, 'one between'],
    ] as const)
      await test.insert('errors', [
        { ...row, issue: '64', event_id: `late-${n}`, message, ts: engineTime(now - n * minute) },
      ]);
    expect((await readIssueRow(test.store, of, undefined))?.message).toBe('the newest');
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

describe('issue-level search', () => {
  const decisions = new Map<string, IssueDecision>([
    [hex(1), { issue: hex(1), status: 'resolved', resolvedAt: now, assignee: 'ann' }],
    [hex(2), { issue: hex(2), status: 'ignored', resolvedAt: null, assignee: '', priority: 'low' }],
    [hex(3), { issue: hex(3), status: 'unresolved', resolvedAt: null, assignee: 'Bob' }],
    [hex(4), { issue: hex(4), status: 'unresolved', resolvedAt: null, assignee: '#payments' }],
  ]);
  it.each<[string, number[]]>([
    ['is:unresolved', [3, 4, 5, 6, 7]],
    ['is:resolved', [1]],
    ['is:archived', [2]],
    ['-is:archived is:open', [3, 4, 5, 6, 7]],
    ['is:assigned', [3, 4]],
    ['is:unassigned events:>5', [6, 7]],
    ['assigned:me is:resolved', [1]],
    ['assigned:bob', [3]],
    ['assigned:#payments', [4]],
    ['assigned:team:Payments', [4]],
    ['assigned:my_teams', [4]],
    ['assigned:me is:open', [4]],
    ['assigned:[me, my_teams]', [4]],
    ['assigned:[bob, my_teams] -priority:low', [3, 4]],
    ['is:resolved OR assigned:(bob OR #payments)', [1, 3, 4]],
    ['-assigned:[bob, #payments] is:open', [5, 6, 7]],
    ['assigned:#others', []],
    ['assigned:none events:<5', []],
    ['priority:low is:archived', [2]],
    ['priority:high', [3, 4, 5, 6, 7]],
    ['users:[2 TO 9] sites:2 events:3..4', [3, 4]],
    ['firstRelease:1.0.0 money:>=15', [6, 7]],
    ['is:new', [3, 4, 5, 6, 7]],
    ['has:processor level:error type:PaymentError', [3, 4, 5, 6, 7]],
    ['has:nothing', []],
    ['processor:Suncard site:STORE_001 is:resolved', [1]],
  ])('%s', async (q, expected) => expect(await issues({ q, status: 'open', decisions })).toEqual(expected));

  it.each<[string, string]>([
    ['is:blue', 'expected open, unresolved'],
    ['priority:urgent', 'expected low, medium or high'],
    ['events:many', 'expected a number'],
    ['is:resolved OR suncard', 'beside the rest'],
    ['(suncard OR -assigned:me)', 'beside the rest'],
  ])('%s is refused', async (q, sentence) => {
    const found = await listIssues(test.store, query({ q }));
    expect(found).toMatchObject({
      ok: false,
      error: { kind: 'search', error: { message: expect.stringContaining(sentence) } },
    });
  });

  it.each<[IssueQuery['sort'], number]>([
    ['money', 7],
    ['priority', 1],
  ])('sorted by %s', async (sort, first) => expect((await issues({ sort }))[0]).toBe(first));
});

describe('what becomes of a decision', () => {
  const settle = async (decision: Partial<IssueDecision>) => {
    const full: IssueDecision = { issue: hex(5), status: 'unresolved', resolvedAt: null, assignee: '', ...decision };
    const map = await settleIssues(test.store, {
      organisation: 'acme',
      nowMs: now,
      decisions: [full],
      merged: new Map(),
    });
    const { status, regressedIn, woke } = map.get(hex(5)) ?? {};
    return [status, regressedIn, woke].filter((word) => word !== '').join(' ');
  };
  // Issue 5: five events, 9 to 5 minutes ago, the first in 1.0.0, the rest in 1.1.0.
  const early = now - 30 * minute;
  const middle = now - 7 * minute - 30_000;
  it.each<[string, Partial<IssueDecision>, string]>([
    ['unresolved', {}, 'unresolved'],
    ['resolved, quiet since', { status: 'resolved', resolvedAt: now }, 'resolved'],
    ['resolved, back', { status: 'resolved', resolvedAt: early }, 'regressed 1.0.0'],
    ['resolved, back in the later release', { status: 'resolved', resolvedAt: middle }, 'regressed 1.1.0'],
    [
      'resolved with the next release, seen in the old one',
      { status: 'resolved', resolvedAt: early, resolution: 'next-release', resolvedIn: '1.1.0' },
      'resolved',
    ],
    [
      'resolved with the next release, seen in it',
      { status: 'resolved', resolvedAt: early, resolution: 'next-release', resolvedIn: '1.0.0' },
      'regressed 1.1.0',
    ],
    [
      'resolved in a release that is seen',
      { status: 'resolved', resolvedAt: early, resolution: 'release', resolvedIn: '1.1.0' },
      'regressed 1.1.0',
    ],
    [
      'resolved in a later release',
      { status: 'resolved', resolvedAt: early, resolution: 'release', resolvedIn: '1.2.0' },
      'resolved',
    ],
    ['archived for ever', { status: 'ignored', ignoredAt: early, ignoredUntil: 'forever' }, 'ignored'],
    ['archived for a time to come', { status: 'ignored', ignoredUntil: 'time', ignoredLimit: now + 1 }, 'ignored'],
    [
      'archived for a time that is over',
      { status: 'ignored', ignoredUntil: 'time', ignoredLimit: now },
      'unresolved time',
    ],
    [
      'archived for six events',
      { status: 'ignored', ignoredAt: early, ignoredUntil: 'events', ignoredLimit: 6 },
      'ignored',
    ],
    [
      'archived for five events',
      { status: 'ignored', ignoredAt: early, ignoredUntil: 'events', ignoredLimit: 5 },
      'unresolved events',
    ],
    [
      'archived for three users',
      { status: 'ignored', ignoredAt: early, ignoredUntil: 'users', ignoredLimit: 3 },
      'unresolved users',
    ],
    [
      'archived for four users',
      { status: 'ignored', ignoredAt: early, ignoredUntil: 'users', ignoredLimit: 4 },
      'ignored',
    ],
    ['archived until it escalates', { status: 'ignored', ignoredAt: early, ignoredUntil: 'escalating' }, 'ignored'],
  ])('%s', async (_, decision, expected) => expect(await settle(decision)).toBe(expected));
});

it('archived until it escalates: what came before it was archived counts as usual', async () => {
  await test.insert('errors', events(30, 'busy'));
  const settle = async (ignoredAt: number) => {
    const decision: IssueDecision = {
      issue: hex(30),
      status: 'ignored',
      resolvedAt: null,
      assignee: '',
      ignoredAt,
      ignoredUntil: 'escalating',
    };
    const asked = { organisation: 'busy', nowMs: now, decisions: [decision], merged: new Map() };
    return (await settleIssues(test.store, asked)).get(hex(30));
  };
  expect(await settle(now - 29 * minute)).toMatchObject({ status: 'ignored', woke: '' });
  expect(await settle(now - 45 * minute)).toMatchObject({ status: 'unresolved', woke: 'escalating' });
  expect(await settle(now - 70 * minute)).toMatchObject({ status: 'unresolved', woke: 'escalating' });
});

describe('merged issues', () => {
  const merged = new Map([
    [hex(6), hex(2)],
    [hex(4), hex(2)],
  ]);
  const key = { organisation: 'acme', issue: hex(2), merged };
  it('are one in the list, with the title of the one they belong to', async () => {
    expect(await issues({ merged, sort: 'events' })).toEqual([2, 7, 5, 3, 1]);
    const found = await listIssues(test.store, query({ merged }));
    expect(found.ok && found.value.issues.find((row) => row.issue === hex(2))).toMatchObject({
      message: 'failure number 2',
      events: 12,
      eventsTotal: 12,
      users: 3,
      money: [{ currency: '', amount: 30, orders: 12 }],
      firstSeenAt: now - 11 * minute,
      lastSeenAt: now - 2 * minute,
    });
    expect(await issues({ merged, q: 'number' }), 'a search counts by the same').toEqual([1, 2, 5, 7]);
  });
  it('are one page, whose events are stepped through', async () => {
    const page = await readIssue(test.store, key, { event: 'acme-4-0', settled: undefined });
    expect(page).toMatchObject({
      issue: { events: 12, message: 'failure number 2' },
      event: { eventId: 'acme-4-0' },
      oldestEvent: 'acme-6-5',
      newestEvent: 'acme-2-0',
      touched: { orders: 0, terminals: 1 },
    });
    expect((await listIssueEvents(test.store, key, { limit: 50, cursor: '' }))?.events).toHaveLength(12);
    expect((await readMembers(test.store, key)).map(({ issue, events: n }) => [issue, n])).toEqual([
      [hex(6), 6],
      [hex(4), 4],
    ]);
  });
  it('regress as one', async () => {
    const decision: IssueDecision = { issue: hex(2), status: 'resolved', resolvedAt: now - 5 * minute, assignee: '' };
    expect(await issues({ merged, decisions: new Map([[hex(2), decision]]), status: 'regressed' })).toEqual([2]);
  });
  it('are issues of their own again when they are taken out', async () => {
    merged.delete(hex(6));
    expect(await issues({ merged, sort: 'events' })).toEqual([7, 6, 2, 5, 3, 1]);
  });
});

describe('what is related', () => {
  const key = { organisation: 'acme', issue: hex(6), merged: new Map<string, string>() };
  it('issues of the same type with a message that is alike', async () => {
    const found = await readSimilar(test.store, key, {
      type: 'PaymentError',
      message: 'failure number 6',
      culprit: 'charge in payment.ts',
    });
    expect(found.map(({ issue }) => issue)).not.toContain(hex(6));
    expect(found[0]?.message).toMatch(/^failure number/);
    expect(await readSimilar(test.store, key, { type: 'Other', message: 'zzz', culprit: '' })).toEqual([]);
  });
  it('the release it came with', async () => {
    const issue = { service: 'payments', firstSeenAt: now - 6 * minute };
    expect(await readSuspectRelease(test.store, key, { ...issue, firstRelease: '1.1.0' })).toMatchObject({
      release: '1.1.0',
    });
    expect(
      await readSuspectRelease(test.store, key, { ...issue, firstRelease: '1.0.0' }),
      'the oldest there is',
    ).toBeUndefined();
    expect(await newestRelease(test.store, { organisation: 'acme', service: 'payments' })).toBe('1.1.0');
    expect(await newestRelease(test.store, { organisation: 'rival', service: 'none' })).toBe('');
  });
  it('the hashes that joined an issue of another number, and the issues of earlier ways of grouping', async () => {
    const [row] = events(1, 'merger');
    const later = (minutes: number) => String((BigInt(now) + BigInt(minutes * minute)) * 1_000_000n);
    await test.insert('errors', [
      { ...row, ts: later(-9), issue: '7', grouping_hash: '8', grouping_version: 2 },
      { ...row, ts: later(-9), issue: '9', grouping_hash: '9', grouping_version: 2 },
      { ...row, ts: later(-3), issue: '11', grouping_hash: '11', grouping_version: 2 },
      { ...row, ts: later(-1), issue: '10', grouping_hash: '10', grouping_version: 3 },
      { ...row, ts: later(-1), issue: '7', grouping_hash: '9', grouping_version: 3 },
    ]);
    const known = async (version: number) =>
      (await knownIssueHashes(test.store, { organisation: 'merger', version, limit: 10 }))
        .map(({ hash, issue }) => [Number(`0x${hash}`), Number(`0x${issue}`)])
        .sort(([one = 0], [other = 0]) => one - other);
    expect(await known(2), 'no event of a version before').toEqual([
      [8, 7],
      [9, 7],
    ]);
    expect(await known(3), 'unless they joined another').toEqual([
      [7, 7],
      [8, 7],
      [9, 7],
      [11, 11],
    ]);
    expect(await known(4)).toContainEqual([10, 10]);
    expect(await knownIssueHashes(test.store, { organisation: 'rival', version: 0, limit: 10 })).toEqual([]);
  });
});
