/** SIGHUP and `POST /-/reload` read rule files and the scrape configuration again, as with Prometheus; the server goes on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-reload-'));
const rules = path.join(folder, 'shop.rules.yml');
const scrape = path.join(folder, 'prometheus.yml');
const key = headless.SIGHTLINE_SETUP_KEY;
let product: Product;

const group = (name: string): string => `groups: [{ name: ${name}, rules: [{ record: a:b, expr: up }] }]\n`;
const job = (name: string): string =>
  `scrape_configs: [{ job_name: ${name}, static_configs: [{ targets: ['127.0.0.1:1'] }] }]\n`;

beforeAll(async () => {
  writeFileSync(rules, group('one'));
  writeFileSync(scrape, job('first'));
  product = await startProduct({
    env: headless,
    args: ['--rules', path.join(folder, '*.rules.yml'), '--scrape-config', scrape],
  });
});
afterAll(async () => {
  await product?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function asked<T>(at: string): Promise<T> {
  const reply = await fetch(`${product.url}/prometheus/api/v1/${at}`, { headers: { authorization: `Bearer ${key}` } });
  return ((await reply.json()) as { data: T }).data;
}
const inForce = async (): Promise<string> => {
  const [{ groups }, { scrapePools }] = await Promise.all([
    asked<{ groups: { name: string }[] }>('rules'),
    asked<{ scrapePools: string[] }>('scrape_pools'),
  ]);
  return [...groups.map(({ name }) => name), ...scrapePools].join(' ');
};
const until = (expected: string, withinMs = 10_000): Promise<string> =>
  eventually(inForce, (text) => text === expected, withinMs);

test('SIGHUP takes up what lies on the disk, and the server goes on', async () => {
  expect(await until('one first', 60_000)).toBe('one first');
  writeFileSync(rules, group('other'));
  writeFileSync(scrape, job('second'));
  process.kill(product.pid(), 'SIGHUP');
  // The folder of rules is looked at each 30 s without it.
  expect(await until('other second', 8000)).toBe('other second');
  expect((await fetch(`${product.url}/health/ready`)).ok).toBe(true);
  expect(product.printed()).toContain('Rules: read again, 1 files, 1 groups');
});

test('what is wrong leaves what was in force, and is told', async () => {
  writeFileSync(rules, 'groups: [{ name: broken, rules: [{ record: a:b, expr: "up +" }] }]');
  process.kill(product.pid(), 'SIGHUP');
  await eventually(
    async () => product.printed(),
    (text) => text.includes('Rules: what was in force stays'),
    10_000,
  );
  expect(product.printed()).toContain('Rules: what was in force stays');
  expect(await inForce()).toBe('other second');
  expect(await asked('status/runtimeinfo')).toMatchObject({ reloadConfigSuccess: false });
});

test('POST /-/reload answers what was loaded, for those who may', async () => {
  const session = await fetch(`${product.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: headless.SIGHTLINE_SETUP_EMAIL, password: headless.SIGHTLINE_SETUP_PASSWORD }),
  });
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { csrfToken } = (await session.json()) as { csrfToken: string };
  const reload = async (headers: Record<string, string>): Promise<[number, string]> => {
    const reply = await fetch(`${product.url}/-/reload`, { method: 'POST', headers });
    return [reply.status, await reply.text()];
  };
  expect((await reload({}))[0]).toBe(401);
  // The key of the set-up may send and ask, not operate.
  expect((await reload({ authorization: `Bearer ${key}` }))[0]).toBe(403);
  expect((await reload({ cookie }))[0]).toBe(403);
  const mine = { cookie, 'x-csrf-token': csrfToken };
  const [status, text] = await reload(mine);
  expect(status).toBe(500);
  expect(text).toContain('failed to reload config');
  expect(text).toContain('shop.rules.yml');
  writeFileSync(rules, group('mended'));
  expect(await reload(mine)).toEqual([200, 'Rules: 1 files, 1 groups\nScraping: 1 jobs\n']);
  expect(await until('mended second')).toBe('mended second');
});
