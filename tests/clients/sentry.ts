/** "Only the address changes": stock Sentry SDKs, told where to report by the Data page's snippets alone. */
import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { IssueRow, listMonitors, LogRow, ReleaseRow, Span } from '@sightline/contract';
import type { z } from 'zod';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { operatorKey } from '../support/owner.ts';
import { headless } from '../support/product.ts';
import { ledger, printedJson, program, read, readUntil, run, runNode, storedRows } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';

/** A Python that has the SDK: Debian's package puts it beside its own interpreter alone. */
const python = ['python3', '/usr/bin/python3'].find(
  (name) => spawnSync(name, ['-c', 'import sentry_sdk']).status === 0,
);
if (python === undefined) console.warn('skipped: sentry_sdk for Python is not installed (Debian: python3-sentry-sdk)');

/** The program itself: its package's own wrapper begins another Node. */
const sentryCli = path.join(import.meta.dirname, '../../node_modules/@sentry/cli-linux-x64/bin/sentry-cli');

type Reply = z.infer<typeof listMonitors.reply>;

export function sentryClients(bench: Bench): void {
  interface Event {
    readonly [field: string]: unknown;
    readonly eventId: string;
  }
  interface Trace {
    readonly spans: readonly Span[];
    readonly logs: readonly LogRow[];
    readonly errors: readonly Event[];
  }

  const issues = (q: string, atLeast = 1): Promise<{ issues: IssueRow[] }> =>
    readUntil<{ issues: IssueRow[] }>(
      bench.product,
      '/api/v1/issues',
      { q },
      (reply) => reply.issues.length >= atLeast,
    );

  async function newestEvent(issue: IssueRow | undefined): Promise<Event> {
    const { event } = await read<{ event: Event }>(bench.product, `/api/v1/issues/${issue?.issue}`);
    return event;
  }

  test('@sentry/node: error, transaction, log, session, check-in, feedback and attachment', async () => {
    bench.workshop.write('instrument.mjs', bench.workshop.snippet('sentry-node'));
    const ended = await runNode(bench.workshop, ['--import', './instrument.mjs', program('sentry-service.ts')]);
    expect(ended.code, ended.output).toBe(0);
    const { traceId, statuses } = printedJson<{ traceId: string; statuses: number[] }>(ended);
    expect(new Set(statuses)).toEqual(new Set([200]));

    const trace = await readUntil<Trace>(
      bench.product,
      `/api/v1/traces/${traceId}`,
      {},
      (found) => found.spans.length === 2 && found.logs.length === 1 && found.errors.length === 1,
    );
    const origin = {
      site: 'STORE_001',
      device: 'TERM_07',
      service: 'backend',
      environment: 'production',
      release: 'backend@1.0.0',
      traceId,
      correlationId: 'corr-node-1',
    };
    const root = trace.spans.find((span) => span.parentId === '');
    expect(root).toMatchObject({ ...origin, name: 'POST /charge', kind: 'server', status: 'ok' });
    expect(trace.spans.find((span) => span !== root)).toMatchObject({
      ...origin,
      parentId: root?.spanId,
      name: 'authorise card',
      kind: 'client',
    });
    expect(trace.logs[0]).toMatchObject({
      // The SDK gives logs the attributes of the scope, not its tags: the terminal, a tag here, is not known to them.
      ...origin,
      device: expect.any(String),
      severity: 'warn',
      body: 'card of <email> declined',
      spanId: root?.spanId,
      attributes: { attempt: '2', 'user.id': 'cashier-12' },
    });
    expect(trace.errors[0]).toMatchObject({ ...origin, type: 'RangeError', severity: 'error', spanId: root?.spanId });

    const thrown = await newestEvent((await issues('amount is out of range')).issues[0]);
    expect(thrown).toMatchObject({
      platform: 'node',
      sdk: 'sentry.javascript.node@10.78.0',
      breadcrumbs: expect.arrayContaining([expect.objectContaining({ message: 'scanned 3 articles' })]),
      tags: { 'site.id': 'STORE_001', 'terminal.id': 'TERM_07' },
      contexts: { order: { id: 'ORD-1881', currency: 'USD' } },
    });
    const drawer = await newestEvent((await issues('drawer is open')).issues[0]);
    expect(drawer).toMatchObject({
      severity: 'warn',
      attachments: [{ name: 'receipt.txt', contentType: 'text/plain', sizeBytes: 14 }],
    });
    const file = await fetch(`${bench.product.url}/api/v1/events/${drawer.eventId}/attachments/receipt.txt`, {
      headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    });
    expect(await file.text()).toBe('three articles');
    expect((await issues('First error from Node')).issues).toMatchObject([{ service: 'backend', sites: 1, events: 1 }]);
  });

  test('@sentry/node: what no page shows yet lies in its table', async () => {
    const arrived = (sql: string) => expect.poll(() => storedRows(bench.product, sql), { timeout: 15_000 });
    await arrived(
      "SELECT DISTINCT service, environment, release, status FROM sessions WHERE status = 'exited'",
    ).toEqual([{ service: 'backend', environment: 'production', release: 'backend@1.0.0', status: 'exited' }]);
    const health = await readUntil<{ releases: ReleaseRow[] }>(bench.product, '/api/v1/releases', {}, ({ releases }) =>
      releases.some((row) => row.release === 'backend@1.0.0' && row.sessions > 0),
    );
    expect(health.releases.find(({ release }) => release === 'backend@1.0.0')).toMatchObject({
      crashedSessions: 0,
      errors: expect.any(Number),
    });
    await arrived(
      "SELECT monitor, kind, status, service, environment FROM checks WHERE kind = 'cron' AND monitor = 'nightly-sync'",
    ).toEqual([
      { monitor: 'nightly-sync', kind: 'cron', status: 'error', service: 'backend', environment: 'production' },
    ]);
    await arrived('SELECT site, service, release, name, message FROM feedback').toEqual([
      { site: 'STORE_001', service: 'backend', release: 'backend@1.0.0', name: 'Ana', message: 'the printer hangs' },
    ]);
  });

  /** Bundles the snippet with the till's own code, as a shop would, and serves it from an origin of its own. */
  async function openShop(name: string, snippet: string): Promise<{ url: string; server: Server }> {
    bench.workshop.write(`${name}-snippet.js`, snippet);
    const input = bench.workshop.write(
      `${name}.js`,
      `import './${name}-snippet.js';\nimport ${JSON.stringify(program('till-page.ts'))};\n`,
    );
    await build({
      root: bench.workshop.folder,
      logLevel: 'error',
      build: { outDir: `${name}-dist`, rollupOptions: { input, output: { entryFileNames: 'till.js' } } },
    });
    const script = readFileSync(path.join(bench.workshop.folder, `${name}-dist/till.js`));
    const server = createServer((request, response) => {
      const isScript = request.url === '/till.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(
        isScript ? script : '<!doctype html><title>till</title><script type="module" src="/till.js"></script>',
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
  }

  /** Opens the page; answers the statuses of its envelopes and what the browser itself complained about (CORS shows there). */
  async function visit(
    shop: { url: string; server: Server },
    envelopes: number,
  ): Promise<{ statuses: number[]; complaints: string[] }> {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      const statuses: number[] = [];
      const complaints: string[] = [];
      page.on('response', (reply) => reply.url().includes('/envelope/') && statuses.push(reply.status()));
      page.on('console', (message) => /CORS|Access-Control/i.test(message.text()) && complaints.push(message.text()));
      page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
      await page.goto(shop.url);
      await page.waitForFunction("document.title === 'done'", undefined, { timeout: 15_000 });
      await expect.poll(() => statuses.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(envelopes);
      return { statuses, complaints };
    } finally {
      await browser.close();
      shop.server.close();
    }
  }

  test('@sentry/browser, in a browser, from another origin', async () => {
    const seen = await visit(await openShop('till', bench.workshop.snippet('sentry-browser')), 4);
    expect(seen.complaints).toEqual([]);
    expect(new Set(seen.statuses)).toEqual(new Set([200]));

    const thrown = await newestEvent((await issues('scale is offline')).issues[0]);
    expect(thrown).toMatchObject({
      site: 'STORE_001',
      device: 'TERM_01',
      service: 'terminal',
      environment: 'production',
      release: 'terminal@1.0.0',
      handled: false,
      platform: 'javascript',
    });
    expect((await issues('First error from a browser')).issues).toHaveLength(1);
    const logs = await readUntil<{ rows: LogRow[] }>(
      bench.product,
      '/api/v1/logs',
      { q: '"receipt printer is slow"' },
      ({ rows }) => rows.length > 0,
    );
    expect(logs.rows).toMatchObject([
      { site: 'STORE_001', device: 'TERM_01', service: 'terminal', environment: 'production', severity: 'warn' },
    ]);
    const traces = await readUntil<{ traces: { site: string; rootService: string; spans: number }[] }>(
      bench.product,
      '/api/v1/traces',
      { q: 'service:terminal' },
      (found) => found.traces.length > 0,
    );
    expect(traces.traces).toMatchObject([{ rootService: 'terminal', site: 'STORE_001' }]);
  });

  test.skipIf(python === undefined)('sentry-sdk for Python: error and transaction; a wrong key', async () => {
    const more = `
with sentry_sdk.start_transaction(op="queue.process", name="count stock"):
    sentry_sdk.capture_message("stock counted")
sentry_sdk.flush()
`;
    const script = bench.workshop.write('app.py', bench.workshop.snippet('sentry-python') + more);
    const ended = await run(bench.workshop, python ?? '', [script]);
    expect(ended).toEqual({ code: 0, output: '' });
    const origin = { site: 'STORE_001', service: 'inventory', environment: 'production', release: 'inventory@1.0.0' };
    expect(await newestEvent((await issues('First error from Python')).issues[0])).toMatchObject({
      ...origin,
      type: 'RuntimeError',
      platform: 'python',
      severity: 'error',
    });
    const counted = await newestEvent((await issues('stock counted')).issues[0]);
    const trace = await readUntil<Trace>(
      bench.product,
      `/api/v1/traces/${String(counted['traceId'])}`,
      {},
      ({ spans }) => spans.length > 0,
    );
    expect(trace.spans).toMatchObject([{ ...origin, name: 'count stock', kind: 'consumer' }]);

    const told = bench.workshop.snippetWithWrongKey('sentry-python').replace('init(', 'init(debug=True,');
    const refused = await run(bench.workshop, python ?? '', [bench.workshop.write('stranger.py', told)]);
    expect(refused.code).toBe(0);
    expect(refused.output).toMatch(/Unexpected status code: 401.*the key is not known/);
  });

  test('@sentry/nestjs: its jobs become monitors, and the one that failed a finding', async () => {
    const ended = await runNode(bench.workshop, [program('nest-jobs.ts')], { SENTRY_DSN: bench.workshop.dsn });
    expect(ended.code, ended.output).toBe(0);
    const { monitors } = await readUntil<{ monitors: Reply['monitors'] }>(
      bench.product,
      '/api/v1/monitors',
      {},
      (found) =>
        ['close-day', 'export-sales'].every((name) =>
          found.monitors.some((one) => one.name === name && one.state !== 'unknown'),
        ),
    );
    const state = (name: string): string | undefined => monitors.find((one) => one.name === name)?.state;
    expect([state('close-day'), state('export-sales')]).toEqual(['up', 'down']);
    const failed = await newestEvent((await issues('ledger of the day is locked')).issues[0]);
    expect(failed).toMatchObject({
      site: 'STORE_012',
      service: 'jobs',
      release: 'jobs@2.2.0',
      sdk: 'sentry.javascript.nestjs@10.75.3',
    });
  });

  test('sentry-cli monitors run: the job that it wraps is a monitor, down after two failures and up again', async () => {
    const job = async (code: number): Promise<void> => {
      const thresholds = ['--failure-issue-threshold', '2', '--recovery-threshold', '1'];
      const wrapped = [process.execPath, '-e', `process.exit(${code})`];
      const args = ['monitors', 'run', '-s', '0 3 * * *', '--timezone', 'Europe/Berlin', ...thresholds, 'nightly-cli'];
      const environment = { SENTRY_DSN: bench.workshop.dsn, SENTRY_DISABLE_UPDATE_CHECK: '1' };
      const ended = await run(bench.workshop, sentryCli, [...args, '--', ...wrapped], environment);
      expect(ended.code, ended.output).toBe(code);
    };
    const becomes = (state: string, said: string) =>
      readUntil<{ monitors: Reply['monitors'] }>(bench.product, '/api/v1/monitors', {}, ({ monitors }) =>
        monitors.some((one) => one.name === 'nightly-cli' && one.state === state && one.lastMessage === said),
      );
    await job(0);
    await becomes('up', 'called');
    await job(1);
    await becomes('up', 'failed');
    await job(1);
    await becomes('down', 'failed');
    await job(0);
    await becomes('up', 'called');
  });

  test('sentry-cli sends an event, lists issue, event and logs, and resolves the issue', async () => {
    const { product, workshop } = bench;
    const environment = {
      SENTRY_DSN: workshop.dsn,
      SENTRY_URL: product.url,
      SENTRY_AUTH_TOKEN: await operatorKey(product),
      SENTRY_ORG: 'florida-stores',
      SENTRY_PROJECT: '1',
      SENTRY_DISABLE_UPDATE_CHECK: '1',
    };
    const cli = async (...args: string[]): Promise<string> => {
      const ended = await run(workshop, sentryCli, args, environment);
      expect(ended.code, ended.output).toBe(0);
      return ended.output;
    };
    await cli('send-event', '-m', 'the shutter of lane 4 is stuck', '-t', 'site:STORE_009', '-u', 'id:cli-7');
    await issues('shutter of lane');
    const listed = await cli('issues', 'list', '--query', 'is:unresolved shutter');
    expect(listed).toMatch(/SIGHTLINE-[0-9A-F]{8} .*the shutter of lane 4 is stuck.*unresolved/);
    const shown = await cli('events', 'list', '--show-user', '--show-tags');
    expect(shown).toMatch(/the shutter of lane 4 is stuck.*ID: cli-7/);
    expect(shown).toContain('site: STORE_009');
    expect(await cli('logs', 'list', '--query', 'declined')).toContain('card of <email> declined');
    const [, number = ''] = /\| (\d+) /.exec(listed) ?? [];
    await cli('issues', 'resolve', '-i', number);
    expect(await cli('issues', 'list', '--query', 'is:unresolved shutter')).toContain('No issues found');
  });

  test('a wrong key: the SDKs are told 401, drop what they have and go on', async () => {
    bench.workshop.write('instrument.mjs', bench.workshop.snippetWithWrongKey('sentry-node'));
    const ended = await runNode(bench.workshop, ['--import', './instrument.mjs', program('sentry-service.ts')]);
    expect(ended.code, ended.output).toBe(0);
    expect(new Set(printedJson<{ statuses: number[] }>(ended).statuses)).toEqual(new Set([401]));

    const seen = await visit(await openShop('stranger', bench.workshop.snippetWithWrongKey('sentry-browser')), 1);
    expect(seen.complaints, 'the page may read the refusal').toEqual([]);
    expect(new Set(seen.statuses)).toEqual(new Set([401]));
  });

  test('the ledger has one line a signal, all accepted', async () => {
    const sent = await ledger(bench.product, ['sentry'], (rows) => rows.some(({ signal }) => signal === 'feedback'));
    const accepted = Object.fromEntries(sent.map(({ signal, accepted }) => [signal, accepted]));
    expect(accepted).toMatchObject({ feedback: 1, attachments: 1, logs: 2 });
    // One of the service, four of the jobs; those who had to try again on a busy machine sent theirs once more.
    expect(accepted['checks']).toBeGreaterThanOrEqual(5);
    for (const line of sent) expect(line).toMatchObject({ dropped: 0, rejected: 0, reasons: {} });
  });
}
