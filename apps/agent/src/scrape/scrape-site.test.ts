import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { decodeWriteRequest2 } from '@sightline/ingest/metric-formats';
import { expect, test } from 'vitest';
import { startScrapeSite } from './scrape-site.ts';

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
  const kept: { request: Uint8Array; samples: number }[] = [];
  const scraping = startScrapeSite({
    file,
    version: '0',
    clock: systemClock,
    logger: silentLogger,
    submit: async (request, samples) => void kept.push({ request, samples }),
  });
  await expect.poll(() => kept.length, { timeout: 10_000 }).toBeGreaterThan(0);
  await scraping.close();
  target.close();
  target.closeAllConnections();
  rmSync(folder, { recursive: true });
  const [first] = kept;
  const scope = { organisation: '', keyId: '', site: '', device: '', service: '', environment: '' };
  const { series } = decodeWriteRequest2({ bytes: Buffer.from(first?.request ?? []), scope });
  expect(first?.samples).toBe(6);
  expect(series[0]).toMatchObject({
    labels: ['__name__', 'x', 'instance', `127.0.0.1:${port}`, 'job', 'j'],
    values: [7],
  });
});
