import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { redactedConfig, restoredConfig } from './config/redacted-config.ts';
import { readScrapeFile, type ScrapeFile, startScrapeFile } from './scrape-file.ts';

let folder: string;
let file: string;
let running: ScrapeFile | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sightline-scrape-file-'));
  file = path.join(folder, 'prometheus.yml');
});
afterEach(async () => {
  await running?.close();
  running = undefined;
  rmSync(folder, { recursive: true });
});

const jobs = (...names: string[]): string =>
  `scrape_configs:\n${names.map((name) => `  - { job_name: ${name}, static_configs: [{ targets: ['127.0.0.1:1'] }] }\n`).join('')}`;

test('the file is read anew when it changes; while it is wrong, what was in force stays', async () => {
  const clock = new ManualClock(1_795_000_000_000);
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (_: string, fields?: unknown) => void errors.push(fields) };
  const told: unknown[] = [];
  running = startScrapeFile({
    file,
    sink: { append: async () => undefined },
    clock,
    logger,
    version: '0',
    onConfig: ({ promotion }) => void told.push(promotion),
  });
  const inForce = async (expected: readonly string[]): Promise<void> => {
    await expect
      .poll(
        () => {
          clock.advance(5000);
          return running?.scraping.jobs();
        },
        { timeout: 5000 },
      )
      .toEqual(expected);
  };
  expect(running.scraping.jobs()).toEqual([]);
  writeFileSync(file, jobs('a'));
  await inForce(['a']);
  writeFileSync(file, `${jobs('a', 'b')}otlp: { promote_resource_attributes: [x] }`);
  await inForce(['a', 'b']);
  await expect.poll(() => told).toEqual([undefined, { attributes: ['x'], all: false }]);
  expect(running.scraping.targets().active.map(({ job }) => job)).toEqual(['a', 'b']);
  const before = errors.length;
  writeFileSync(file, 'scrape_configs: [{}]');
  await expect.poll(() => (clock.advance(5000), errors.length), { timeout: 5000 }).toBe(before + 1);
  expect(JSON.stringify(errors.at(-1))).toContain('job_name is missing');
  expect(running.scraping.jobs()).toEqual(['a', 'b']);
  expect(running.scraping.configuration('b')).toContain('job_name: b');
});

test.each([
  ['is not there', undefined, 'There is no file'],
  ['is wrong', 'scrape_configs: [{}]', 'job_name is missing'],
])('a file that %s is told in a sentence', async (_, content, sentence) => {
  if (content !== undefined) writeFileSync(file, content);
  expect(await readScrapeFile(file)).toMatchObject({ ok: false, error: expect.stringContaining(sentence) as string });
});

describe('the configuration as people see it', () => {
  const secrets = `
global: { scrape_interval: 15s }
scrape_configs:
  - job_name: a
    basic_auth: { username: u, password: geheim }
    http_sd_configs: [{ url: 'http://u:geheim@sd/x', authorization: { credentials: geheim } }]
    bearer_token: geheim
    http_headers: { x-key: { secrets: [geheim] } }
    tls_config: { key: geheim, ca_file: ca.pem }
  - job_name: b
`;
  test('has no secrets', () => {
    const shown = redactedConfig(secrets, '');
    expect(shown).not.toContain('geheim');
    for (const kept of [
      'scrape_interval: 15s',
      'username: u',
      'ca_file: ca.pem',
      'http://u:<secret>@sd/x',
      'job_name: b',
    ])
      expect(shown).toContain(kept);
  });
  test('of one job', () => expect(redactedConfig(secrets, 'b').trim()).toBe('job_name: b'));
  test('of a job that is not there', () => expect(redactedConfig(secrets, 'c')).toBe(''));

  test('gets its secrets back when it was changed', () => {
    const before = secrets;
    const shown = redactedConfig(before, '').replace('username: u', 'username: v');
    // Another job comes before: jobs are known by their names.
    const changed = shown.replace('scrape_configs:\n', 'scrape_configs:\n  - job_name: new\n');
    const restored = restoredConfig(changed, before);
    if (!restored.ok) throw new Error(restored.error);
    expect(restored.value).not.toContain('<secret>');
    expect(redactedConfig(restored.value, '')).toBe(changed);
    expect(restored.value.match(/geheim/g)).toHaveLength(before.match(/geheim/g)?.length ?? 0);
    expect(restored.value).toContain('http://u:geheim@sd/x');
  });
  test.each([
    ['scrape_configs: [{ job_name: other, bearer_token: <secret> }]', 'scrape_configs.other.bearer_token'],
    ["scrape_configs: [{ job_name: a, proxy_url: 'http://u:<secret>@p' }]", 'scrape_configs.a.proxy_url'],
  ])('%s: a secret that nobody knows is refused', (text, place) => {
    const restored = restoredConfig(text, secrets);
    expect(restored.ok ? '' : restored.error).toContain(`${place}: <secret> stands for a secret that is not known`);
  });
});
