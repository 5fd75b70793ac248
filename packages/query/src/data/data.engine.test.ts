import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import { listQuarantine, readArrivals, readIngestHealth } from './data.ts';

const minute = 60_000;
const now = Math.floor(Date.now() / minute) * minute - 86_400_000;
let test: TestStore;

const line = (at: number, outcome: string, reason: string, records: number, over: object = {}) => ({
  organisation: 'acme',
  minute: engineTime(at).slice(0, 19),
  key_id: 'key-1',
  protocol: 'otlp',
  signal: 'logs',
  outcome,
  reason,
  records,
  bytes: records * 10,
  ...over,
});

beforeAll(async () => {
  test = await openTestStore();
  await test.insert('ledger', [
    line(now - 5 * minute, 'accepted', '', 600),
    line(now - 4 * minute, 'accepted', '', 60),
    line(now - 4 * minute, 'dropped', 'too-old', 6),
    line(now - 4 * minute, 'rejected', 'malformed', 4),
    line(now - 4 * minute, 'rejected', 'too-large', 1),
    line(now - 3 * minute, 'rejected', 'unauthorised', 2, { protocol: 'sentry', signal: 'errors', key_id: '' }),
    line(now - 3 * minute, 'accepted', '', 77, { organisation: 'rival' }),
  ]);
  await test.insert('scrubbed', [
    {
      organisation: 'acme',
      minute: engineTime(now - minute).slice(0, 19),
      signal: 'logs',
      service: 'a',
      rule: 'email',
      removed: 3,
    },
    {
      organisation: 'acme',
      minute: engineTime(now - minute).slice(0, 19),
      signal: 'logs',
      service: 'b',
      rule: 'email',
      removed: 4,
    },
  ]);
  await test.insert(
    'quarantine',
    ['acme', 'acme', 'acme', 'rival'].map((organisation, i) => ({
      organisation,
      received_at: engineTime(now - minute - (i > 1 ? 1000 : 0)),
      id: `q${i}`,
      key_id: 'key-1',
      protocol: 'loki',
      signal: 'logs',
      reason: 'poison',
      records: 2,
      bytes: 9,
      content: 'a\u0000b',
    })),
  );
});
afterAll(() => test.close());

const range = { organisation: 'acme', fromMs: now - 60 * minute, toMs: now };

describe('ingest health', () => {
  it('adds up', async () => {
    const health = await readIngestHealth(test.store, range);
    expect(health.rows).toEqual([
      {
        protocol: 'otlp',
        signal: 'logs',
        keyId: 'key-1',
        received: 671,
        accepted: 660,
        dropped: 6,
        rejected: 5,
        reasons: { malformed: 4, 'too-large': 1, 'too-old': 6 },
        bytes: 6710,
      },
      {
        protocol: 'sentry',
        signal: 'errors',
        keyId: '',
        received: 2,
        accepted: 0,
        dropped: 0,
        rejected: 2,
        reasons: { unauthorised: 2 },
        bytes: 20,
      },
    ]);
    for (const row of health.rows) expect(row.accepted + row.dropped + row.rejected).toBe(row.received);
    expect(health.rate[0]).toEqual({ at: now - 5 * minute, value: 10 });
    expect(health.scrubbed).toEqual([{ rule: 'email', signal: 'logs', removed: 7 }]);
    expect(health.quarantined).toBe(6);
  });
  it('shows arrivals since a moment', async () => {
    const asked = { organisation: 'acme', sinceMs: 0, nowMs: now };
    expect(await readArrivals(test.store, asked)).toEqual([
      { protocol: 'otlp', signal: 'logs', lastAt: now - 4 * minute, records: 660 },
    ]);
    expect(await readArrivals(test.store, { ...asked, sinceMs: now - minute })).toEqual([]);
    expect(await readArrivals(test.store, { ...asked, sinceMs: Number.MAX_SAFE_INTEGER })).toEqual([]);
  });
  it('pages the quarantine', async () => {
    const first = await listQuarantine(test.store, { organisation: 'acme', limit: 2, cursor: '' });
    expect(first?.rows.map((row) => [row.id, row.preview])).toEqual([
      ['q1', 'a·b'],
      ['q0', 'a·b'],
    ]);
    const second = await listQuarantine(test.store, { organisation: 'acme', limit: 2, cursor: first?.next ?? '' });
    expect(second).toMatchObject({ rows: [{ id: 'q2' }], next: '' });
    for (const cursor of ['x', "1' OR 1", '-', '1'.repeat(14)])
      expect(await listQuarantine(test.store, { organisation: 'acme', limit: 2, cursor })).toBeUndefined();
  });
  it('keeps organisations apart', async () => {
    const other = await readIngestHealth(test.store, { ...range, organisation: 'rival' });
    expect(other.rows.map((row) => row.received)).toEqual([77]);
    expect(other.scrubbed).toEqual([]);
    expect(
      (await listQuarantine(test.store, { organisation: 'rival', limit: 9, cursor: '' }))?.rows.map((row) => row.id),
    ).toEqual(['q3']);
    expect((await readIngestHealth(test.store, { ...range, organisation: "' OR 1=1 --" })).rows).toEqual([]);
  });
});
