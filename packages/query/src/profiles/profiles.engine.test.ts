import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import { findProfiledSpans, findProfileParts, listProfiles, type ProfileQuery } from './profiles.ts';

const minute = 60_000;
const now = Math.floor(Date.now() / minute) * minute - 86_400_000;
const id = (n: number): string => n.toString(16).padStart(32, '0');
const profiler = id(0xf00);
const [direct, indirect] = [id(0xabc), id(0xdef)];
let test: TestStore;

const row = (n: number, over: Record<string, unknown> = {}) => ({
  organisation: 'acme',
  project: 1,
  site: `STORE_00${n}`,
  service: 'orders',
  environment: 'production',
  release: `orders@${n}`,
  ts: engineTime(now - n * minute),
  received_at: engineTime(now),
  profile_id: id(n),
  profiler_id: '',
  kind: 'transaction',
  platform: 'node',
  transaction: `GET /basket/${n}`,
  trace_id: n === 1 ? direct : '',
  size_bytes: 10,
  blob: `b${n}`,
  duration_ms: 500,
  samples: 50,
  ...over,
});
const chunk = (n: number, over: Record<string, unknown> = {}) =>
  row(n, { kind: 'chunk', profiler_id: profiler, transaction: '', duration_ms: minute, ...over });

beforeAll(async () => {
  test = await openTestStore();
  await test.insert('profiles', [row(1), row(2), chunk(11), chunk(10), chunk(9), row(3, { organisation: 'rival' })]);
  // What was sent twice.
  await test.insert('profiles', [chunk(10, { received_at: engineTime(now + 1), blob: 'again' })]);
  await test.store.execute(
    `INSERT INTO spans (organisation, service, name, trace_id, span_id, ts, received_at, duration_ns, attrs)
     SELECT 'acme', 'orders', name, unhex(trace), unhex('0000000000000001'), fromUnixTimestamp64Milli(at), now64(), 2000000000, map(key, value)
     FROM (SELECT arrayJoin([('pay', {direct:String}, {at:Int64}, 'sentry.profile_id', {one:String}),
       ('sync', {indirect:String}, {later:Int64}, 'sentry.profiler_id', {profiler:String})]) AS t,
       t.1 AS name, t.2 AS trace, t.3 AS at, t.4 AS key, t.5 AS value)`,
    { direct, indirect, profiler, one: id(1), at: now - minute, later: now - 9.5 * minute },
    { settings: { insert_deduplicate: 0 } },
  );
});
afterAll(() => test.close());

const query = (over: Partial<Omit<ProfileQuery, 'scope'>> & { scope?: Partial<ProfileQuery['scope']> } = {}) => ({
  text: '',
  trace: '',
  limit: 10,
  cursor: '',
  ...over,
  scope: {
    organisation: 'acme',
    fromMs: now - 60 * minute,
    toMs: now + minute,
    environment: '',
    site: '',
    service: '',
    ...over.scope,
  },
});
const found = async (over: Parameters<typeof query>[0] = {}): Promise<number[]> =>
  (await listProfiles(test.store, query(over)))?.profiles.map(({ profile }) => Number.parseInt(profile, 16)) ?? [];

describe('list of profiles', () => {
  it.each<[string, Parameters<typeof query>[0], number[]]>([
    ['newest first, what was sent twice once', {}, [1, 2, 9, 10, 11]],
    ['a part of the transaction', { text: 'BASKET/2' }, [2]],
    ['a part of the release', { text: 'orders@11' }, [11]],
    ['no wildcard in the text', { text: '%' }, []],
    ['the profile of a transaction, by its trace', { trace: direct }, [1]],
    ['the chunk in which the trace ran', { trace: indirect }, [10]],
    ['of no such trace', { trace: id(7) }, []],
    ['one site', { scope: { site: 'STORE_002' } }, [2]],
    ['another environment', { scope: { environment: 'staging' } }, []],
    ['a range', { scope: { fromMs: now - 9 * minute, toMs: now - minute } }, [2, 9]],
    ['all time', { scope: { fromMs: 0, toMs: 8_640_000_000_000_000 } }, [1, 2, 9, 10, 11]],
    ['another organisation', { scope: { organisation: 'rival' } }, [3]],
    ['SQL as text', { text: "' OR 1=1 --" }, []],
  ])('%s', async (_, over, expected) => {
    expect(await found(over)).toEqual(expected);
  });

  it('pages without gap or double', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await listProfiles(test.store, query({ limit: 2, cursor }));
      seen.push(...(page?.profiles.map(({ profile }) => profile) ?? []));
      cursor = page?.next ?? '';
    } while (cursor !== '');
    expect(seen).toEqual([1, 2, 9, 10, 11].map(id));
  });

  it.each(['x', '1-z', "1-' OR 1"])('refuses the cursor %j', async (cursor) => {
    expect(await listProfiles(test.store, query({ cursor }))).toBeUndefined();
  });
});

describe('files of a profile', () => {
  const parts = async (over: Partial<Parameters<typeof findProfileParts>[1]>) =>
    (
      await findProfileParts(test.store, {
        organisation: 'acme',
        site: '',
        id: profiler,
        fromMs: 0,
        toMs: Number.MAX_SAFE_INTEGER,
        ...over,
      })
    ).parts.map(({ blob }) => blob);

  it.each<[string, Parameters<typeof parts>[0], string[]]>([
    ['one', { id: id(1) }, ['b1']],
    ['the chunks of a profiler in order, the last that was sent of each', {}, ['b11', 'again', 'b9']],
    ['those in the time', { fromMs: now - 9.5 * minute, toMs: now - 9.1 * minute }, ['again']],
    ['one of another site', { id: id(1), site: 'STORE_002' }, []],
    ['one of another organisation', { id: id(3) }, []],
  ])('%s', async (_, over, expected) => {
    expect(await parts(over)).toEqual(expected);
  });

  it('knows the spans that name it', async () => {
    const spansOf = async (one: string) => {
      const asked = { organisation: 'acme', site: '', id: one, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
      const { parts: files } = await findProfileParts(test.store, asked);
      return (await findProfiledSpans(test.store, 'acme', files)).map(({ name, traceId }) => [name, traceId]);
    };
    expect(await spansOf(id(1))).toEqual([['pay', direct]]);
    expect(await spansOf(id(10))).toEqual([['sync', indirect]]);
    expect(await spansOf(id(11))).toEqual([]);
  });
});
