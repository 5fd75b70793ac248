/** "Only the address changes": Debian's Prometheus scrapes a node exporter and writes here as the Data page's snippet says. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/product.ts';
import { ledger, read, readUntil, type Running, runUntilStopped } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';

const programs = ['prometheus', 'prometheus-node-exporter'];
const missing = programs.filter((name) => spawnSync(name, ['--version']).error !== undefined);
if (missing.length > 0)
  console.warn(`skipped: ${missing.join(' and ')} not installed (Debian has packages of these names)`);

/** Whether the programs are installed. */
export const hasPrometheus = missing.length === 0;

export function prometheusClients(bench: Bench): void {
  describe.skipIf(!hasPrometheus)('remote write', () => {
    let exporterPort: number;
    const running: Running[] = [];

    beforeAll(async () => {
      exporterPort = await freePort();
      running.push(
        runUntilStopped(bench.workshop, 'prometheus-node-exporter', [
          `--web.listen-address=127.0.0.1:${exporterPort}`,
          '--collector.disable-defaults',
          '--collector.cpu',
          '--collector.meminfo',
          '--collector.uname',
        ]),
      );
    });
    afterAll(async () => {
      await Promise.all(running.map((client) => client.stop()));
    });

    /** Starts Prometheus with the snippet as it stands and behind it shorter waits and one scrape job. */
    async function startPrometheus(name: string, snippet: string): Promise<Running> {
      const scrape = `    queue_config: { batch_send_deadline: 1s }
    metadata_config: { send_interval: 1s }
scrape_configs:
  - job_name: node
    scrape_interval: 1s
    static_configs:
      - targets: ['127.0.0.1:${exporterPort}']
`;
      const folder = path.join(bench.workshop.folder, name);
      mkdirSync(folder, { recursive: true });
      const client = runUntilStopped(bench.workshop, 'prometheus', [
        `--config.file=${bench.workshop.write(`${name}.yml`, snippet + scrape)}`,
        '--enable-feature=agent',
        `--storage.agent.path=${folder}`,
        `--web.listen-address=127.0.0.1:${await freePort()}`,
      ]);
      running.push(client);
      return client;
    }

    interface Series {
      readonly series: readonly {
        readonly labels: Readonly<Record<string, string>>;
        readonly points: readonly { readonly value: number }[];
      }[];
    }

    test('scraped samples arrive with site, job and instance', async () => {
      const client = await startPrometheus('till', bench.workshop.snippet('prometheus'));
      const up = await readUntil<Series>(
        bench.product,
        '/api/v1/metrics/up/series',
        { by: 'site,job,instance' },
        ({ series }) => series.length > 0,
      );
      expect(up.series, client.output()).toMatchObject([
        {
          labels: { site: 'STORE_001', job: 'node', instance: `127.0.0.1:${exporterPort}` },
        },
      ]);
      // One for each step that scrapes have fallen into by now.
      expect(new Set(up.series[0]?.points.map(({ value }) => value))).toEqual(new Set([1]));
      const memory = await read<Series>(bench.product, '/api/v1/metrics/node_memory_MemTotal_bytes/series', {
        site: 'STORE_001',
      });
      expect(memory.series[0]?.points[0]?.value).toBeGreaterThan(1e8);
      const { labels } = await read<{ labels: { label: string; values: string[] }[] }>(
        bench.product,
        '/api/v1/metrics/node_cpu_seconds_total/labels',
      );
      expect(labels.find(({ label }) => label === 'mode')?.values).toContain('idle');
      const { metrics } = await readUntil<{ metrics: { metric: string; type: string }[] }>(
        bench.product,
        '/api/v1/metrics',
        { q: 'node_cpu_seconds_total' },
        ({ metrics }) => metrics.some(({ type }) => type !== ''),
      );
      expect(metrics).toMatchObject([{ type: 'counter' }]);
      const busy = await readUntil<Series>(
        bench.product,
        '/api/v1/metrics/node_cpu_seconds_total/series',
        { aggregate: 'increase', where: 'mode=idle', from: String(Date.now() - 120_000) },
        ({ series }) => (series[0]?.points ?? []).some(({ value }) => value > 0),
      );
      expect(busy.series).toHaveLength(1);
      expect(client.output()).not.toMatch(/non-recoverable|level=error/);
    });

    test('the ledger counts its samples', async () => {
      const sent = await ledger(bench.product, ['prometheus-remote-write'], (rows) => rows.length > 0);
      expect(sent).toMatchObject([
        { protocol: 'prometheus-remote-write', signal: 'metrics', dropped: 0, rejected: 0, reasons: {} },
      ]);
    });

    test('a wrong key is not tried again and again: 401, with the reason', async () => {
      const client = await startPrometheus('stranger', bench.workshop.snippetWithWrongKey('prometheus'));
      await expect
        .poll(() => client.output(), { timeout: 20_000 })
        .toMatch(/non-recoverable error.*401.*the key is not known/);
      expect(client.isRunning()).toBe(true);
    });
  });
}
