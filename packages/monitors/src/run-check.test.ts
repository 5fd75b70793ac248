/** What every type promises, whatever the other side does: a result in time, in words, never a throw. */
import { gzipSync } from 'node:zlib';
import { type Clock, systemClock } from '@sightline/base';
import { describe, expect, test } from 'vitest';
import { monitorTypes } from './all.ts';
import { resultWords, runCheck } from './run-check.ts';
import { selfSigned } from './test-support/certificate.ts';
import { closedPort, httpServer, tcpServer } from './test-support/servers.ts';

const day = 86_400_000;
const check = (type: string, settings: unknown, how: { timeoutMs?: number; retries?: number; clock?: Clock } = {}) =>
  runCheck({ type, settings, timeoutMs: how.timeoutMs ?? 3000, retries: how.retries ?? 0 }, how.clock ?? systemClock);

describe('every type', () => {
  test.each(monitorTypes.map((type) => type.name))('%s: settings that are nonsense are a result', async (name) => {
    for (const settings of [
      undefined,
      null,
      7,
      'x',
      [],
      { url: 7, host: {}, port: 'x' },
      { url: 'javascript:alert(1)' },
    ]) {
      const result = await check(name, settings);
      expect(result).toMatchObject({ up: false, durationMs: 0 });
      expect(result.message).not.toBe('');
    }
  });

  test('that is not there is a result', async () => {
    expect(await check('gopher', {})).toMatchObject({
      up: false,
      message: 'there is no type of monitor "gopher" here',
    });
  });

  test('an abort ends it at once', async () => {
    const url = await httpServer(() => undefined);
    const stop = new AbortController();
    const started = Date.now();
    setTimeout(() => stop.abort(), 50);
    const result = await runCheck(
      { type: 'http', settings: { url }, timeoutMs: 20_000, retries: 5 },
      systemClock,
      stop.signal,
    );
    expect(result.up).toBe(false);
    expect(Date.now() - started).toBeLessThan(2000);
  });
});

describe('retries', () => {
  test('a failure is believed only after all tries; the words say how many', async () => {
    let calls = 0;
    const url = await httpServer((_, reply) => reply.writeHead(++calls < 3 ? 503 : 200).end());
    expect(await check('http', { url }, { retries: 2 })).toMatchObject({
      up: true,
      attempts: 3,
      message: 'answered 200',
    });
    calls = -10;
    const failed = await check('http', { url }, { retries: 1 });
    expect(failed).toMatchObject({ up: false, attempts: 2 });
    expect(resultWords(failed)).toMatch(/^answered 503 \(\d+ ms, 2 tries\)$/);
    expect(calls).toBe(-8);
  });
});

