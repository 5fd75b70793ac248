/** "Only the address changes": shippers and loggers made for Elasticsearch, Better Stack, Graylog, Fluentd, syslog and the journal. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LogRow } from '@sightline/contract';
import { describe, expect, test } from 'vitest';
import { ledger, printedJson, readUntil, run, runNode, runUntilStopped } from '../support/stock-client.ts';
import { headless } from '../support/product.ts';
import type { Bench } from './bench.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const journalTools = '/lib/systemd';
const hasJournalUpload = existsSync(path.join(journalTools, 'systemd-journal-upload'));

export function shipperClients(bench: Bench): void {
  const found = async (q: string, records = 1): Promise<readonly LogRow[]> => {
    const { rows } = await readUntil<{ rows: LogRow[] }>(
      bench.product,
      '/api/v1/logs',
      { q },
      ({ rows }) => rows.length >= records,
    );
    // A test that is run once more finds what the first run sent behind its own.
    return rows.slice(0, records);
  };
  /** Runs a snippet with more behind it as a module of its own. */
  const runSnippet = (name: string, more = '', snippet = bench.workshop.snippet(name)) =>
    runNode(bench.workshop, [bench.workshop.write(`${name}.mjs`, `${snippet}\n${more}\n`)]);
  const origin = { site: 'STORE_001', service: 'backend' };

  test('@elastic/elasticsearch: asks, sends in bulk and alone, and hears of each document', async () => {
    const more = `
      const info = await client.info();
      const told = await client.bulk({ operations: [
        { index: { _index: 'orders' } }, { message: 'good one', level: 'error', correlationId: 'corr-es-1', trace: { id: '${traceId}' }, service: { name: 'es' } },
        { index: { _index: 'orders' } }, { message: 'bad one', '@timestamp': 'soon', service: { name: 'es' } },
        { delete: { _index: 'orders', _id: '7' } },
      ] });
      const alone = await client.index({ index: 'orders', id: 'O-1', document: { message: 'by itself', service: { name: 'es' }, labels: { site: 'STORE_046' } } });
      console.log(JSON.stringify({ version: info.version.number, health: (await client.cluster.health()).status,
        template: await client.indices.existsIndexTemplate({ name: 'x' }), errors: told.errors,
        statuses: told.items.map((item) => Object.values(item)[0].status), alone: alone.result }));`;
    const ended = await runSnippet('elasticsearch-js', more);
    expect(ended.code, ended.output).toBe(0);
    expect(printedJson(ended)).toMatchObject({
      health: 'green',
      template: true,
      errors: true,
      statuses: [201, 400, 404],
      alone: 'created',
    });
    expect(await found('"First line from the Elasticsearch client"')).toMatchObject([
      { ...origin, severity: 'info', attributes: { 'elasticsearch.index': 'logs-backend-default' } },
    ]);
    expect(await found('correlation:corr-es-1')).toMatchObject([
      { service: 'es', severity: 'error', body: 'good one', traceId },
    ]);
    expect(await found('"by itself"')).toMatchObject([{ site: 'STORE_046', service: 'es' }]);
  });

  test('@elastic/elasticsearch: finds what it sent, counts it, and hears of a query that is none', async () => {
    const program = `import { Client } from '@elastic/elasticsearch';
      const client = new Client({ node: '${bench.product.url}/elasticsearch', auth: { apiKey: '${headless.SIGHTLINE_SETUP_KEY}' } });
      const query = { bool: { must: [{ match_phrase: { message: 'good one' } }], filter: [{ term: { 'correlation.id': 'corr-es-1' } }, { range: { '@timestamp': { gte: 'now-1h' } } }] } };
      const found = await client.search({ index: 'ord*', query, aggs: { levels: { terms: { field: 'log.level' } } } });
      const counted = await client.count({ index: 'orders', q: 'message:"good one"' });
      const several = await client.msearch({ searches: [{ index: 'orders' }, { query, size: 0 }] });
      const caps = await client.fieldCaps({ index: 'orders', fields: 'service.*' });
      const told = await client.search({ query: { shout: {} } }).catch((error) => error.meta.body.error.type);
      console.log(JSON.stringify({ source: found.hits.hits[0]._source, index: found.hits.hits[0]._index, levels: found.aggregations.levels.buckets,
        counted: counted.count, several: several.responses[0].hits.total.value, caps: Object.keys(caps.fields), told }));`;
    const ended = await runNode(bench.workshop, [bench.workshop.write('elastic-search.mjs', program)]);
    expect(ended.code, ended.output).toBe(0);
    expect(printedJson(ended)).toMatchObject({
      source: { message: 'good one', log: { level: 'error' }, trace: { id: traceId }, service: { name: 'es' } },
      index: 'orders',
      levels: [{ key: 'error', doc_count: 1 }],
      counted: 1,
      several: 1,
      caps: expect.arrayContaining(['service.name']),
      told: 'parsing_exception',
    });
  });

  test('winston-elasticsearch', async () => {
    const more = `logger.warn('paper is low', { correlationId: 'corr-wes-1', 'trace.id': '${traceId}' }); logger.end();`;
    const ended = await runSnippet('winston-elasticsearch', more);
    expect(ended, ended.output).toMatchObject({ code: 0, output: '' });
    expect(await found('"First line from winston"')).toMatchObject([
      { ...origin, severity: 'info', attributes: { 'fields.orderId': '42' } },
    ]);
    expect(await found('correlation:corr-wes-1')).toMatchObject([
      { ...origin, severity: 'warn', body: 'paper is low', traceId },
    ]);
  });

  test('@logtail/node', async () => {
    const more = `await logger.error('drawer is stuck', { site: 'STORE_044', correlation_id: 'corr-bs-1', trace_id: '${traceId}' }); await logger.flush();`;
    const ended = await runSnippet('better-stack-node', more);
    expect(ended, ended.output).toMatchObject({ code: 0, output: '' });
    expect(await found('"First line from Logtail"')).toMatchObject([
      { ...origin, severity: 'info', attributes: { orderId: '42' } },
    ]);
    expect(await found('correlation:corr-bs-1')).toMatchObject([
      { site: 'STORE_044', severity: 'error', body: 'drawer is stuck', traceId },
    ]);
  });

  test('curl: a CloudEvent as the snippet says', async () => {
    const script = bench.workshop.write('cloudevents.sh', bench.workshop.snippet('cloudevents'));
    expect(await run(bench.workshop, 'bash', [script])).toMatchObject({ code: 0 });
    expect(await found('"First event from curl"')).toMatchObject([
      {
        site: 'STORE_001',
        service: 'tills',
        severity: 'warn',
        attributes: { 'cloudevents.event_id': '1', order: '42' },
      },
    ]);
  });

  test.skipIf(!hasJournalUpload)('systemd-journal-upload', async () => {
    const entry = [
      `__REALTIME_TIMESTAMP=${Date.now()}000`,
      '__MONOTONIC_TIMESTAMP=1000',
      '_BOOT_ID=0123456789abcdef0123456789abcdef',
      'PRIORITY=3',
      'SYSLOG_IDENTIFIER=cupsd',
      '_HOSTNAME=till-3',
      'SITE=STORE_045',
      `TRACE_ID=${traceId}`,
      'MESSAGE=printer is on fire',
    ];
    const exported = bench.workshop.write('journal.export', `${entry.join('\n')}\n\n`);
    const journal = path.join(bench.workshop.folder, 'till.journal');
    const made = await run(bench.workshop, path.join(journalTools, 'systemd-journal-remote'), [
      '-o',
      journal,
      exported,
    ]);
    expect(made.code, made.output).toBe(0);
    const url = /^URL=(\S+)$/m.exec(bench.workshop.snippet('journald'))?.[1] ?? '';
    const uploader = runUntilStopped(bench.workshop, path.join(journalTools, 'systemd-journal-upload'), [
      `--url=${url}`,
      `--file=${journal}`,
      `--save-state=${path.join(bench.workshop.folder, 'state')}`,
    ]);
    try {
      expect(await found('"printer is on fire"')).toMatchObject([
        { site: 'STORE_045', service: 'cupsd', device: 'till-3', severity: 'error', traceId },
      ]);
    } finally {
      await uploader.stop();
    }
  });

  describe('a wrong key', () => {
    test.each(['elasticsearch-js', 'better-stack-node'])('%s hears of it in its own words', async (name) => {
      const ended = await runSnippet(name, '', bench.workshop.snippetWithWrongKey(name));
      expect(ended.output).toMatch(/the key is not known|Unauthorized/);
    });
  });

  test('the ledger counts every record', async () => {
    const expected: Record<string, readonly [accepted: number, rejected: number]> = {
      elasticsearch: [5, 2],
      'better-stack': [2, 0],
      cloudevents: [1, 0],
      ...(hasJournalUpload && { journald: [1, 0] }),
    };
    const lines = await ledger(bench.product, Object.keys(expected), (rows) =>
      Object.entries(expected).every(([protocol, [accepted, rejected]]) =>
        rows.some((row) => row.protocol === protocol && row.accepted >= accepted && row.rejected >= rejected),
      ),
    );
    for (const [protocol, [accepted, rejected]] of Object.entries(expected)) {
      const line = lines.find((each) => each.protocol === protocol);
      expect(line?.accepted, protocol).toBeGreaterThanOrEqual(accepted);
      expect((line?.rejected ?? 0) > 0, protocol).toBe(rejected > 0);
    }
  });
}
