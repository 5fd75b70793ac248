import { afterEach, describe, expect, test } from 'vitest';
import { kernelDrops, type Listener } from '../sockets/listen.ts';
import type { Unkeyed } from '../sockets/socket-intake.ts';
import { testNow } from '../test-support/decode-logs.ts';
import { scopeNamed, sendTcp, sendUdp, socketBench } from '../test-support/socket-bench.ts';
import { readSyslog } from './read-syslog.ts';
import { startSyslog } from './start-syslog.ts';
import { maxSyslogBytes, SyslogFrames } from './syslog-frames.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const ns = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n;
const pri = '<165>';

describe('a message', () => {
  test.each<[string, string, object, object]>([
    [
      'RFC 5424, with everything',
      `${pri}1 2026-11-20T11:59:58.250Z till-3 orders 812 DECL [sightline@1 site="S1" key="k"][app@32473 order="7\\"8" trace_id="${traceId}"][timeQuality tzKnown="1"] \uFEFFcard declined`,
      { 'service.name': 'orders', 'device.id': 'till-3', 'store.id': 'S1' },
      {
        timeNs: ns('2026-11-20T11:59:58.250Z'),
        severityNumber: 10,
        body: 'card declined',
        traceId,
        attributes: {
          'syslog.facility': 'local4',
          'process.pid': '812',
          'syslog.msgid': 'DECL',
          'app.order': '7"8',
          'timeQuality.tzKnown': '1',
        },
      },
    ],
    [
      'RFC 5424, with nothing',
      '<11>1 - - - - - - hi',
      {},
      { severityNumber: 17, body: 'hi', timeNs: ns('2026-11-20T12:00:00Z') },
    ],
    [
      'RFC 3164',
      '<34>Nov 20 11:59:57 till-3 su[77]: root failed',
      { 'service.name': 'su', 'device.id': 'till-3' },
      {
        timeNs: ns('2026-11-20T11:59:57Z'),
        severityNumber: 21,
        body: 'root failed',
        attributes: { 'process.pid': '77', 'syslog.facility': 'auth' },
      },
    ],
    [
      'RFC 3164 in the zone of the sender',
      '<13>Nov 20 06:59:57 till-3 su: x',
      {},
      { timeNs: ns('2026-11-20T11:59:57Z') },
    ],
    [
      'RFC 3164, two hours and some late',
      '<13>Nov 20 09:53:57 till-3 su: x',
      {},
      { timeNs: ns('2026-11-20T09:53:57Z') },
    ],
    ['RFC 3164 without a host', '<13>Nov 20 11:59:57 su: x', { 'service.name': 'su' }, { body: 'x' }],
    ['RFC 3164 with a day of one digit', '<13>Nov  1 11:59:57 h su: x', {}, { timeNs: ns('2026-11-01T11:59:57Z') }],
    [
      'rsyslog’s own time',
      '<13>2026-11-20T11:59:57.5+00:00 h su: x',
      { 'device.id': 'h' },
      { timeNs: ns('2026-11-20T11:59:57.5Z'), body: 'x' },
    ],
    ['no time and no host', '<13>link is down', {}, { body: 'link is down', severityNumber: 10 }],
    ['no priority', 'link is down', {}, { body: 'link is down', severityNumber: 10 }],
    [
      'JSON as the message',
      `<13>1 2026-11-20T11:59:58Z h till - - - {"level":"error","msg":"declined","store":"S2","order":{"id":7}}`,
      { 'store.id': 'S2', 'service.name': 'till' },
      { severityNumber: 17, body: 'declined', attributes: { 'order.id': 7 } },
    ],
    ['a CEE cookie', '<13>Nov 20 11:59:57 h till: @cee: {"msg":"declined"}', {}, { body: 'declined' }],
  ])('%s', (_, text, resource, record) =>
    expect(readSyslog(`${text}\n`, testNow).read).toMatchObject({ kind: 'log', resource, record }),
  );

  test('the key is taken out and kept nowhere', () => {
    const { read, key } = readSyslog(`${pri}1 - - - - - [sightline@1 key="sl_ingest_secret"] x`, testNow);
    expect(key).toBe('sl_ingest_secret');
    expect(
      JSON.stringify(read, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('secret');
  });

  test.each([
    ['a priority beyond its bound', '<192>Nov 20 11:59:57 h x: y', 'malformed'],
    ['a priority that is none', '<a>x', 'malformed'],
    ['another version', '<13>2 - - - - - - x', 'malformed'],
    ['a cut header', '<13>1 - - -', 'malformed'],
    ['broken structured data', '<13>1 - - - - - [a b="c x', 'malformed'],
    ['a time that is none', '<13>1 soon - - - - - x', 'malformed'],
    ['a time of 1970', '<13>1 1970-01-02T00:00:00Z - - - - - x', 'too-old'],
    ['a time of 2100', '<13>1 2100-01-01T00:00:00Z - - - - - x', 'too-new'],
    ['no message', '<13>1 - - - - - -', 'no-value'],
    ['nothing', '<13>', 'no-value'],
  ])('%s is refused', (_, text, reason) =>
    expect(readSyslog(text, testNow).read).toMatchObject({ kind: 'refused', reason }),
  );

  test('bytes of any kind end as values, in time', () => {
    const good = `${pri}1 2026-11-20T11:59:58Z h a 1 - [a@1 b="c"][d e="f"] message`;
    for (let n = 0; n < 3000; n++) {
      const at = (n * 31) % good.length;
      const text = good.slice(0, at) + String.fromCharCode((n * 131) % 256) + good.slice(at + (n % 3));
      expect(['log', 'refused']).toContain(readSyslog(text, testNow).read.kind);
    }
    readSyslog(`<13>1 - - - - - [${' a="b"'.repeat(20_000)}`, testNow);
    readSyslog(`<13>1 - - - - - ${'[a'.repeat(50_000)}`, testNow);
  });
});

describe('framing', () => {
  const whole = '5 <1>ab<2>cd\n\n7 <3>e\nfg<4>hi\n';
  const expected = ['<1>ab', '<2>cd', '<3>e\nfg', '<4>hi'];
  test.each([1, 2, 3, 7, 100])('both kinds on one connection, %i bytes at a time', (size) => {
    const frames = new SyslogFrames();
    const found: string[] = [];
    for (let at = 0; at < whole.length; at += size)
      for (const frame of frames.take(Buffer.from(whole.slice(at, at + size)))) found.push(String(frame));
    expect(found).toEqual(expected);
    expect(frames.end()).toBeUndefined();
  });
  test.each<[string, string]>([
    ['a line', `<1>${'x'.repeat(maxSyslogBytes)}\n`],
    ['a counted message', `${maxSyslogBytes + 1} <1>${'x'.repeat(maxSyslogBytes - 2)}`],
  ])('%s beyond the bound costs itself alone', (_, long) => {
    for (const size of [1000, 1_000_000]) {
      const frames = new SyslogFrames();
      const bytes = Buffer.from(`<1>a\n${long}<1>b\n`);
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size)
        for (const frame of frames.take(bytes.subarray(at, at + size))) found.push(String(frame));
      expect(found).toEqual(['<1>a', 'too-large', '<1>b']);
    }
  });
});

test('what the kernel dropped is read from its table', () => {
  const row = (port: string, drops: number): string =>
    `  77: 0100007F:${port} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 ${drops}`;
  const table = [
    '   sl  local_address rem_address   st …  drops',
    row('158A', 7),
    row('158A', 5),
    row('0035', 3),
    '',
  ].join('\n');
  expect([kernelDrops(table, 5514), kernelDrops(table, 53), kernelDrops(table, 54), kernelDrops('', 53)]).toEqual([
    12, 3, 0, 0,
  ]);
});

describe('over the network', () => {
  const listeners: Listener[] = [];
  afterEach(async () => {
    for (const listener of listeners.splice(0)) await listener.close();
  });
  const first: Unkeyed = { kind: 'scope', scope: scopeNamed('first') };
  async function start(unkeyed: Unkeyed = first) {
    const bench = socketBench();
    const listener = await startSyslog(bench.parts, unkeyed, { host: '127.0.0.1', port: 0, udp: true, tcp: true });
    listeners.push(listener);
    return { bench, listener };
  }
  const keyed = (key: string, text: string): string => `<13>1 - - - - - [sightline@1 key="${key}"] ${text}`;

  test('UDP and TCP; one poisoned message among good ones costs nobody else', async () => {
    const { bench, listener } = await start();
    await sendUdp(listener.port, '<13>a', '<999>poison', '<13>b');
    await sendTcp(listener.port, '<13>c\n<999>poison\n<1', '3>d\n5 <13>e', '<13>f');
    await expect
      .poll(() => bench.kept().toSorted())
      .toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map((body) => `first: ${body}`));
    expect(bench.refused()).toEqual(['malformed 2']);
  });

  test('a key in the message decides; a wrong one is refused, and without one what the listener is bound to', async () => {
    const messages = [keyed('sl_ingest_acme', 'a'), keyed('wrong', 'b'), '<13>c'].map((text) => `${text}\n`).join('');
    const { bench, listener } = await start();
    await sendTcp(listener.port, messages);
    await expect.poll(() => bench.kept().toSorted()).toEqual(['acme: a', 'first: c']);
    expect(bench.refused()).toEqual(['unauthorised 1']);

    const bound = await start({ kind: 'key', key: 'sl_ingest_acme' });
    await sendTcp(bound.listener.port, messages);
    await expect.poll(() => bound.bench.kept().toSorted()).toEqual(['acme: a', 'acme: c']);

    const strict = await start({ kind: 'refused' });
    await sendTcp(strict.listener.port, messages);
    await expect.poll(() => strict.bench.refused()).toEqual(['unauthorised 2']);
    expect(strict.bench.kept()).toEqual(['acme: a']);
  });

  test('while the spool is full a connection waits, and nothing is lost', async () => {
    const { bench, listener } = await start();
    bench.room = false;
    const sent = sendTcp(listener.port, '<13>a\n', '<13>b\n');
    await expect.poll(() => bench.asked).toBeGreaterThan(0);
    expect(bench.kept()).toEqual([]);
    bench.room = true;
    await expect
      .poll(() => {
        bench.clock.advance(1000);
        return bench.kept();
      })
      .toEqual(['first: a', 'first: b']);
    await sent;
    expect(bench.refused()).toEqual([]);
  });

  test('a key that sent as much as a minute may hold waits for the next, and nothing is lost', async () => {
    const { bench, listener } = await start();
    bench.keyLimits = { logs: 1 };
    const sent = sendTcp(listener.port, `${keyed('sl_ingest_acme', 'a')}\n`);
    await expect.poll(() => bench.kept()).toEqual(['acme: a']);
    const later = sendTcp(listener.port, `${keyed('sl_ingest_acme', 'b')}\n<13>c\n`);
    await expect.poll(() => bench.held).toBe(1);
    expect(bench.kept()).not.toContain('acme: b');
    await expect
      .poll(() => {
        bench.clock.advance(60_000);
        return bench.kept().toSorted();
      })
      .toEqual(['acme: a', 'acme: b', 'first: c']);
    await Promise.all([sent, later]);
    expect(bench.refused()).toEqual([]);
  });

  test('what is still waiting for room when the listener closes is counted as lost', async () => {
    const { bench, listener } = await start();
    bench.room = false;
    await sendUdp(listener.port, '<13>a', '<999>poison');
    await expect.poll(() => bench.asked).toBeGreaterThan(0);
    await listeners.splice(0)[0]?.close();
    expect(bench.kept()).toEqual([]);
    expect(bench.refused()).toContain('spool-full 1');
  });
});
