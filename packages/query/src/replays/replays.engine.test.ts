import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import { readIssueReplays } from './issue-replays.ts';
import { readReplayBeside } from './replay-beside.ts';
import { listReplays, readReplay, readReplaySegment, type ReplayQuery } from './replays.ts';

const minute = 60_000;
const now = Math.floor(Date.now() / minute) * minute - 86_400_000;
const id = (n: number): string => n.toString(16).padStart(32, '0');
const trace = id(0xabc);
let test: TestStore;

/** Replay n began n·10 minutes ago and told of itself twice, a minute apart. */
function messages(n: number, over: Record<string, unknown> = {}) {
  const startedAt = now - n * 10 * minute;
  return [0, 1].map((segment) => ({
    organisation: 'acme',
    project: 1,
    site: `STORE_00${n}`,
    service: 'terminal',
    environment: 'production',
    release: '1.0.0',
    started_at: engineTime(startedAt),
    ts: engineTime(startedAt + segment * n * minute),
    replay_id: id(n),
    segment,
    kind: 'session',
    user_id: `Cashier-${n}`,
    urls: segment === 0 ? ['https://shop/basket', 'https://shop/pay'] : ['https://shop/pay', `https://shop/done/${n}`],
    errors: segment === 1 && n === 2 ? ['e1', 'e1'] : [],
    traces: segment === 0 && n === 2 ? [trace] : [],
    platform: 'javascript',
    browser: 'Chrome 140',
    os: 'Linux',
    tags: { till: String(segment) },
    ...over,
  }));
}

const error = (event: string, over: Record<string, unknown> = {}) => ({
  organisation: 'acme',
  project: 1,
  service: 'terminal',
  ts: engineTime(now - 19 * minute),
  received_at: engineTime(now),
  event_id: event,
  issue: '7',
  severity: 17,
  type: 'Error',
  message: event,
  ...over,
});

beforeAll(async () => {
  test = await openTestStore();
  await test.insert(
    'replays',
    [1, 2, 3].flatMap((n) => messages(n)),
  );
  await test.insert('replays', messages(4, { organisation: 'rival', site: 'STORE_002' }));
  const part = (segment: number, kind: string, blob: string, organisation = 'acme', at = 0) => ({
    organisation,
    project: 1,
    replay_id: id(2),
    segment,
    kind,
    ts: engineTime(now + at),
    size_bytes: blob.length,
    blob,
  });
  await test.insert('replay_segments', [
    { ...part(1, 'recording', 'one'), rage: 2 },
    { ...part(0, 'recording', 'other'), replay_id: id(3), dead: 1 },
    { ...part(0, 'recording', 'other', 'rival'), replay_id: id(1), dead: 1 },
    part(0, 'recording', 'first'),
    part(0, 'recording', 'again', 'acme', 5),
    part(0, 'video', 'mp4'),
    part(0, 'recording', 'theirs', 'rival', 9),
  ]);
  await test.insert('errors', [
    error('e1'),
    error('e2', { tags: { replayId: id(2) }, ts: engineTime(now - 18.5 * minute) }),
    error('e3', { tags: { replayId: id(3) } }),
    error('e1', { organisation: 'rival', message: 'theirs' }),
  ]);
  await test.store.execute(
    `INSERT INTO spans (organisation, service, name, trace_id, ts, received_at, duration_ns)
     SELECT 'acme', 'terminal', 'pay', unhex({trace:String}), fromUnixTimestamp64Milli({at:Int64}), now64(), 2000000000`,
    { trace, at: now - 19 * minute },
    { settings: { insert_deduplicate: 0 } },
  );
  for (const [organisation, body, severity, of] of [
    ['acme', 'card refused', 17, trace],
    ['acme', 'card read', 9, trace],
    ['acme', 'another trace', 17, id(0xdef)],
    ['rival', 'theirs', 17, trace],
  ] as const)
    await test.store.execute(
      `INSERT INTO logs (organisation, service, body, severity, trace_id, ts, received_at)
       SELECT {organisation:String}, 'payment', {body:String}, {severity:UInt8}, unhex({trace:String}), fromUnixTimestamp64Milli({at:Int64}), now64()`,
      { organisation, body, severity, trace: of, at: now - 19 * minute + severity },
      { settings: { insert_deduplicate: 0 } },
    );
});
afterAll(() => test.close());

