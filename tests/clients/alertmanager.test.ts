/**
 * "Only the address changes", for alerts: Debian's Prometheus sends what its rule finds here, and amtool lists it, silences it and
 * ends the silence, both as they would talk to Alertmanager. What came in opens an incident, and its message arrives.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signInOwner } from '../support/owner.ts';
import { eventually, freePort, headless, type Product, startProduct } from '../support/product.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers.ts';
import { openWorkshop, run, type Running, runUntilStopped, type Workshop } from '../support/stock-client.ts';

const programs = ['prometheus', 'amtool'];
const missing = programs.filter((name) => spawnSync(name, ['--version']).error !== undefined);
if (missing.length > 0)
  console.warn(`skipped: ${missing.join(' and ')} not installed (Debian: prometheus, prometheus-alertmanager)`);

interface Shown {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string; readonly silencedBy: readonly string[] };
}

describe.skipIf(missing.length > 0)('alerts of Prometheus', () => {
  let product: Product;
  let workshop: Workshop;
  let receiver: HttpReceiver;
  let prometheus: Running;
  let prometheusUrl: string;
  let keys: Readonly<Record<'ingest' | 'query' | 'operate', string>>;
  let amtoolConfig: string;

  /** The rule fires while the queue is longer than 100. */
  function writeRule(queue: number): string {
    return workshop.write(
      'rules.yml',
      `groups:
  - name: queue
    rules:
      - alert: QueueTooLong
        expr: vector(${queue}) > 100
        labels: { severity: page, site: STORE_047 }
        annotations: { summary: '{{ $value }} sales wait', runbook_url: 'https://wiki.example/queue' }
`,
    );
  }
  const amtool = (...args: string[]) =>
    run(workshop, 'amtool', [
      `--alertmanager.url=${product.url}/alertmanager`,
      `--http.config.file=${amtoolConfig}`,
      ...args,
    ]);
  const amtoolJson = async <T>(...args: string[]): Promise<T> => {
    const ended = await amtool('--output=json', ...args);
    if (ended.code !== 0) throw new Error(ended.output);
    return JSON.parse(ended.output) as T;
  };
  const alerts = () => amtoolJson<Shown[]>('alert', 'query');
  const call = (key: string, method: string, where: string, body?: unknown) =>
    fetch(`${product.url}/alertmanager${where}`, {
      method,
      headers: { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  beforeAll(async () => {
    product = await startProduct({ env: headless });
    workshop = await openWorkshop(product);
    receiver = await startHttpReceiver();
    const owner = await signInOwner(product);
    const key = async (permission: string): Promise<string> =>
      String((await owner('POST', '/api/v1/keys', { name: `for ${permission}`, permissions: [permission] }))['secret']);
    keys = { ingest: await key('ingest'), query: await key('query'), operate: await key('operate') };
    await owner('POST', '/api/v1/channels', {
      name: 'Operations',
      type: 'webhook',
      settings: { url: receiver.url, headers: { 'X-Team': 'operations' } },
    });
    amtoolConfig = workshop.write('amtool-http.yml', `authorization:\n  credentials: ${keys.operate}\n`);
    const port = await freePort();
    prometheusUrl = `http://127.0.0.1:${port}`;
    const folder = path.join(workshop.folder, 'prometheus');
    mkdirSync(folder);
    const config = workshop.write(
      'prometheus.yml',
      `global: { evaluation_interval: 1s }
rule_files: ['${writeRule(120)}']
alerting:
  alertmanagers:
    - path_prefix: /alertmanager
      authorization: { credentials: ${keys.ingest} }
      static_configs: [{ targets: ['${new URL(product.url).host}'] }]
`,
    );
    prometheus = runUntilStopped(workshop, 'prometheus', [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      '--rules.alert.resend-delay=1s',
    ]);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await receiver?.close();
    workshop?.close();
    await product?.close();
  });

  test('open an incident, and its message arrives', async () => {
    const message = (await receiver.waitFor((one) => one.body.includes('QueueTooLong'), 30_000)).json();
    expect(message).toMatchObject({
      event: 'opened',
      incident: { severity: 'critical', site: 'STORE_047', runbook: 'https://wiki.example/queue' },
    });
    expect(JSON.stringify(message)).toContain('120 sales wait');
    expect(receiver.calls[0]?.headers['x-team']).toBe('operations');
  });

  test('are listed by amtool', async () => {
    const [alert, ...more] = await eventually(alerts, (found) => found.length > 0, 20_000);
    expect(more).toEqual([]);
    expect(alert).toMatchObject({
      labels: { alertname: 'QueueTooLong', severity: 'page', site: 'STORE_047' },
      annotations: { summary: '120 sales wait' },
      status: { state: 'active', silencedBy: [] },
    });
    expect(await amtoolJson<Shown[]>('alert', 'query', 'site=~STORE_04.*')).toHaveLength(1);
    expect(await amtoolJson<Shown[]>('alert', 'query', 'site=STORE_001')).toEqual([]);
    expect((await amtool('alert', 'query')).output).toContain('QueueTooLong');
  });

  test('are silenced, shown so, and let through again by amtool', async () => {
    const added = await amtool(
      'silence',
      'add',
      '--author=ann',
      '--comment=stocktaking',
      '--duration=1h',
      'site=STORE_047',
    );
    expect(added).toMatchObject({ code: 0 });
    const id = added.output.trim();
    const [silence] = await amtoolJson<{ id: string; comment: string; createdBy: string }[]>('silence', 'query');
    expect(silence).toMatchObject({ id, comment: 'stocktaking', createdBy: 'ann (key for operate)' });
    expect(await alerts()).toEqual([]);
    const [held] = await amtoolJson<Shown[]>('alert', 'query', '--silenced');
    expect(held?.status).toMatchObject({ state: 'suppressed', silencedBy: [id] });
    expect(await amtool('silence', 'expire', id)).toMatchObject({ code: 0 });
    expect(await amtoolJson<unknown[]>('silence', 'query')).toEqual([]);
    expect(await amtoolJson<unknown[]>('silence', 'query', '--expired')).toHaveLength(1);
    expect(await alerts()).toHaveLength(1);
    expect((await amtool('silence', 'expire', id)).code).not.toBe(0);
  });

  test('resolve when the rule no longer fires', async () => {
    writeRule(3);
    expect((await fetch(`${prometheusUrl}/-/reload`, { method: 'POST' })).status).toBe(200);
    const message = await receiver.waitFor((one) => one.json()['event'] === 'resolved', 30_000);
    expect(message.json()).toMatchObject({ incident: { status: 'resolved', resolvedHow: 'by-itself' } });
    expect(await eventually(alerts, (found) => found.length === 0, 10_000)).toEqual([]);
  });

  test('amtool knows the server and who is told', async () => {
    expect(await amtool('config', 'show')).toMatchObject({ code: 0 });
    const receivers = await call(keys.query, 'GET', '/api/v2/receivers');
    expect(await receivers.json()).toEqual([{ name: 'Default' }]);
    expect((await call('', 'GET', '/-/healthy')).status).toBe(200);
    expect((await call('', 'GET', '/-/ready')).status).toBe(200);
  });

  const silence = (more: object = {}) => ({
    matchers: [{ name: 'site', value: 'STORE_001', isRegex: false, isEqual: true }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'ann',
    comment: 'x',
    ...more,
  });
  test.each<[string, () => Promise<Response>, number]>([
    ['alerts without a key', () => call('', 'POST', '/api/v2/alerts', []), 401],
    ['alerts with a wrong key', () => call('sl_wrong_key_of_nobody', 'POST', '/api/v2/alerts', []), 401],
    ['alerts with a key that only reads', () => call(keys.query, 'POST', '/api/v2/alerts', []), 403],
    ['reading with a key that only sends', () => call(keys.ingest, 'GET', '/api/v2/alerts'), 403],
    ['a silence with a key that only reads', () => call(keys.query, 'POST', '/api/v2/silences', silence()), 403],
    ['ending a silence with a key that only reads', () => call(keys.query, 'DELETE', '/api/v2/silence/sil_x'), 403],
    ['a silence that is not there', () => call(keys.operate, 'GET', '/api/v2/silence/sil_x'), 404],
    ['a silence of everything', () => call(keys.operate, 'POST', '/api/v2/silences', silence({ matchers: [] })), 400],
    [
      'a silence in the past',
      () => call(keys.operate, 'POST', '/api/v2/silences', silence({ endsAt: '2020-01-01T00:00:00Z' })),
      400,
    ],
    ['a silence without matchers', () => call(keys.operate, 'POST', '/api/v2/silences', {}), 400],
    ['no list of alerts', () => call(keys.ingest, 'POST', '/api/v2/alerts', {}), 400],
    ['an alert without labels', () => call(keys.ingest, 'POST', '/api/v2/alerts', [{ labels: {} }]), 400],
    ['a filter that is none', () => call(keys.query, 'GET', '/api/v2/alerts?filter=%22'), 400],
    ['a receiver that is no expression', () => call(keys.query, 'GET', '/api/v2/alerts?receiver=('), 400],
    ['the API of version 1', () => call(keys.query, 'GET', '/api/v1/alerts'), 404],
  ])('refused is %s', async (_, asked, status) => {
    const reply = await asked();
    expect(reply.status).toBe(status);
    expect(typeof (await reply.json())).toBe('string');
  });

  test('one bad alert does not cost its neighbours', async () => {
    const good = { labels: { alertname: 'Neighbour', severity: 'info' } };
    const reply = await call(keys.ingest, 'POST', '/api/v2/alerts', [good, { labels: { 'a-b': 'x' } }]);
    expect(reply.status).toBe(400);
    expect(await reply.json()).toContain('alert 2: invalid label name');
    const found = await eventually(alerts, (all) => all.length > 0, 10_000);
    expect(found.map(({ labels }) => labels['alertname'])).toEqual(['Neighbour']);
  });
});
