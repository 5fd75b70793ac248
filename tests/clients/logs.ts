/** "Only the address changes": loggers that speak Loki's protocol, and a shell with nothing but curl. */
import type { LogRow } from '@sightline/contract';
import { expect, test } from 'vitest';
import {
  ledger,
  printedJson,
  program,
  readUntil,
  run,
  runNode,
  runUntilStopped,
  wrongKey,
} from '../support/stock-client.ts';
import type { Bench } from './bench.ts';

export function logClients(bench: Bench): void {
  const found = (q: string, records: number): Promise<{ rows: LogRow[] }> =>
    readUntil<{ rows: LogRow[] }>(bench.product, '/api/v1/logs', { q }, ({ rows }) => rows.length >= records);

  const traceId = '0af7651916cd43dd8448eb211c80319c';

  test('pino-loki: what pino writes as JSON is read as a record', async () => {
    const more = `logger.error({ traceId: '${traceId}', correlationId: 'corr-pino-1', order: { id: 'ORD-1881' } }, 'card of ana@example.com declined');`;
    const ended = await runNode(bench.workshop, [
      bench.workshop.write('pino.mjs', `${bench.workshop.snippet('pino-loki')}\n${more}\n`),
    ]);
    expect(ended).toEqual({ code: 0, output: '' });

    const origin = { site: 'STORE_001', service: 'backend' };
    expect((await found('"First line from pino"', 1)).rows).toMatchObject([
      { ...origin, severity: 'info', body: 'First line from pino', attributes: { orderId: '42' } },
    ]);
    expect((await found('correlation:corr-pino-1', 1)).rows).toMatchObject([
      {
        ...origin,
        severity: 'error',
        body: 'card of <email> declined',
        traceId,
        correlationId: 'corr-pino-1',
        attributes: { 'order.id': 'ORD-1881' },
      },
    ]);
  });

  test('winston-loki: as JSON with its JSON format, as protobuf with its own', async () => {
    const ended = await runNode(bench.workshop, [program('winston-service.ts')], {
      LOKI_URL: bench.product.url,
      LOKI_KEY: bench.workshop.key,
    });
    expect(ended.code, ended.output).toBe(0);
    expect(printedJson(ended)).toEqual({ faults: [] });
    const { rows } = await found('"stock is low"', 2);
    const row = {
      site: 'STORE_031',
      service: 'inventory',
      environment: 'production',
      severity: 'warn',
      resource: { job: 'inventory' },
    };
    const [asJson, asText] = rows.toSorted((one, other) => one.body.length - other.body.length);
    expect(asJson).toMatchObject({
      ...row,
      body: 'stock is low',
      correlationId: 'corr-winston-1',
      attributes: { sku: 'W-88' },
    });
    expect(asText).toMatchObject({ ...row, body: expect.stringContaining('stock is low {"sku":"W-88"') });
  });

  test('curl: JSON lines as the snippet says', async () => {
    const ended = await run(bench.workshop, 'bash', [bench.workshop.write('curl.sh', bench.workshop.snippet('curl'))]);
    expect(ended.code).toBe(0);
    expect(printedJson(ended)).toEqual({ accepted: 2, rejected: 0, errors: [] });
    const { rows } = await found('service:shell', 2);
    const origin = { site: 'STORE_001', service: 'shell' };
    expect(rows.toSorted((one, other) => one.body.localeCompare(other.body))).toMatchObject([
      { ...origin, body: 'Card declined', severity: 'error', attributes: { order: '42' } },
      { ...origin, body: 'First line from curl', severity: 'info' },
    ]);
  });

  /** curl to Loki's push address, as Loki's own documentation has it, with the status behind the body. */
  function push(key: string): ReturnType<typeof run> {
    const entry = [
      `${Date.now()}000000`,
      'level=error msg="drawer is open"',
      { trace_id: traceId, correlation_id: 'corr-push-1' },
    ];
    const body = {
      streams: [{ stream: { app: 'drawer', store: 'STORE_044', env: 'staging', version: '3.1' }, values: [entry] }],
    };
    return run(bench.workshop, 'curl', [
      '-sS',
      '-w',
      '\n%{http_code}',
      '-u',
      `sightline:${key}`,
      '-H',
      'Content-Type: application/json',
      '--data-raw',
      JSON.stringify(body),
      `${bench.product.url}/loki/api/v1/push`,
    ]);
  }

  test('curl: a push in the words of Loki', async () => {
    expect(await push(bench.workshop.key)).toEqual({ code: 0, output: '\n204' });
    expect((await found('service:drawer', 1)).rows).toMatchObject([
      {
        site: 'STORE_044',
        service: 'drawer',
        environment: 'staging',
        release: '3.1',
        severity: 'error',
        body: 'level=error msg="drawer is open"',
        traceId,
        correlationId: 'corr-push-1',
      },
    ]);
  });

  test('a wrong key: each client hears of it in its own words and lives on', async () => {
    // It says so when a batch fails, every two seconds, but no more while the process ends.
    const stay = `${bench.workshop.snippetWithWrongKey('pino-loki')}\nsetInterval(() => logger.info('still here'), 500);\n`;
    const pino = runUntilStopped(bench.workshop, process.execPath, [bench.workshop.write('pino.mjs', stay)]);
    try {
      await expect
        .poll(() => pino.output(), { timeout: 20_000 })
        .toMatch(/error when trying to send log to loki\s+the key is not known/);
      expect(pino.isRunning()).toBe(true);
    } finally {
      await pino.stop();
    }
    const winston = await runNode(bench.workshop, [program('winston-service.ts')], {
      LOKI_URL: bench.product.url,
      LOKI_KEY: wrongKey,
    });
    expect(winston.code, winston.output).toBe(0);
    expect(printedJson<{ faults: string[] }>(winston).faults.join()).toMatch(/401|Unauthorized/);
    expect(await push(wrongKey)).toEqual({ code: 0, output: 'the key is not known\n\n401' });
    const lines = await run(bench.workshop, 'bash', [
      bench.workshop.write('curl.sh', bench.workshop.snippetWithWrongKey('curl')),
    ]);
    expect(printedJson(lines)).toMatchObject({ accepted: 0, error: 'the key is not known' });
  });

  test('the ledger counts every line', async () => {
    const sent = await ledger(
      bench.product,
      ['loki', 'json-lines'],
      (rows) => rows.reduce((sum, { accepted }) => sum + accepted, 0) >= 7,
    );
    expect(
      Object.fromEntries(sent.map(({ protocol, signal, accepted }) => [`${protocol} ${signal}`, accepted])),
    ).toEqual({
      'loki logs': 5,
      'json-lines logs': 2,
    });
    for (const line of sent) expect(line).toMatchObject({ dropped: 0, rejected: 0, reasons: {} });
  });
}
