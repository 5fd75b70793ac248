import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readScrapeConfig } from '../config/read-config.ts';
import { HttpClient } from './http-client.ts';
import { isDirect } from './is-direct.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((closed) => void server.close(() => closed()));
  });
  return (server.address() as AddressInfo).port;
}
const serve = (listener: RequestListener): Promise<number> => listen(createServer(listener));

function clientOf(keys: string): HttpClient {
  const config = readScrapeConfig(`scrape_configs: [{ job_name: a, ${keys} }]`, '/');
  if (!config.ok) throw new Error(config.error);
  expect(config.value.warnings).toEqual([]);
  const client = new HttpClient(config.value.jobs[0]!.http);
  closers.push(() => client.close());
  return client;
}
async function asked(client: HttpClient, url: string): Promise<string> {
  const signal = new AbortController().signal;
  const answer = await client.get(url, { headers: {}, timeoutMs: 5000, bodyLimitBytes: 1e6, signal });
  return answer.ok ? answer.value.body.toString('utf8') : `fault: ${answer.error}`;
}
async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const part of request) text += String(part);
  return new URLSearchParams(text);
}

describe('oauth2', () => {
  /** A server of tokens and one that asks for them. */
  async function start(options: { secretIn?: 'header' | 'form'; lifeS?: number } = {}) {
    const seen = { tokens: 0, forms: [] as string[], accepted: new Set<string>() };
    const tokens = await serve((request, response) => {
      void formOf(request).then((form) => {
        seen.forms.push(form.toString());
        const inHeader = request.headers.authorization === `Basic ${Buffer.from('me%40x:s%3Acret').toString('base64')}`;
        const inForm = form.get('client_id') === 'me@x' && form.get('client_secret') === 's:cret';
        if (options.secretIn === 'form' ? !inForm : !inHeader) return response.writeHead(401).end('{}');
        const token = `t${++seen.tokens}`;
        seen.accepted.add(`Bearer ${token}`);
        return response.end(
          JSON.stringify({ access_token: token, token_type: 'bearer', expires_in: options.lifeS ?? 3600 }),
        );
      });
    });
    const target = await serve((request, response) => {
      const given = request.headers.authorization ?? '';
      if (!seen.accepted.has(given)) return void response.writeHead(401).end();
      response.end(given);
    });
    const oauth2 = `oauth2: { client_id: me@x, client_secret: 's:cret', token_url: 'http://127.0.0.1:${tokens}/t', scopes: [a, b], endpoint_params: { audience: z } }`;
    return { client: clientOf(oauth2), url: `http://127.0.0.1:${target}/`, seen };
  }

  test('a token is fetched once for all who wait, and kept', async () => {
    const { client, url, seen } = await start();
    expect(await Promise.all([asked(client, url), asked(client, url)])).toEqual(['Bearer t1', 'Bearer t1']);
    expect(await asked(client, url)).toBe('Bearer t1');
    expect(seen.forms).toEqual(['grant_type=client_credentials&scope=a+b&audience=z']);
  });
  test('one that is refused is fetched anew with the next request, and one that ends is too', async () => {
    const { client, url, seen } = await start();
    await asked(client, url);
    seen.accepted.clear();
    expect(await asked(client, url)).toBe('fault: it answered 401');
    expect(await asked(client, url)).toBe('Bearer t2');
    const short = await start({ lifeS: 5 });
    expect([await asked(short.client, short.url), await asked(short.client, short.url)]).toEqual([
      'Bearer t1',
      'Bearer t2',
    ]);
  });
  test('a server that wants the secret in the form gets it there, and is remembered', async () => {
    const { client, url, seen } = await start({ secretIn: 'form', lifeS: 5 });
    expect(await asked(client, url)).toBe('Bearer t1');
    expect(await asked(client, url)).toBe('Bearer t2');
    expect(seen.forms).toHaveLength(3);
  });
  test('no token is a fault without the secret', async () => {
    const tokens = await serve((_, response) => response.writeHead(500).end('s3cret'));
    const client = clientOf(
      `oauth2: { client_id: a, client_secret: s3cret, token_url: 'http://127.0.0.1:${tokens}/' }`,
    );
    expect(await asked(client, 'http://127.0.0.1:1/')).toBe('fault: no token: it answered 500');
    const empty = await serve((_, response) => response.end('{"token":"x"}'));
    const other = clientOf(`oauth2: { client_id: a, client_secret: s3cret, token_url: 'http://127.0.0.1:${empty}/' }`);
    expect(await asked(other, 'http://127.0.0.1:1/')).toBe('fault: no token: the answer holds none');
  });
});

