import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { silentLogger, systemClock } from '@sightline/base';
import type { ReceivedSeries } from '@sightline/record';
import { afterEach, describe, expect, test } from 'vitest';
import { readScrapeConfig } from './config/read-config.ts';
import type { DnsLookup } from './discovery/dns.ts';
import type { AddressGuard } from './http/http-client.ts';
import { type Scraper, startScraper } from './scraper.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(listener: RequestListener, tls?: { cert: string; key: string }): Promise<string> {
  const server: Server = tls ? createSecureServer(tls, listener) : createServer(listener);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((closed) => void server.close(() => closed()));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A target that exposes `body()`. */
function exposes(body: () => string | Buffer, seen: (request: IncomingMessage) => void = () => undefined) {
  return serve((request, response) => {
    seen(request);
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(body());
  });
}

interface Scraping {
  readonly scraper: Scraper;
  readonly series: ReceivedSeries[];
  /** The next series of this name that fits. */
  readonly next: (name: string, fits?: (series: ReceivedSeries) => boolean) => Promise<ReceivedSeries>;
  readonly configure: (yaml: string) => Promise<void>;
}

function configOf(yaml: string) {
  const config = readScrapeConfig(yaml, '/');
  if (!config.ok) throw new Error(config.error);
  return config.value;
}

function scrape(yaml: string, dns?: DnsLookup, guard?: AddressGuard): Scraping {
  const series: ReceivedSeries[] = [];
  let wake = (): void => undefined;
  const scraper = startScraper(configOf(yaml), {
    sink: {
      append: async (more) => {
        series.push(...more);
        wake();
      },
    },
    clock: systemClock,
    logger: silentLogger,
    version: '0',
    ...(dns && { dns }),
    ...(guard && { guard }),
  });
  closers.push(() => scraper.close());
  return {
    scraper,
    series,
    configure: (next) => scraper.configure(configOf(next)),
    next: async (name, fits = () => true) => {
      for (const deadline = Date.now() + 8000; Date.now() < deadline;) {
        const at = series.findIndex((one) => labelsOf(one)['__name__'] === name && fits(one));
        const [found] = at >= 0 ? series.splice(at, 1) : [];
        if (found) return found;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 200);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      throw new Error(`no ${name} came`);
    },
  };
}

function labelsOf({ labels }: ReceivedSeries): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (let at = 0; at < labels.length; at += 2) pairs[labels[at] ?? ''] = labels[at + 1] ?? '';
  return pairs;
}

const job = (address: string, more = ''): string =>
  `scrape_configs: [{ job_name: j, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{ targets: ['${address}'] }]${more} }]`;

test('a target is scraped, and what is told of it', async () => {
  const asked: IncomingMessage[] = [];
  const address = await exposes(
    () => '# TYPE x counter\n# HELP x what\nx{job="own",a="b"} 5\n',
    (request) => asked.push(request),
  );
  const { next, scraper } = scrape(job(address, ', params: { p: [1, 2] }, metrics_path: /m'));
  const x = await next('x');
  expect(x).toMatchObject({ type: 'counter', help: 'what', values: [5], delta: false });
  expect(labelsOf(x)).toEqual({ __name__: 'x', a: 'b', exported_job: 'own', instance: address, job: 'j' });
  expect(await next('up')).toMatchObject({ values: [1] });
  expect(await next('scrape_samples_scraped')).toMatchObject({ values: [1] });
  expect(await next('scrape_samples_post_metric_relabeling')).toMatchObject({ values: [1] });
  expect(await next('scrape_series_added')).toMatchObject({ values: [1] });
  expect(await next('scrape_series_added')).toMatchObject({ values: [0] });
  expect((await next('scrape_duration_seconds')).values[0]).toBeGreaterThan(0);
  expect(asked[0]?.url).toBe('/m?p=1&p=2');
  expect(asked[0]?.headers).toMatchObject({
    'accept-encoding': 'gzip',
    'x-prometheus-scrape-timeout-seconds': '0.2',
    accept: expect.stringContaining('application/openmetrics-text;version=1.0.0'),
  });
  expect(scraper.targets()).toMatchObject({
    active: [{ job: 'j', health: 'up', lastError: '', url: `http://${address}/m?p=1&p=2` }],
    dropped: [],
  });
});

