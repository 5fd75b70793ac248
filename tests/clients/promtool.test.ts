/**
 * The same answers: Debian's Prometheus scrapes a node exporter and itself, keeps its samples and writes them here too; promtool
 * asks both.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, freePort, headless, type Product, startProduct } from '../support/product.ts';
import { openWorkshop, run, type Running, runUntilStopped, type Workshop } from '../support/stock-client.ts';
import { hasPrometheus } from './prometheus.ts';

/** Digits that two orders of addition agree on. */
const digits = 12;
const instants = [
  'up',
  'sum by (mode) (rate(node_cpu_seconds_total[10s]))',
  'count(node_cpu_seconds_total) without (cpu)',
  'node_memory_MemTotal_bytes / 1024 ^ 3',
  'topk(3, node_memory_MemFree_bytes or node_memory_MemTotal_bytes)',
  'histogram_quantile(0.9, sum by (le, handler) (rate(prometheus_http_request_duration_seconds_bucket[10s])))',
  'label_replace(up, "host", "$1", "instance", "(.*):.*")',
  'max_over_time(rate(node_cpu_seconds_total{mode="idle"}[5s])[10s:2s])',
  'node_uname_info * on (instance) group_left () up',
  'sum(up) by (job) unless up{job="node"}',
  'prometheus_build_info{version=~"2.*"}',
  'absent(nonexistent{job="x"})',
  'increase(prometheus_tsdb_head_samples_appended_total[8s]) > bool 10',
  'quantile_over_time(0.5, node_memory_MemFree_bytes[10s] offset 2s)',
  'time() - timestamp(up)',
  'scalar(sum(up)) + 1',
] as const;
const ranges = [
  'rate(node_cpu_seconds_total{mode=~"idle|user"}[5s])',
  'sum by (job) (up)',
  'avg_over_time(node_memory_MemFree_bytes[5s])',
  'changes(prometheus_tsdb_head_samples_appended_total[6s])',
] as const;