describe('HTTP', () => {
  test.each<[string, Record<string, unknown>, boolean, string]>([
    ['a good status', {}, true, 'answered 200'],
    ['a list of statuses', { status: '404, 2xx' }, true, 'answered 200'],
    ['a status that is not wanted', { status: '201-299' }, false, 'answered 200'],
    ['a text that is there', { contains: 'wörld' }, true, 'answered 200'],
    ['a text that is missing', { contains: 'mars' }, false, 'answered 200, but "mars" is not in it'],
    ['a text that must be missing', { lacks: 'wörld' }, false, 'answered 200, but "wörld" is in it'],
    ['JSON that is equal', { jsonPath: '$.checks[0]["the name"]', jsonEquals: 'db' }, true, 'answered 200'],
    ['JSON that is a number', { jsonPath: 'checks.0.n', jsonEquals: '7' }, true, 'answered 200'],
    [
      'JSON that differs',
      { jsonPath: 'checks.0.n', jsonEquals: '8' },
      false,
      'answered 200, but checks.0.n is 7, not 8',
    ],
    ['JSON that is there', { jsonPath: '$.checks' }, true, 'answered 200'],
    ['JSON that is not there', { jsonPath: '$.constructor' }, false, 'answered 200, but $.constructor is not in it'],
  ])('%s', async (_, settings, up, message) => {
    const url = await httpServer((_, reply) => reply.end('{"hello":"wörld","checks":[{"the name":"db","n":7}]}'));
    expect(await check('http', { url, ...settings })).toMatchObject({ up, message });
  });

  test('method, headers and body go out as told; timings and status come back', async () => {
    const url = await httpServer((request, reply) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () =>
        reply.end(`${request.method} ${String(request.headers['x-a'])} ${request.headers.authorization} ${body}`),
      );
    });
    const withUser = url.replace('://', '://ada:s%3Acret@');
    const basic = Buffer.from('ada:s:cret').toString('base64');
    const result = await check('http', {
      url: withUser,
      method: 'POST',
      headers: { 'X-A': 'b' },
      body: '{"q":1}',
      contains: `POST b Basic ${basic} {"q":1}`,
    });
    expect(result).toMatchObject({ up: true, details: { status: 200 } });
    for (const name of ['connectMs', 'firstByteMs', 'bodyMs']) expect(result.details[name]).toBeGreaterThanOrEqual(0);
    const http = monitorTypes.find((type) => type.name === 'http');
    expect(http?.target({ url: `${withUser}/x?key=1`, method: 'POST' })).toBe(`POST ${url}/x?…`);
  });

  test.each<[string, () => Promise<string>, string | RegExp]>([
    ['nobody listens', async () => `http://127.0.0.1:${await closedPort()}`, 'connection refused'],
    ['a name that is not there', async () => 'http://nobody.invalid/', /^name /],
    [
      'something that is not HTTP',
      async () => `http://127.0.0.1:${await tcpServer((s) => s.end('SSH-2.0-x\r\n\r\n'))}`,
      'the answer is not HTTP',
    ],
    [
      'a reset',
      async () => `http://127.0.0.1:${await tcpServer((s) => s.once('data', () => s.resetAndDestroy()))}`,
      'connection reset',
    ],
    [
      'a connection that is closed',
      async () => `http://127.0.0.1:${await tcpServer((s) => s.once('data', () => s.end()))}`,
      /reset|hang up/,
    ],
    [
      'headers without end',
      async () =>
        `http://127.0.0.1:${await tcpServer((s) => s.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(50_000)}`))}`,
      'the headers of the answer are too large',
    ],
    [
      'plain text where TLS is expected',
      async () => (await httpServer((_, r) => r.end())).replace('http', 'https'),
      /./,
    ],
  ])('%s is down', async (_, open, message) => {
    const url = await open();
    const result = await check('http', { url });
    expect(result.up).toBe(false);
    if (typeof message === 'string') expect(result.message).toBe(message);
    else expect(result.message).toMatch(message);
  });

  test.each<[string, Parameters<typeof httpServer>[0], string]>([
    ['no answer', () => undefined, 'connected, but no answer in time'],
    ['a body that never ends', (_, reply) => void reply.write('x'), 'the answer began but did not end in time'],
    [
      'a body by the drop',
      (_, reply) => void setInterval(() => reply.write('x'), 20),
      'the answer began but did not end in time',
    ],
  ])('%s is down in time', async (_, listener, message) => {
    const url = await httpServer(listener);
    const started = Date.now();
    expect(await check('http', { url }, { timeoutMs: 300 })).toMatchObject({ up: false, message });
    expect(Date.now() - started).toBeLessThan(1500);
  });

  test('a body of any size is read to its first MiB, packed or not', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const endless = await httpServer((_, reply) => {
      const more = (): void => {
        while (!reply.destroyed && reply.write(chunk)) sent += chunk.length;
        if (!reply.destroyed) reply.once('drain', more);
      };
      more();
    });
    expect(await check('http', { url: endless })).toMatchObject({ up: true });
    expect(await check('http', { url: endless, contains: 'y' })).toMatchObject({
      up: false,
      message: 'answered 200, but "y" is not in it in its first 1 MiB',
    });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    const packed = await httpServer((_, reply) => reply.setHeader('content-encoding', 'gzip').end(bomb));
    expect((await check('http', { url: packed, jsonPath: 'a' })).message).toContain('too large to be read as JSON');
    const broken = await httpServer((_, reply) => reply.setHeader('content-encoding', 'gzip').end('not gzip'));
    expect((await check('http', { url: broken })).up).toBe(false);
  });

  test('what is not JSON is said so', async () => {
    const url = await httpServer((_, reply) => reply.end('<html>'));
    expect(await check('http', { url, jsonPath: 'a' })).toMatchObject({
      up: false,
      message: 'answered 200, but it is not JSON',
    });
  });

  test('redirects are followed, ten at most; secrets do not go to another origin', async () => {
    const seen: (string | undefined)[] = [];
    const other = await httpServer((request, reply) => {
      seen.push(request.headers.authorization, request.headers['x-plain'] as string, request.method);
      reply.end('there');
    });
    const url = await httpServer((request, reply) => {
      if (request.url === '/loop') return reply.writeHead(302, { location: '/loop' }).end();
      if (request.url === '/odd') return reply.writeHead(302, { location: 'file:///etc/passwd' }).end();
      return reply.writeHead(303, { location: `${other}/x` }).end();
    });
    const settings = { url, method: 'POST', body: 'x', headers: { Authorization: 'Bearer s3cret', 'X-Plain': 'p' } };
    expect(await check('http', { ...settings, contains: 'there' })).toMatchObject({
      up: true,
      details: { redirects: 1 },
    });
    expect(seen).toEqual([undefined, 'p', 'GET']);
    expect(await check('http', { url: `${url}/loop` })).toMatchObject({
      up: false,
      message: 'redirected more than 10 times',
    });
    expect((await check('http', { url: `${url}/odd` })).message).toContain('which is no web address');
    expect(await check('http', { url, followRedirects: false })).toMatchObject({ up: false, message: 'answered 303' });
    expect(await check('http', { url, status: '303' })).toMatchObject({ up: true, message: 'answered 303' });
  });

  test('no way leads to a metadata service', async () => {
    const url = await httpServer((_, reply) =>
      reply.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end(),
    );
    for (const address of [
      url,
      'http://169.254.169.254/',
      'http://[::ffff:169.254.169.254]/',
      'http://2852039166/',
      'http://[fd00:ec2::254]/',
    ]) {
      expect(await check('http', { url: address })).toMatchObject({
        up: false,
        message: 'refused: the address of a metadata service',
      });
    }
  });
});

describe('TLS', () => {
  const soon = selfSigned(new Date(Date.now() - day), new Date(Date.now() + 3.5 * day));
  const serve = (tls: { key: string; cert: string }) => httpServer((_, reply) => reply.end('ok'), tls);

  test('a certificate that nobody signed is down, unless it need not be valid', async () => {
    const url = await serve(soon);
    expect(await check('http', { url })).toMatchObject({ up: false, message: 'TLS certificate is self-signed' });
    const trusting = { url, tlsVerify: false, tlsDays: 3 };
    const result = await check('http', trusting);
    expect(result).toMatchObject({ up: true, details: { tlsDaysLeft: 3 } });
    expect(result.details['tlsMs']).toBeGreaterThanOrEqual(0);
  });

  test('one that ends soon is down, by the clock that is handed in', async () => {
    const url = await serve(soon);
    const settings = { url, tlsVerify: false, tlsDays: 7 };
    expect(await check('http', settings)).toMatchObject({
      up: false,
      message: 'answered 200, but its TLS certificate ends in 3 days',
    });
    const before: Clock = { now: () => Date.now() - 30 * day, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
    expect(await check('http', settings, { clock: before })).toMatchObject({ up: true });
    expect(await check('http', { ...settings, tlsDays: 0 })).toMatchObject({ up: true });
  });

  test('one that has ended is down', async () => {
    const url = await serve(selfSigned(new Date(Date.now() - 9 * day), new Date(Date.now() - day)));
    expect((await check('http', { url })).up).toBe(false);
    expect(await check('http', { url, tlsVerify: false, tlsDays: 0 })).toMatchObject({ up: true });
  });
});

describe('TCP', () => {
  const port = (greet: Parameters<typeof tcpServer>[0]) => tcpServer(greet);

  test('a port that accepts is up; what comes back must be as expected', async () => {
    const echo = await port((socket) => socket.on('data', (data) => socket.write(data.toString().toUpperCase())));
    expect(await check('tcp', { host: '127.0.0.1', port: echo })).toMatchObject({ up: true, message: 'connected' });
    const asked = { host: 'localhost', port: echo, send: 'ping\r\n' };
    expect(await check('tcp', { ...asked, expect: 'PING' })).toMatchObject({
      up: true,
      message: 'answered as expected',
    });
    expect(await check('tcp', { ...asked, expect: 'PONG' }, { timeoutMs: 200 })).toMatchObject({
      up: false,
      message: 'connected, but the expected text did not come in time (6 bytes came)',
    });
  });

  test('a text that comes in pieces is found', async () => {
    const slow = await port((socket) => {
      socket.write('22');
      setTimeout(() => socket.write('0 ready'), 50);
    });
    expect(await check('tcp', { host: '127.0.0.1', port: slow, expect: '220 ' })).toMatchObject({ up: true });
  });

  test('whatever else it does is down', async () => {
    expect(await check('tcp', { host: '127.0.0.1', port: await closedPort() })).toMatchObject({
      up: false,
      message: 'connection refused',
    });
    const shut = await port((socket) => socket.end('bye'));
    expect(await check('tcp', { host: '127.0.0.1', port: shut, expect: 'hi' })).toMatchObject({
      up: false,
      message: 'connection closed without the expected text',
    });
    const reset = await port((socket) => socket.resetAndDestroy());
    expect((await check('tcp', { host: '127.0.0.1', port: reset, expect: 'hi' })).up).toBe(false);
    const flood = await port((socket) => socket.write(Buffer.alloc(1_000_000, 'x')));
    expect(await check('tcp', { host: '127.0.0.1', port: flood, expect: 'hi' })).toMatchObject({
      up: false,
      message: 'the expected text is not in its first 64 kB',
    });
    expect(await check('tcp', { host: '169.254.169.254', port: 80 })).toMatchObject({
      up: false,
      message: 'refused: the address of a metadata service',
    });
  });
});
