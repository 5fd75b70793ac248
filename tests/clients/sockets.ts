/** "Only the address changes": programs that log over sockets of their own, as the Data page's snippets have it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LogRow } from '@sightline/contract';
import { expect, test } from 'vitest';
import { ledger, readUntil, run, runNode, runUntilStopped, storedRows } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
export const hasLogger = has('logger');
const hasRsyslog = has('rsyslogd');
/** Debian installs it or rsyslog, not both: it may stand in a folder of its own. */
const syslogNgRoot = ['/opt/syslog-ng/usr', '/usr'].find((root) => existsSync(`${root}/sbin/syslog-ng`));
const hasTls = hasRsyslog && existsSync('/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so');

export function socketClients(bench: Bench): void {
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
  /** A snippet with this product's ports. */
  const snippet = (name: string): string =>
    bench.workshop
      .snippet(name)
      .replaceAll('5514', String(bench.syslogPort))
      .replaceAll('12201', String(bench.gelfPort));
  const folder = (name: string): string => path.join(bench.workshop.folder, name);

  test.skipIf(!hasLogger)('logger: as the snippet says, over UDP in the old form, and with a wrong key', async () => {
    const ended = await run(bench.workshop, 'bash', [bench.workshop.write('logger.sh', snippet('logger'))]);
    expect(ended).toEqual({ code: 0, output: '' });
    expect(await found('"First line from logger"')).toMatchObject([
      { site: 'STORE_001', service: 'script', severity: 'warn', body: 'First line from logger' },
    ]);
    const old = [
      '--server',
      '127.0.0.1',
      '--port',
      String(bench.syslogPort),
      '--udp',
      '--rfc3164',
      '-t',
      'kiosk',
      '-i',
    ];
    expect(
      (await run(bench.workshop, 'logger', [...old, '-p', 'local3.err', 'level=error no paper in kiosk'])).code,
    ).toBe(0);
    expect(await found('"no paper in kiosk"')).toMatchObject([
      {
        service: 'kiosk',
        severity: 'error',
        attributes: { 'syslog.facility': 'local3', 'process.pid': expect.stringMatching(/^\d+$/) },
      },
    ]);
    const wrong = snippet('logger').replace(bench.workshop.key, 'nobody').replace('First line', 'Wrong key');
    await run(bench.workshop, 'bash', [bench.workshop.write('wrong.sh', wrong)]);
    const sql = `SELECT sum(records) > 0 AS refused FROM ledger WHERE protocol = 'syslog' AND reason = 'unauthorised' AND organisation = ''`;
    await expect.poll(() => storedRows(bench.product, sql), { timeout: 15_000 }).toEqual([{ refused: 1 }]);
    // The key is nowhere in what was stored.
    const stored = await storedRows(
      bench.product,
      `SELECT toString(tuple(*)) AS row FROM logs WHERE body IN ('First line from logger', 'level=error no paper in kiosk')`,
    );
    expect(stored.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(stored)).not.toContain(bench.workshop.key);
  });

  test.skipIf(!hasRsyslog)('rsyslog: what a program writes to its socket, over TCP and over TLS', async () => {
    const forward = snippet('rsyslog');
    const overTls = forward
      .replaceAll('"sightline"', '"encrypted"')
      .replaceAll(String(bench.syslogPort), String(bench.syslogTlsPort))
      .replace('STORE_001', 'STORE_TLS')
      .replace('action(', 'action(StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="anon" ');
    const config = bench.workshop.write(
      'rsyslog.conf',
      [
        `global(workDirectory="${bench.workshop.folder}" localHostname="till-3"${hasTls ? ` defaultNetstreamDriverCAFile="${bench.certificate}"` : ''})`,
        `module(load="imuxsock" SysSock.Use="off")`,
        `input(type="imuxsock" Socket="${folder('rsyslog.sock')}" CreatePath="on")`,
        forward,
        ...(hasTls ? [overTls] : []),
      ].join('\n'),
    );
    const daemon = runUntilStopped(bench.workshop, 'rsyslogd', ['-n', '-f', config, '-i', folder('rsyslog.pid')]);
    try {
      await expect.poll(() => existsSync(folder('rsyslog.sock')), { timeout: 15_000 }).toBe(true);
      const line = `{"msg":"drawer is open","level":"error","correlationId":"corr-rsyslog-1","traceId":"${traceId}"}`;
      await run(bench.workshop, 'logger', ['-u', folder('rsyslog.sock'), '-t', 'drawer', line]);
      const rows = await found('correlation:corr-rsyslog-1', hasTls ? 2 : 1);
      const row = { service: 'drawer', device: 'till-3', severity: 'error', body: 'drawer is open', traceId };
      for (const each of rows) expect(each).toMatchObject(row);
      expect(rows.map(({ site }) => site).toSorted()).toEqual(hasTls ? ['STORE_001', 'STORE_TLS'] : ['STORE_001']);
    } finally {
      await daemon.stop();
    }
  });

  test.skipIf(!syslogNgRoot)('syslog-ng', async () => {
    const config = bench.workshop.write(
      'syslog-ng.conf',
      [
        '@version: 3.38',
        'options { stats-freq(0); keep-hostname(yes); };',
        `source s_src { unix-dgram("${folder('syslog-ng.sock')}"); };`,
        snippet('syslog-ng'),
      ].join('\n'),
    );
    const libraries = `${syslogNgRoot}/lib/syslog-ng`;
    const daemon = runUntilStopped(bench.workshop, 'env', [
      `LD_LIBRARY_PATH=${libraries}`,
      `${syslogNgRoot}/sbin/syslog-ng`,
      '--foreground',
      '--no-caps',
      `--module-path=${libraries}/3.38`,
      `--cfgfile=${config}`,
      `--persist-file=${folder('syslog-ng.persist')}`,
      `--pidfile=${folder('syslog-ng.pid')}`,
      `--control=${folder('syslog-ng.ctl')}`,
    ]);
    try {
      await expect
        .poll(() => (daemon.isRunning() ? existsSync(folder('syslog-ng.sock')) : daemon.output()), { timeout: 15_000 })
        .toBe(true);
      await run(bench.workshop, 'logger', [
        '-u',
        folder('syslog-ng.sock'),
        '-t',
        'oven',
        '-p',
        'daemon.crit',
        'oven is cold',
      ]);
      expect(await found('"oven is cold"')).toMatchObject([
        {
          site: 'STORE_001',
          service: 'oven',
          severity: 'fatal',
          body: 'oven is cold',
          attributes: { 'syslog.facility': 'daemon' },
        },
      ]);
    } finally {
      await daemon.stop();
    }
  });

  test('gelf-pro: TCP as the snippet says, UDP in chunks', async () => {
    const more = `
      const long = 'x'.repeat(40_000) + Array.from({ length: 4000 }, () => Math.random()).join();
      log.error('oven is hot', { trace_id: '${traceId}', correlation_id: 'corr-gelf-1', long }, () => {
        log.setConfig({ adapterName: 'udp', adapterOptions: { host: '127.0.0.1', port: ${bench.gelfPort}, protocol: 'udp4' } });
        log.warning('oven is hotter', { correlation_id: 'corr-gelf-2', long });
      });`;
    const file = bench.workshop.write('gelf-pro.mjs', `${snippet('gelf-pro')}\n${more}`);
    expect(await runNode(bench.workshop, [file])).toEqual({ code: 0, output: '' });
    const origin = { site: 'STORE_001', service: 'backend' };
    expect(await found('"First line from gelf-pro"')).toMatchObject([
      { ...origin, severity: 'info', attributes: { orderId: '42' } },
    ]);
    expect(await found('correlation:corr-gelf-1')).toMatchObject([
      { ...origin, severity: 'error', body: 'oven is hot', traceId },
    ]);
    expect(await found('correlation:corr-gelf-2')).toMatchObject([
      { ...origin, severity: 'warn', body: 'oven is hotter' },
    ]);
  });

  test('fluent-logger: with the handshake and acknowledged; packed and zipped without; and with a wrong key', async () => {
    const asShown = bench.workshop.snippet('fluent-logger').replaceAll('24224', String(bench.handshakePort));
    const more = `
      const plain = (key, eventMode) => fluent.createFluentSender('backend', { host: '127.0.0.1', port: ${bench.forwardPort},
        requireAckResponse: true, eventMode, flushInterval: 10 });
      const sent = (sender, label, record) => new Promise((done, fail) => sender.emit(label, record, (error) => (error ? fail(error) : done())));
      await sent(logger, 'orders', { log: 'drawer is jammed', level: 'error', trace_id: '${traceId}', correlation_id: 'corr-fluent-1' });
      const zipped = plain('', 'CompressedPackedForward');
      await Promise.all([1, 2].map((n) => sent(zipped, 'kiosk', { sightline_key: '${bench.workshop.key}', message: 'kiosk ' + n, service: 'kiosk', store: 'STORE_043', correlation_id: 'corr-fluent-2' })));
      logger.end(); zipped.end();
      setTimeout(() => process.exit(0), 200);`;
    const file = bench.workshop.write('fluent.mjs', `${asShown}\n${more}`);
    const ended = await runNode(bench.workshop, [file]);
    expect(ended.code, ended.output).toBe(0);
    expect(await found('"First line from fluent-logger"')).toMatchObject([
      { site: 'STORE_001', service: 'backend', severity: 'info', attributes: { 'fluent.tag': 'backend.orders' } },
    ]);
    expect(await found('correlation:corr-fluent-1')).toMatchObject([
      { severity: 'error', body: 'drawer is jammed', traceId },
    ]);
    for (const row of await found('correlation:corr-fluent-2', 2))
      expect(row).toMatchObject({ site: 'STORE_043', service: 'kiosk' });

    const wrong = `${asShown.replaceAll(bench.workshop.key, 'nobody')}\nlogger.on('error', (error) => { console.log(error.message); process.exit(3); });`;
    const refused = await runNode(bench.workshop, [bench.workshop.write('fluent-wrong.mjs', wrong)]);
    expect(refused).toMatchObject({ code: 3, output: expect.stringContaining('the shared key is not known') });
  });

  test('the ledger counts every record', async () => {
    const expected = {
      syslog: Number(hasLogger) + Number(hasRsyslog) + Number(hasTls) + Number(syslogNgRoot !== undefined),
      gelf: 3,
      'fluent-forward': 4,
    };
    const lines = await ledger(bench.product, Object.keys(expected), (rows) =>
      Object.entries(expected).every(
        ([protocol, accepted]) =>
          accepted === 0 || rows.some((row) => row.protocol === protocol && row.accepted >= accepted),
      ),
    );
    for (const line of lines) expect(line).toMatchObject({ rejected: 0, dropped: 0 });
    for (const [protocol, accepted] of Object.entries(expected))
      expect(lines.find((line) => line.protocol === protocol)?.accepted ?? 0).toBeGreaterThanOrEqual(accepted);
  });
}