describe.skipIf(!hasPrometheus)('promtool', () => {
  let product: Product;
  let workshop: Workshop;
  const running: Running[] = [];
  let theirs: string;
  let ours: string;
  /** A time between two scrapes, seconds: no sample lies on the edge of a window. */
  let at: number;

  beforeAll(async () => {
    product = await startProduct({ env: headless });
    workshop = await openWorkshop(product);
    const [exporterPort, port] = await Promise.all([freePort(), freePort()]);
    theirs = `http://127.0.0.1:${port}`;
    const { host } = new URL(product.url);
    ours = `http://promtool:${headless.SIGHTLINE_SETUP_KEY}@${host}/prometheus`;
    running.push(
      runUntilStopped(workshop, 'prometheus-node-exporter', [
        `--web.listen-address=127.0.0.1:${exporterPort}`,
        '--collector.disable-defaults',
        '--collector.cpu',
        '--collector.meminfo',
        '--collector.uname',
      ]),
    );
    const folder = path.join(workshop.folder, 'promtool');
    mkdirSync(folder);
    const job = (name: string, of: number): string =>
      `  - job_name: ${name}\n    scrape_interval: 1s\n    static_configs:\n      - targets: ['127.0.0.1:${of}']\n`;
    const configuration = `remote_write:
  - url: '${product.url}/prometheus/api/v1/write'
    authorization: { type: Bearer, credentials: '${workshop.key}' }
    queue_config: { batch_send_deadline: 500ms }
    metadata_config: { send_interval: 1s }
scrape_configs:
${job('node', exporterPort)}${job('prometheus', port)}`;
    running.push(
      runUntilStopped(workshop, 'prometheus', [
        `--config.file=${workshop.write('promtool.yml', configuration)}`,
        `--storage.tsdb.path=${folder}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ]),
    );
    at = await betweenScrapes();
  });
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    workshop?.close();
    await product?.close();
  });

  interface Sample {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }
  async function latest(server: string, query: string): Promise<readonly Sample[]> {
    const url = new URL(`${server}/api/v1/query`);
    const { username, password } = url;
    url.username = '';
    url.password = '';
    url.searchParams.set('query', query);
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const reply = await fetch(url, { headers: password === '' ? {} : { authorization } }).catch(() => undefined);
    // Prometheus says in plain words that it still starts.
    const body = (reply?.ok ? await reply.json() : undefined) as { data?: { result: readonly Sample[] } } | undefined;
    return body?.data?.result ?? [];
  }

  /** Waits for 20 s of samples, then for a moment that both know everything about. */
  async function betweenScrapes(): Promise<number> {
    const enough = await eventually(
      () => latest(theirs, 'timestamp(up) and count_over_time(up[30s]) > 20'),
      (samples) => samples.length === 2,
      40_000,
    );
    const scraped = enough.map(({ value }) => Number(value[1])).toSorted((left, right) => left - right);
    const last = scraped.at(-1) ?? 0;
    // The jobs' offsets within a second differ: the middle of the longer gap between them.
    const offsets = [last % 1, (scraped[0] ?? 0) % 1].toSorted((left, right) => left - right) as [number, number];
    const inner = offsets[1] - offsets[0];
    const offset = inner > 0.5 ? offsets[0] + inner / 2 : (offsets[1] + (1 - inner) / 2) % 1;
    const moment = Math.floor(last) - 1 + Math.round(offset * 1000) / 1000;
    await eventually(
      () => latest(ours, `min(timestamp(up{job=~"node|prometheus"})) > ${moment + 1}`),
      (samples) => samples.length > 0,
      30_000,
    );
    return moment;
  }

  /** What promtool prints, in lines, numbers to so many digits. */
  async function asked(server: string, command: string, flags: readonly string[], ...rest: string[]) {
    const { code, output } = await run(workshop, 'promtool', ['query', command, ...flags, server, ...rest]);
    expect(code, output).toBe(0);
    const shorter = (number: string): string => String(Number(Number(number).toPrecision(digits)));
    return output
      .trim()
      .replaceAll(/(?<==> |\n)[0-9.e+-]+(?= @\[)/g, shorter)
      .split('\n');
  }

  test.each(instants)('instant: %s', async (expression) => {
    const [their, our] = await Promise.all(
      [theirs, ours].map((server) => asked(server, 'instant', [`--time=${at}`], expression)),
    );
    expect(our?.toSorted()).toEqual(their?.toSorted());
    expect(their?.join('')).not.toBe('');
  });

  test.each(ranges)('range: %s', async (expression) => {
    const flags = [`--start=${at - 8}`, `--end=${at}`, '--step=1s'];
    const [their, our] = await Promise.all([theirs, ours].map((server) => asked(server, 'range', flags, expression)));
    expect(our).toEqual(their);
    expect(their?.length).toBeGreaterThan(5);
  });

  test('series and labels', async () => {
    const flags = ['--match=up', '--match={__name__=~"node_.*",mode!="idle"}', `--start=${at - 20}`, `--end=${at}`];
    for (const command of [
      ['series', flags],
      ['labels', [`--start=${at - 20}`, `--end=${at}`], '__name__'],
      ['labels', ['--match=node_cpu_seconds_total'], 'mode'],
      ['labels', [], 'job'],
    ] as const) {
      const [name, given, ...rest] = command;
      const [their, our] = await Promise.all([theirs, ours].map((server) => asked(server, name, given, ...rest)));
      expect(our?.toSorted(), name).toEqual(their?.toSorted());
    }
  });

  test('another Prometheus reads through us, and is federated from us', async () => {
    const port = await freePort();
    const { host } = new URL(product.url);
    const authorization = `authorization: { type: Bearer, credentials: '${headless.SIGHTLINE_SETUP_KEY}' }`;
    const folder = path.join(workshop.folder, 'reader');
    mkdirSync(folder);
    const configuration = `remote_read:
  - url: '${product.url}/prometheus/api/v1/read'
    read_recent: true
    ${authorization}
scrape_configs:
  - job_name: federate
    scrape_interval: 1s
    honor_labels: true
    metrics_path: /prometheus/federate
    params: { 'match[]': ['up{job="node"}'] }
    ${authorization}
    static_configs: [{ targets: ['${host}'] }]
`;
    running.push(
      runUntilStopped(workshop, 'prometheus', [
        `--config.file=${workshop.write('reader.yml', configuration)}`,
        `--storage.tsdb.path=${folder}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ]),
    );
    const reader = `http://127.0.0.1:${port}`;
    const federated = await eventually(
      () => latest(reader, 'scrape_samples_scraped{job="federate"} == 1'),
      (samples) => samples.length === 1,
      20_000,
    );
    expect(federated).toHaveLength(1);
    for (const expression of ranges) {
      const flags = [`--start=${at - 8}`, `--end=${at}`, '--step=1s'];
      const [their, read] = await Promise.all(
        [theirs, reader].map((server) => asked(server, 'range', flags, expression)),
      );
      expect(read, expression).toEqual(their);
    }
  });

  test('a query that is none is refused in the same words', async () => {
    for (const expression of ['sum(', 'rate(up)', 'up[5m']) {
      const [their, our] = await Promise.all(
        [theirs, ours].map((server) => run(workshop, 'promtool', ['query', 'instant', server, expression])),
      );
      expect(our?.output).toBe(their?.output);
      expect(our?.code).toBe(their?.code);
    }
  });
});