function query(over: Partial<Omit<ReplayQuery, 'scope'>> & { scope?: Partial<ReplayQuery['scope']> } = {}) {
  return {
    user: '',
    url: '',
    errors: 'any' as const,
    clicks: 'any' as const,
    atLeastMs: 0,
    atMostMs: 1e9,
    limit: 10,
    cursor: '',
    ...over,
    scope: { organisation: 'acme', fromMs: now - 60 * minute, toMs: now + minute, ...none, ...over.scope },
  };
}
const none = { environment: '', site: '', service: '' };
const found = async (over: Parameters<typeof query>[0] = {}): Promise<number[]> =>
  (await listReplays(test.store, query(over)))?.replays.map(({ replay }) => Number.parseInt(replay, 16)) ?? [];

describe('list of replays', () => {
  it('joins the messages of a replay', async () => {
    const page = await listReplays(test.store, query());
    expect(page?.replays.find(({ replay }) => replay === id(2))).toEqual({
      replay: id(2),
      kind: 'session',
      startedAt: now - 20 * minute,
      endedAt: now - 18 * minute,
      durationMs: 2 * minute,
      user: 'Cashier-2',
      urls: ['https://shop/basket', 'https://shop/pay', 'https://shop/done/2'],
      errors: 1,
      rage: 2,
      dead: 0,
      segments: 2,
      platform: 'javascript',
      browser: 'Chrome 140',
      os: 'Linux',
      site: 'STORE_002',
      service: 'terminal',
      environment: 'production',
      release: '1.0.0',
    });
  });

  it.each<[string, Parameters<typeof query>[0], number[]]>([
    ['newest first', {}, [1, 2, 3]],
    ['a part of the user', { user: 'cashier-3' }, [3]],
    ['a part of an address', { url: 'DONE/1' }, [1]],
    ['no wildcard in an address', { url: '%' }, []],
    ['with errors', { errors: 'with' }, [2]],
    ['without errors', { errors: 'without' }, [1, 3]],
    ['with rage clicks', { clicks: 'rage' }, [2]],
    ['with dead clicks', { clicks: 'dead' }, [3]],
    ['at least two minutes', { atLeastMs: 2 * minute }, [2, 3]],
    ['at most two minutes', { atMostMs: 2 * minute }, [1, 2]],
    ['one site', { scope: { site: 'STORE_002' } }, [2]],
    ['another environment', { scope: { environment: 'staging' } }, []],
    [
      'a range that holds the last message alone',
      { scope: { fromMs: now - 18 * minute, toMs: now - 17 * minute } },
      [2],
    ],
    ['all time', { scope: { fromMs: 0, toMs: 8_640_000_000_000_000 } }, [1, 2, 3]],
    ['another organisation', { scope: { organisation: 'rival' } }, [4]],
    ['SQL as organisation', { scope: { organisation: "acme' OR '1'='1" } }, []],
    ['SQL as user', { user: "' OR 1=1 --" }, []],
  ])('%s', async (_, over, expected) => {
    expect(await found(over)).toEqual(expected);
  });

  it('a replay that began before the range is told whole', async () => {
    const page = await listReplays(
      test.store,
      query({ scope: { fromMs: now - 18 * minute, toMs: now - 17 * minute } }),
    );
    expect(page?.replays).toMatchObject([{ durationMs: 2 * minute, segments: 2 }]);
  });

  it('pages without gap or double', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await listReplays(test.store, query({ limit: 1, cursor }));
      seen.push(...(page?.replays.map(({ replay }) => replay) ?? []));
      cursor = page?.next ?? '';
    } while (cursor !== '');
    expect(seen).toEqual([1, 2, 3].map(id));
  });

  it.each(['x', '1-', `1-${'g'.repeat(32)}`, "1-' OR 1"])('refuses the cursor %j', async (cursor) => {
    expect(await listReplays(test.store, query({ cursor }))).toBeUndefined();
  });
});

