import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { agentMessage, linkFrameLimitBytes } from '@sightline/fleet/messages';
import { decodeWriteRequest2 } from '@sightline/ingest/metric-formats';
import { expect, test } from 'vitest';
import { reportOf, startScrapeSite } from './scrape-site.ts';

test('targets of the site are scraped by its file, and kept as requests of remote write 2.0', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sightline-scrape-site-'));
  const target = createServer((_, response) => response.setHeader('content-type', 'text/plain').end('x 7\n'));
  await new Promise<void>((ready) => target.listen(0, '127.0.0.1', ready));
  const { port } = target.address() as AddressInfo;
  const file = path.join(folder, 'scrape.yml');
  writeFileSync(
    file,
    `scrape_configs: [{ job_name: j, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]`,
  );
  const reports: Parameters<Parameters<typeof startScrapeSite>[0]['report']>[0][] = [];
  const kept: { request: Uint8Array; samples: number }[] = [];
  const scraping = startScrapeSite({
    file,
    version: '0',
    // Reports come every 15 s: here every tenth of a second.
    clock: { now: () => systemClock.now(), sleep: (ms, signal) => systemClock.sleep(ms === 15_000 ? 100 : ms, signal) },
    logger: silentLogger,
    submit: async (request, samples) => void kept.push({ request, samples }),
    report: (message) => void reports.push(message),
  });
  await expect.poll(() => kept.length, { timeout: 10_000 }).toBeGreaterThan(0);
  await expect.poll(() => reports.at(-1)?.targets[0]?.health, { timeout: 10_000 }).toBe('up');
  target.close();
  target.closeAllConnections();
  await expect.poll(() => reports.at(-1)?.targets[0]?.health, { timeout: 10_000 }).toBe('down');
  await scraping.close();
  rmSync(folder, { recursive: true });
  const [first] = kept;
  const scope = { organisation: '', keyId: '', site: '', device: '', service: '', environment: '' };
  const { series } = decodeWriteRequest2({ bytes: Buffer.from(first?.request ?? []), scope });
  expect(first?.samples).toBe(6);
  expect(series[0]).toMatchObject({
    labels: ['__name__', 'x', 'instance', `127.0.0.1:${port}`, 'job', 'j'],
    values: [7],
  });
  const down = agentMessage.parse(reports.at(-1));
  expect(down).toMatchObject({
    type: 'scrape-targets',
    omitted: 0,
    targets: [{ job: 'j', url: `http://127.0.0.1:${port}/metrics`, health: 'down', interval: '200ms' }],
  });
  expect(down.type === 'scrape-targets' && down.targets[0]?.lastError).toContain('ECONNREFUSED');
  expect(reports.some(({ targets }) => targets[0]?.health === 'up' && (targets[0].lastScrapeAt ?? 0) > 0)).toBe(true);
});

test('a report fits the link: those that are down first, the rest is counted', () => {
  const long = 'x'.repeat(2000);
  const target = (n: number, health: 'up' | 'down') => ({
    job: long,
    url: `http://${n}/${long}`,
    discovered: new Map<string, string>(),
    labels: new Map(Array.from({ length: 100 }, (_, label) => [`l${label}${long}`, n % 2 === 0 ? long : ''])),
    intervalMs: 15_000,
    timeoutMs: 10_000,
    health,
    lastError: health === 'down' ? long : '',
    lastScrapeAtMs: 0,
    lastDurationMs: 0,
    families: [],
  });
  const many = Array.from({ length: 500 }, (_, n) => target(n, n === 499 ? 'down' : 'up'));
  const report = reportOf(many, (ms) => `${ms}ms`);
  expect(agentMessage.safeParse(report).success).toBe(true);
  expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(linkFrameLimitBytes);
  expect(report.targets[0]).toMatchObject({ health: 'down', lastScrapeAt: null, interval: '15000ms' });
  expect(report.targets.length).toBeGreaterThan(0);
  expect(report.targets.length + report.omitted).toBe(500);
});
