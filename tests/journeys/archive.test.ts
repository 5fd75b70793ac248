/**
 * A range that reaches into the archive: the page says what it costs, reads it when told, and an admin brings days of it back.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger, systemClock } from '@sightline/base';
import { openSealer } from '@sightline/control';
import { ArchiveStep, connectStore, DiskTarget, Keyring } from '@sightline/store';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { desk, openBrowser, openPage } from '../support/browser.ts';
import { headless, type Product, startProduct } from '../support/product.ts';

const dayMs = 86_400_000;
const startMs = Math.floor(Date.now() / dayMs) * dayMs - 45 * dayMs;
const archive = mkdtempSync(path.join(tmpdir(), 'sightline-archive-'));
let product: Product;
let browser: Browser;
let page: Page;
let faults: string[];

/** Three days of six weeks ago, written as the server would have done then; the engine has let go of them. */
async function fillArchive(): Promise<void> {
  const reply = await fetch(`${product.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: headless.SIGHTLINE_SETUP_EMAIL, password: headless.SIGHTLINE_SETUP_PASSWORD }),
  });
  const { organisation } = (await reply.json()) as { organisation: { id: string } };
  const socketPath = path.join(product.dataFolder, 'run/engine.sock');
  const store = await connectStore({ url: 'http://engine', socketPath, clock: systemClock });
  await store.execute('SYSTEM STOP TTL MERGES logs');
  await store.execute(
    `INSERT INTO logs (organisation, site, service, severity, body, ts, received_at)
     SELECT {organisation:String}, if(number % 2 = 0, 'STORE_047', 'STORE_048'), 'age-verification', 9, concat('Age of customer ', toString(number), ' checked'),
       fromUnixTimestamp64Milli({start:Int64} + toInt64(number) * 3600000) AS at, at FROM numbers(72)`,
    { organisation: organisation.id, start: startMs },
    { settings: { insert_deduplication_token: 'archived' } },
  );
  const key = generateKeyPairSync('ed25519');
  const step = new ArchiveStep({
    store,
    clock: new ManualClock(startMs + 3 * dayMs + 7_200_000),
    logger: silentLogger,
    waitingSinceMs: () => undefined,
    target: new DiskTarget(archive),
    keyring: new Keyring(path.join(product.dataFolder, 'secrets/archive-keys'), await openSealer(product.dataFolder)),
    signer: {
      publicKeyPem: key.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      sign: (bytes) => sign(null, bytes, key.privateKey),
    },
  });
  await step.prepare();
  await step.catchUp();
  await store.execute('TRUNCATE TABLE logs');
  await store.close();
}

beforeAll(async () => {
  product = await startProduct({ args: ['--archive', archive], env: headless });
  await fillArchive();
  browser = await openBrowser();
  ({ page, faults } = await openPage(browser, desk));
  await page.goto(`${product.url}/sign-in`);
  await page.getByLabel('E-mail').fill(headless.SIGHTLINE_SETUP_EMAIL);
  await page.getByLabel('Password').first().fill(headless.SIGHTLINE_SETUP_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/');
}, 240_000);
afterAll(async () => {
  await browser.close();
  await product.close();
  rmSync(archive, { recursive: true, force: true });
});

const line = () => page.getByRole('button', { name: /Age of customer 70 checked/ });

test(
  'the cost is shown first, then the archive is searched, then days of it come back',
  { timeout: 120_000 },
  async () => {
    await page.goto(`${product.url}/logs?from=${startMs}&to=${startMs + 3 * dayMs}&site=STORE_047&q=customer`);
    await page
      .getByText(/This range reads 3 archived days of STORE_047: 3 files, 36 lines/)
      .waitFor({ timeout: 20_000 });
    expect(await line().count()).toBe(0);

    await page.getByRole('button', { name: 'Search the archive' }).click();
    await page.getByText(/the whole range was read/).waitFor({ timeout: 30_000 });
    expect(await line().count()).toBe(1);
    expect(await page.getByText('36 lines').count()).toBeGreaterThan(0);
    await line().click();
    await page.getByText(/Read from the archive/).waitFor();
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'Show patterns' }).click();
    await page.getByText(/1 pattern of 36 lines · with .* of the archive/).waitFor({ timeout: 20_000 });
    await page.getByRole('button', { name: 'Leave the archive' }).click();
    await page.getByText('No patterns').waitFor();
    await page.getByRole('button', { name: 'Show lines' }).click();

    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    await page.getByRole('menuitem', { name: 'for 7 days' }).click();
    await page.getByText(/Restored: .* of STORE_047, 36 lines/).waitFor({ timeout: 30_000 });
    await page.reload();
    await line().waitFor({ timeout: 20_000 });
    await line().click();
    await page.getByText(/Restored from the archive/).waitFor();

    const audit = await page.evaluate(async () => (await fetch('/api/v1/audit')).text());
    expect(audit).toContain('archive.search');
    expect(audit).toContain('archive.restore');
    expect(faults).toEqual([]);
  },
);

test('Loki, Elasticsearch and the export reach the archive, say what it cost, and leave it out when asked', async () => {
  const session = await page.request.get(`${product.url}/api/v1/session`);
  const { csrfToken } = (await session.json()) as { csrfToken: string };
  const ask = async (url: string, body?: unknown) => {
    const reply = await page.request.fetch(`${product.url}${url}`, {
      method: body ? 'POST' : 'GET',
      ...(body ? { data: body, headers: { 'x-csrf-token': csrfToken } } : {}),
    });
    expect(reply.status(), `${url}: ${await reply.text()}`).toBe(200);
    return { text: await reply.text(), told: reply.headers()['x-sightline-archive'] };
  };
  const time = `start=${startMs}000000&end=${startMs + 3 * dayMs}000000`;
  const query = encodeURIComponent('{site="STORE_048"} |= "customer"');
  const lines = JSON.parse((await ask(`/loki/api/v1/query_range?${time}&limit=1000&query=${query}`)).text);
  expect(lines.data.result.flatMap(({ values }: { values: unknown[] }) => values)).toHaveLength(36);
  expect(lines.warnings).toEqual([
    expect.stringMatching(/^read .* MB of the archive \(3 files, .* MB, of 3 days lie in this range\)$/),
  ]);
  expect(lines.data.stats.querier.store.totalChunksDownloaded).toBe(3);
  expect(lines.data.stats.querier.store.chunk.compressedBytes).toBeGreaterThan(0);
  const off = JSON.parse((await ask(`/loki/api/v1/query_range?${time}&query=${query}&archive=off`)).text);
  expect([off.data.result, off.warnings]).toEqual([[], undefined]);
  const metric = encodeURIComponent('sum(count_over_time({service_name="age-verification"} |= "customer" [4d]))');
  const counted = JSON.parse((await ask(`/loki/api/v1/query?time=${startMs + 3 * dayMs}000000&query=${metric}`)).text);
  expect(counted.data.result[0].value[1]).toBe('72');
  expect(counted.warnings).toHaveLength(1);
  const patterns = JSON.parse((await ask(`/loki/api/v1/patterns?${time}&query=${query}`)).text);
  expect(patterns.data[0].pattern).toBe('Age of customer <_> checked');

  // Labels and volumes are of the same lines.
  const loki = async (path: string) => JSON.parse((await ask(`/loki/api/v1/${path}`)).text);
  expect((await loki(`labels?${time}`)).data).toEqual(['level', 'service_name', 'site']);
  expect((await loki(`label/site/values?${time}`)).data).toEqual(['STORE_047', 'STORE_048']);
  expect((await loki(`series?${time}&match[]=${query}`)).data).toEqual([
    { level: 'info', service_name: 'age-verification', site: 'STORE_048' },
  ]);
  const stats = await loki(`index/stats?${time}&query=${query}`);
  expect(stats).toMatchObject({ streams: 1, entries: 36, warnings: [expect.stringMatching(/^read .* \(3 files,/)] });
  expect((await loki(`index/volume?${time}&query=${query}`)).data.result).toEqual([
    { metric: { site: 'STORE_048' }, value: [expect.any(Number), String(stats.bytes)] },
  ]);
  expect((await loki(`series?${time}&match[]=${query}&archive=off`)).data).toEqual([]);
  expect((await loki(`detected_fields?${time}&query=${query}`)).warnings).toHaveLength(1);

  // An organisation may leave its archive to calls that ask for it.
  const reading = (farQuestions: string) =>
    page.request.put(`${product.url}/api/v1/archive/reading`, {
      data: { farQuestions },
      headers: { 'x-csrf-token': csrfToken },
    });
  expect((await reading('stay')).status()).toBe(200);
  const stayed = await loki(`query_range?${time}&limit=1000&query=${query}`);
  expect([stayed.data.result, stayed.warnings]).toEqual([
    [],
    [expect.stringMatching(/^3 archived days .* were not read: .* ask with archive=on$/)],
  ]);
  expect((await loki(`index/stats?${time}&query=${query}&archive=on`)).entries).toBe(36);
  expect((await reading('reach')).status()).toBe(200);

  const range = { '@timestamp': { gte: startMs, lt: startMs + 3 * dayMs } };
  const found = await ask('/elasticsearch/_search', {
    query: { bool: { must: [{ match: { message: 'customer' } }], filter: [{ range }] } },
    aggs: { sites: { terms: { field: 'site.id' } } },
  });
  expect(JSON.parse(found.text)).toMatchObject({
    hits: { total: { value: 72 } },
    aggregations: { sites: { buckets: [{ doc_count: 36 }, { doc_count: 36 }] } },
  });
  expect(found.told).toMatch(/^read .* MB of the archive/);
  // Without a bound on the time it is the engine alone.
  const unbounded = await ask('/elasticsearch/_count', { query: { match: { message: 'customer' } } });
  expect([JSON.parse(unbounded.text).count, unbounded.told]).toEqual([0, undefined]);

  const scope = `from=${startMs}&to=${startMs + 3 * dayMs}&q=customer&format=ndjson`;
  const { text } = await ask(`/api/v1/logs/export?${scope}&archive=true`);
  expect(text.trim().split('\n')).toHaveLength(72);
  // These days were signed by another key than the server's: its evidence says so.
  const days = [startMs, startMs + 2 * dayMs].map((at) => new Date(at).toISOString().slice(0, 10));
  const evidence = JSON.parse((await ask(`/api/v1/retention/evidence?from=${days[0]}&through=${days[1]}`)).text) as {
    sections: { requirement: string; facts: { name: string; value: string }[]; tables: { rows: string[][] }[] }[];
  };
  const kept = evidence.sections.find(({ requirement }) => requirement === '10.5');
  expect(kept?.facts).toContainEqual({
    name: 'Signatures, chain of manifests and hashes of files, checked for this report',
    value: expect.stringMatching(/^3 faults in 3 of 3 days \(6 files, 72 records, /),
  });
  expect(JSON.stringify(kept?.tables)).toContain('was not signed by the given key');
  expect((await ask(`/api/v1/retention/evidence.html?from=${days[0]}&through=${days[1]}`)).text).toContain(
    'was not signed by the given key',
  );

  const audit = JSON.parse((await ask('/api/v1/audit?limit=100')).text) as {
    entries: { action: string; detail: string }[];
  };
  const details = audit.entries.filter(({ action }) => action === 'archive.search').map(({ detail }) => detail);
  expect(details.filter((detail) => detail.startsWith('LogQL')).length).toBeGreaterThanOrEqual(2);
  expect(details.some((detail) => detail.startsWith('_search'))).toBe(true);
  expect(details.filter((detail) => detail.startsWith('Loki labels'))).toHaveLength(1);
  expect(audit.entries.filter(({ action }) => action === 'archive.reading').map(({ detail }) => detail)).toEqual([
    'reach',
    'stay',
  ]);
});