describe('one replay', () => {
  it('has its errors, traces and segments in order', async () => {
    expect(await readReplay(test.store, { organisation: 'acme', replay: id(2) })).toMatchObject({
      replay: { replay: id(2), errors: 1 },
      tags: { till: '1' },
      errors: [{ eventId: 'e1', issue: '0000000000000007', message: 'e1' }, { eventId: 'e2' }],
      traces: [{ traceId: trace, at: now - 19 * minute, endedAt: now - 19 * minute + 2000, name: 'pay' }],
      segments: [
        { segment: 0, sizeBytes: 5 },
        { segment: 1, sizeBytes: 3 },
      ],
      videos: 1,
    });
  });
  it('reads what was sent last of a segment', async () => {
    const key = { organisation: 'acme', replay: id(2), kind: 'recording' } as const;
    expect(await readReplaySegment(test.store, { ...key, segment: 0 })).toEqual({ blob: 'again', sizeBytes: 5 });
    expect(await readReplaySegment(test.store, { ...key, segment: 7 })).toBeUndefined();
  });
  it('keeps organisations apart', async () => {
    for (const organisation of ['rival', '', "acme' --"]) {
      expect(await readReplay(test.store, { organisation, replay: id(2) })).toBeUndefined();
    }
    const theirs = await readReplaySegment(test.store, {
      organisation: 'acme',
      replay: id(4),
      segment: 0,
      kind: 'recording',
    });
    expect(theirs).toBeUndefined();
  });
});

describe('what the servers did meanwhile', () => {
  const beside = (organisation: string, most?: number) =>
    readReplayBeside(test.store, { organisation, replay: id(2) }, most === undefined ? {} : { most });
  it('is logs and spans of its traces, in order of time', async () => {
    expect(await beside('acme')).toMatchObject({
      logs: [
        { body: 'card read', service: 'payment', severity: 'info', traceId: trace, at: now - 19 * minute + 9 },
        { body: 'card refused', severity: 'error' },
      ],
      spans: [{ name: 'pay', service: 'terminal', traceId: trace, durationMs: 2000, status: 'unset' }],
      logsLeft: 0,
      spansLeft: 0,
    });
  });
  it('leaves out what the browser itself measured: the recording tells it', async () => {
    for (const [name, op, origin] of [
      ['Pageload', 'pageload', 'auto.pageload.react.reactrouter_v6'],
      ['DNS lookup', 'browser.DNS', 'auto.ui.browser.metrics'],
      ['GET /api', 'http.client', 'auto.http.browser'],
      ['app.css', 'resource.css', ''],
      ['browserless job', 'browserless', ''],
    ] as const)
      await test.store.execute(
        `INSERT INTO spans (organisation, service, name, trace_id, ts, received_at, duration_ns, attrs)
         SELECT 'acme', 'shop', {name:String}, unhex({trace:String}), fromUnixTimestamp64Milli({at:Int64}), now64(), 1,
           map('sentry.op', {op:String}, 'sentry.origin', {origin:String})`,
        { name, op, origin, trace, at: now - 19 * minute },
        { settings: { insert_deduplicate: 0 } },
      );
    expect((await beside('acme'))?.spans.map(({ name }) => name).toSorted()).toEqual(['browserless job', 'pay']);
  });
  it('keeps the gravest where there are too many, and counts the others', async () => {
    expect(await beside('acme', 1)).toMatchObject({ logs: [{ body: 'card refused' }], logsLeft: 1, spansLeft: 1 });
  });
  it.each(['rival', '', "acme' --"])('is nothing for %j', async (organisation) => {
    expect(await beside(organisation)).toBeUndefined();
  });
});

describe('replays of an issue', () => {
  const of = (organisation: string, issue: string) =>
    readIssueReplays(test.store, { organisation, issue, merged: new Map() });
  it('are those that name its events and those that its events name', async () => {
    const found = await of('acme', '0000000000000007');
    // The second page of the test named e1, e2 and e3 their replays.
    expect(found?.replays.map(({ replay }) => Number.parseInt(replay, 16))).toEqual([2, 3]);
    expect(found?.replays[0]).toMatchObject({ rage: 2, at: now - 18.5 * minute });
    expect(found?.left).toBe(0);
  });
  it('are none of another issue or organisation', async () => {
    expect(await of('acme', '0000000000000008')).toBeUndefined();
    expect((await of('rival', '0000000000000007'))?.replays ?? []).toEqual([]);
  });
});
