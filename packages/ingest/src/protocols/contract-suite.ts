import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { IngestBench } from '../test-support/ingest-bench.ts';
import { goodKey, queryKey } from '../test-support/ingest-bench.ts';

/** One good request of a protocol. */
export interface ContractFixture {
  /** The protocol's name, as the ledger has it. */
  readonly protocol: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: () => Buffer | string;
  /** What stands for `body` under another coding, where `body` has a coding of its own that HTTP does not announce. */
  readonly unpacked?: () => Buffer;
  /** Records in `body`. */
  readonly records: number;
  readonly signal: string;
  /** How a key travels. Default: bearer. */
  readonly withKey?: (key: string) => { readonly headers?: Record<string, string>; readonly query?: string };
  /** Statuses of a good answer. Default 200 to 204. */
  readonly good?: readonly number[];
  /** What garbage and a truncated body may be answered with. Default 400. */
  readonly broken?: readonly number[];
  /** What an empty body may be answered with. Default: anything below 500. */
  readonly empty?: readonly number[];
  /** The endpoint's bound for bodies, bytes; larger ones and bombs must be refused. Default 32 MiB. */
  readonly limitBytes?: number;
  /** True where no prefix of a good body is recognisable as cut (lines). */
  readonly cutIsFine?: boolean;
}

/** What every protocol must hold to, run with its own good request on a real engine. Call within `describe`. */
export function protocolContract(bench: () => IngestBench, fixture: ContractFixture): void {
  type Place = { readonly headers?: Record<string, string>; readonly query?: string };
  const withKey: (key: string) => Place =
    fixture.withKey ?? ((key) => ({ headers: { authorization: `Bearer ${key}` } }));
  const good = fixture.good ?? [200, 201, 202, 204];
  const broken = fixture.broken ?? [400];
  const limitBytes = fixture.limitBytes ?? 32 * 1024 * 1024;

  async function send(
    body: Buffer | string,
    key: string | undefined,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string; headers: Headers }> {
    const place: Place = key === undefined ? {} : withKey(key);
    const path = place.query === undefined ? fixture.path : `${fixture.path}?${place.query}`;
    const response = await fetch(bench().url + path, {
      method: 'POST',
      headers: { 'content-type': fixture.contentType, ...place.headers, ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  async function account(): Promise<{ accepted: number; rejected: number; dropped: number }> {
    await bench().loader.drain();
    const rows = await bench().store.query<{ outcome: string; records: string }>(
      'SELECT outcome, sum(records) AS records FROM ledger WHERE protocol = {protocol:String} GROUP BY outcome',
      { protocol: fixture.protocol },
    );
    const of = (outcome: string): number => Number(rows.find((row) => row.outcome === outcome)?.records ?? 0);
    return { accepted: of('accepted'), rejected: of('rejected'), dropped: of('dropped') };
  }

  test('a good request is answered well and enters the ledger, record by record', async () => {
    const before = await account();
    expect(good).toContain((await send(fixture.body(), goodKey)).status);
    const after = await account();
    expect(after.accepted - before.accepted).toBe(fixture.records);
    expect(after.dropped).toBe(before.dropped);
  });

  test('a zipped request is as good', async () => {
    const before = await account();
    const zipped = gzipSync(fixture.unpacked?.() ?? fixture.body());
    expect(good).toContain((await send(zipped, goodKey, { 'content-encoding': 'gzip' })).status);
    expect((await account()).accepted - before.accepted).toBe(fixture.records);
  });

  test.each([
    ['no key', undefined, [401, 403]],
    ['an unknown key', 'sl_ingest_nobodyknowsthisone', [401, 403]],
    ['a key that may not send', queryKey, [401, 403]],
  ])('%s is refused and nothing is kept', async (_, key, statuses) => {
    const before = await account();
    expect(statuses).toContain((await send(fixture.body(), key)).status);
    expect((await account()).accepted).toBe(before.accepted);
  });

  test('an empty body does no harm', async () => {
    const { status } = await send('', goodKey);
    if (fixture.empty) expect(fixture.empty).toContain(status);
    else expect(status).toBeLessThan(500);
  });

  test('garbage is refused', async () => {
    const before = await account();
    const garbage = Buffer.from(Array.from({ length: 997 }, (_, n) => (n * 131 + 7) % 256));
    expect(broken).toContain((await send(garbage, goodKey)).status);
    expect((await account()).accepted).toBe(before.accepted);
  });

  test.skipIf(fixture.cutIsFine === true)('a cut body is refused', async () => {
    const whole = Buffer.from(fixture.body());
    expect(broken).toContain((await send(whole.subarray(0, whole.length - 3), goodKey)).status);
  });

  test('a body that is not the coding it claims is refused', async () => {
    expect(await send(fixture.body(), goodKey, { 'content-encoding': 'gzip' })).toMatchObject({ status: 400 });
    expect(await send(fixture.body(), goodKey, { 'content-encoding': 'compress' })).toMatchObject({ status: 415 });
  });

  test('a bomb is refused before it goes off', async () => {
    const bomb = gzipSync(Buffer.alloc(limitBytes + 1, 0x20));
    expect(bomb.length).toBeLessThan(limitBytes / 100);
    expect(await send(bomb, goodKey, { 'content-encoding': 'gzip' })).toMatchObject({ status: 413 });
  });

  test('a body beyond the bound is refused', async () => {
    expect(await send(Buffer.alloc(limitBytes + 1, 0x20), goodKey)).toMatchObject({ status: 413 });
  });

  test('afterwards the server serves as before', async () => {
    expect(good).toContain((await send(fixture.body(), goodKey)).status);
  });
}