describe('staleness', () => {
  test('a series that vanishes is marked once, and all are when the target fails', async () => {
    let body = 'x 1\ny 2\n';
    const address = await exposes(() => body);
    const { next, series } = scrape(job(address));
    await next('x');
    await next('y');
    body = 'x 1\n';
    expect(await next('y', ({ stale }) => stale !== undefined)).toMatchObject({ stale: [0] });
    body = 'x nonsense\n';
    expect(await next('x', ({ stale }) => stale !== undefined)).toMatchObject({ stale: [0] });
    expect(await next('up', ({ values }) => values[0] === 0)).toMatchObject({ values: [0] });
    await next('up', ({ values }) => values[0] === 0);
    expect(series.filter((one) => labelsOf(one)['__name__'] === 'y' && one.stale)).toEqual([]);
  });

  test('a target that is gone is marked, with what is told of it; one that stays goes on', async () => {
    const [gone, stays] = [await exposes(() => 'x 1\n'), await exposes(() => 'z 1\n')];
    const folder = mkdtempSync(path.join(tmpdir(), 'sightline-scrape-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'targets.json');
    writeFileSync(file, JSON.stringify([{ targets: [gone, stays], labels: { from: 'file' } }]));
    const config = `scrape_configs: [{ job_name: j, scrape_interval: 200ms, scrape_timeout: 200ms, file_sd_configs: [{ files: ['${folder}/*.json'], refresh_interval: 100ms }] }]`;
    const { next, series, configure } = scrape(config);
    expect(labelsOf(await next('x'))).toMatchObject({ from: 'file' });
    writeFileSync(file, JSON.stringify([{ targets: [stays], labels: { from: 'file' } }]));
    await next('x', ({ stale }) => stale !== undefined);
    await next('up', (one) => one.stale !== undefined && labelsOf(one)['instance'] === gone);
    await next('z');
    series.length = 0;
    await configure(config.replace('200ms', '300ms').replace('200ms', '300ms'));
    await next('z');
    expect(await next('scrape_series_added')).toMatchObject({ values: [0] });
    expect(series.filter(({ stale }) => stale)).toEqual([]);
  });

  test('a time of its own is kept, and its end not marked', async () => {
    let body = `x 1 ${Date.now() - 5000}\n`;
    const address = await exposes(() => body);
    const { next, series } = scrape(job(address));
    expect((await next('x')).times[0]).toBeLessThan(Date.now() - 4000);
    body = 'y 1\n';
    await next('y');
    expect(series.filter(({ stale }) => stale)).toEqual([]);
  });
});

describe('a scrape is refused whole', () => {
  test.each([
    ['sample_limit: 1', 'x 1\ny 1\n', /sample_limit, 1/],
    ['label_limit: 2', 'x 1\n', /label_limit, 2/],
    ['label_value_length_limit: 3', 'x{a="1234"} 1\n', /label_value_length_limit, 3/],
    ['label_name_length_limit: 3', 'x 1\n', /label_name_length_limit, 3/],
    ['body_size_limit: 10B', `x{a="${'y'.repeat(50)}"} 1\n`, /larger than 10 bytes/],
    ['honor_labels: true', 'x', /line 1/],
  ])('%s', async (limit, body, error) => {
    const address = await exposes(() => body);
    const { next, scraper } = scrape(job(address, `, ${limit}`));
    expect(await next('up')).toMatchObject({ values: [0] });
    expect(scraper.targets().active[0]?.lastError).toMatch(error);
    expect(scraper.targets().active[0]?.health).toBe('down');
  });

  test('a target that hangs, one that answers 500, one that is not there', async () => {
    const hangs = await serve(() => undefined);
    const fails = await serve((_, response) => response.writeHead(500).end());
    const zipped = gzipSync(Buffer.alloc(20_000_000, 10));
    const bomb = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
      response.end(zipped);
    });
    const { scraper, next } = scrape(
      job(`${hangs}', '${fails}', '127.0.0.1:1', '${bomb}`, ', body_size_limit: 1MB').replaceAll('200ms', '900ms'),
    );
    for (const address of [hangs, fails, '127.0.0.1:1', bomb])
      expect(await next('up', (one) => labelsOf(one)['instance'] === address)).toMatchObject({ values: [0] });
    const errors = scraper.targets().active.map(({ lastError }) => lastError);
    expect(errors).toEqual([
      'no answer within 0.9 s',
      'it answered 500',
      expect.stringContaining('ECONNREFUSED'),
      expect.stringContaining('larger than'),
    ]);
  });
});

test('rules over targets and samples', async () => {
  const address = await exposes(() => 'x{a="1"} 1\ny 2\n');
  const { next, scraper, series } = scrape(
    job(
      `${address}', '127.0.0.2:1`,
      `, relabel_configs: [{ source_labels: [__address__], regex: '127.0.0.2.*', action: drop }, { target_label: site, replacement: STORE_001 }],
       metric_relabel_configs: [{ source_labels: [__name__], regex: y, action: drop }, { regex: a, action: labeldrop }]`,
    ),
  );
  expect(labelsOf(await next('x'))).toEqual({ __name__: 'x', instance: address, job: 'j', site: 'STORE_001' });
  expect(await next('scrape_samples_scraped')).toMatchObject({ values: [2] });
  expect(await next('scrape_samples_post_metric_relabeling')).toMatchObject({ values: [1] });
  expect(series.filter((one) => labelsOf(one)['__name__'] === 'y')).toEqual([]);
  expect(scraper.targets()).toMatchObject({ dropped: [{ job: 'j' }], droppedCounts: { j: 1 } });
});