describe('a proxy', () => {
  async function startProxy() {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`);
      get(request.url ?? '', (answer) => answer.pipe(response));
    });
    proxy.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      const [host, port] = (request.url ?? '').split(':');
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      closers.push(() => {
        onward.destroy();
        socket.destroy();
      });
    });
    return { port: await listen(proxy), seen };
  }

  test('is asked for http, with its own password, but for what goes directly', async () => {
    const { port, seen } = await startProxy();
    const target = await serve((request, response) => response.end(`at ${request.headers.host}`));
    const auth = Buffer.from('u:p').toString('base64');
    const client = clientOf(`proxy_url: 'http://u:p@127.0.0.1:${port}', no_proxy: 'localhost'`);
    expect(await asked(client, `http://127.0.0.1:${target}/m?a=1`)).toBe(`at 127.0.0.1:${target}`);
    expect(seen).toEqual([`GET http://127.0.0.1:${target}/m?a=1 Basic ${auth}`]);
    expect(await asked(client, `http://localhost:${target}/`)).toBe(`at localhost:${target}`);
    expect(seen).toHaveLength(1);
  });
  test.skipIf(!existsSync('/usr/bin/openssl'))(
    'tunnels https, and the target proves who it is through it',
    async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'sightline-proxy-'));
      closers.push(() => rmSync(folder, { recursive: true }));
      const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
      execFileSync(
        '/usr/bin/openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'rsa:2048',
          '-nodes',
          '-keyout',
          key,
          '-out',
          cert,
          '-days',
          '2',
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=DNS:localhost',
        ],
        { stdio: 'ignore' },
      );
      const tls = { key: readFileSync(key), cert: readFileSync(cert) };
      const target = await listen(createSecureServer(tls, (_, response) => response.end('secret')));
      const { port, seen } = await startProxy();
      const trusting = clientOf(`proxy_url: 'http://127.0.0.1:${port}', tls_config: { ca_file: ${cert} }`);
      expect(await asked(trusting, `https://localhost:${target}/`)).toBe('secret');
      expect(seen).toEqual([`CONNECT localhost:${target}`]);
      expect(await asked(clientOf(`proxy_url: 'http://127.0.0.1:${port}'`), `https://localhost:${target}/`)).toContain(
        'self-signed',
      );
    },
  );
  test.each([
    ['http://a.example/', 'a.example', true],
    ['http://x.a.example/', 'a.example', true],
    ['http://xa.example/', 'a.example', false],
    ['http://a.example/', '.a.example', false],
    ['http://x.a.example/', '.a.example', true],
    ['http://a.example/', 'a.example:81', false],
    ['https://a.example/', 'a.example:443', true],
    ['http://10.1.2.3:9100/', '10.0.0.0/8', true],
    ['http://11.1.2.3/', '10.0.0.0/8', false],
    ['http://10.1.2.3/', '10.1.2.3', true],
    ['http://[fd00::1]/', 'fd00::/16', true],
    ['http://[fd00::1]:80/', '[fd00::1]:80', true],
    ['http://a/', '*', true],
    ['http://a/', '', false],
  ])('%s goes directly with no_proxy %s: %s', (url, name, direct) =>
    expect(isDirect(new URL(url), [name])).toBe(direct),
  );
});