test('basic auth, and a token from a file', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sightline-scrape-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'token'), 'geheim\n');
  const seen: (string | undefined)[] = [];
  const address = await exposes(
    () => 'x 1\n',
    ({ headers }) => seen.push(headers.authorization),
  );
  const { next } = scrape(job(address, `, authorization: { credentials_file: ${folder}/token }`));
  await next('x');
  const { next: second } = scrape(job(address, ', basic_auth: { username: u, password: p }'));
  await second('x');
  expect(new Set(seen)).toEqual(new Set(['Bearer geheim', `Basic ${Buffer.from('u:p').toString('base64')}`]));
});

test.skipIf(!existsSync('/usr/bin/openssl'))(
  'TLS: trusted by its authority, by nobody, or without a check',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sightline-scrape-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const subject = ['-subj', '/CN=target', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    execFileSync('/usr/bin/openssl', [...made, ...subject], { stdio: 'ignore' });
    const tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
    const address = await serve((_, response) => response.setHeader('content-type', 'text/plain').end('x 1\n'), tls);
    for (const [config, value] of [
      [`{ ca_file: ${cert} }`, 1],
      ['{ insecure_skip_verify: true }', 1],
      ['{}', 0],
    ] as const) {
      const { next } = scrape(job(address, `, scheme: https, tls_config: ${config}`).replaceAll('200ms', '500ms'));
      expect(await next('up')).toMatchObject({ values: [value] });
    }
  },
);

describe('discovery', () => {
  test('over HTTP', async () => {
    const target = await exposes(() => 'x 1\n');
    const sd = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify([{ targets: [target], labels: { rack: '7', __meta_zone: 'a' } }]));
    });
    const { next } = scrape(
      `scrape_configs: [{ job_name: j, scrape_interval: 200ms, scrape_timeout: 200ms, http_sd_configs: [{ url: 'http://${sd}/' }], relabel_configs: [{ source_labels: [__meta_zone], target_label: zone }] }]`,
    );
    expect(labelsOf(await next('x'))).toMatchObject({ rack: '7', zone: 'a', instance: target });
  });

  test('over DNS', async () => {
    const target = await exposes(() => 'x 1\n');
    const [host = '', port = ''] = target.split(':');
    const none = async (): Promise<never[]> => [];
    const dns: DnsLookup = {
      resolve4: async () => [host],
      resolve6: none,
      resolveMx: none,
      resolveNs: none,
      resolveSrv: async () => [{ name: host, port: Number(port), priority: 1, weight: 1 }],
    };
    const sd = (config: string): string =>
      `scrape_configs: [{ job_name: j, scrape_interval: 200ms, scrape_timeout: 200ms, dns_sd_configs: [${config}], relabel_configs: [{ source_labels: [__meta_dns_name], target_label: name }] }]`;
    const srv = scrape(sd('{ names: [_x._tcp.example] }'), dns);
    expect(labelsOf(await srv.next('x'))).toMatchObject({ name: '_x._tcp.example', instance: target });
    const a = scrape(sd(`{ names: [x.example], type: A, port: ${port} }`), dns);
    expect(labelsOf(await a.next('x'))).toMatchObject({ name: 'x.example', instance: target });
  });
});

const exporter = '/usr/bin/prometheus-node-exporter';
test.skipIf(!existsSync(exporter))("Debian's node exporter", async () => {
  const port = await new Promise<number>((resolve) => {
    const probe = createTcp().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });
  const process: ChildProcess = spawn(exporter, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  closers.push(() => void process.kill());
  const { next, series } = scrape(job(`127.0.0.1:${port}`).replaceAll('200ms', '1s'));
  expect((await next('up', ({ values }) => values[0] === 1)).values).toEqual([1]);
  expect(await next('node_cpu_seconds_total')).toMatchObject({ type: 'counter' });
  expect(await next('node_load1')).toMatchObject({ type: 'gauge' });
  expect(series.length).toBeGreaterThan(200);
});

test('addresses that are guarded are never asked: written out, behind a name, or by way of a redirect', async () => {
  let asked = 0;
  const secret = await exposes(
    () => 'x 1\n',
    () => asked++,
  );
  const port = secret.split(':')[1] ?? '';
  let redirected = 0;
  const away = await serve((_, response) => {
    redirected++;
    response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
  });
  const guard: AddressGuard = {
    refuses: (address) => address === '127.0.0.1',
    lookup: (host, { all }, done) => {
      if (host !== 'good.test') done(new Error('a name that leads there'), '', 0);
      else if (all) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    },
  };
  const found = async (address: string): Promise<string | undefined> => {
    const { scraper, next } = scrape(job(address), undefined, guard);
    await next('up', ({ values }) => values[0] === 0);
    return scraper.targets().active[0]?.lastError;
  };
  expect(await found(secret)).toContain('metadata service');
  expect(await found(`bad.test:${port}`)).toContain('a name that leads there');
  expect(await found(away.replace('127.0.0.1', 'good.test'))).toContain('metadata service');
  expect(redirected).toBeGreaterThan(0);
  expect(asked).toBe(0);
});
