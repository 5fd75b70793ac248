import { expect, it } from 'vitest';
import { clients, fillSnippet } from './clients.ts';
import { addressOf } from './data.ts';
import { disposition } from './errors.ts';
import { readWhere } from './metrics.ts';

it.each<[string, object]>([
  ['http://localhost:4600', { host: 'localhost', port: '4600', dsn: 'http://k@localhost:4600/7', tls: false }],
  ['https://sight.example', { host: 'sight.example', port: '443', dsn: 'https://k@sight.example/7', tls: true }],
  ['http://10.0.0.1', { host: '10.0.0.1', port: '80', dsn: 'http://k@10.0.0.1/7' }],
  ['https://example.com/sightline', { host: 'example.com', port: '443', dsn: 'https://k@example.com/sightline/7' }],
])('address of %s', (url, expected) => {
  expect(addressOf(url, 'k', 7)).toMatchObject(expected);
});

it('fills each name once and never reads what it put in', () => {
  const address = { ...addressOf('http://h:1', '{dsn}', 1) };
  expect(fillSnippet('{key} {port} {unknown} ${HOME}', address)).toBe('{dsn} 1 {unknown} ${HOME}');
});

it('names each client once and leaves nothing unfilled', () => {
  expect(new Set(clients.map((client) => client.name)).size).toBe(clients.length);
  const address = addressOf('http://localhost:4600', 'sl_key', 1);
  for (const client of clients) {
    expect(fillSnippet(client.snippet, address), client.name).toContain('sl_key');
    expect(fillSnippet(client.install + client.snippet, address), client.name).not.toMatch(/\{[a-z]+\}(?!\})/);
  }
});

it.each<[string, [string, string][] | undefined]>([
  ['', []],
  ['a=b', [['a', 'b']]],
  [
    ' a = b,c=d=e',
    [
      ['a', ' b'],
      ['c', 'd=e'],
    ],
  ],
  [
    String.raw`a=b\,c,d=\\`,
    [
      ['a', 'b,c'],
      ['d', '\\'],
    ],
  ],
  ['a=', [['a', '']]],
  ['a', undefined],
  ['=b', undefined],
  [',', undefined],
])('where %j', (text, expected) => {
  const read = readWhere(text);
  expect(read && [...read]).toEqual(expected);
});

it.each<[string, string]>([
  ['a.txt', `attachment; filename="a.txt"; filename*=UTF-8''a.txt`],
  ['../../etc/passwd', `attachment; filename="passwd"; filename*=UTF-8''passwd`],
  ['a"\r\nset-cookie: x', `attachment; filename="a___set-cookie_ x"; filename*=UTF-8''a%22%0D%0Aset-cookie%3A%20x`],
  ['Foto (1).png', `attachment; filename="Foto _1_.png"; filename*=UTF-8''Foto%20%281%29.png`],
  ['\uD800', `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`],
  ['', `attachment; filename="attachment"; filename*=UTF-8''attachment`],
])('disposition of %j', (name, header) => {
  expect(disposition(name)).toBe(header);
});
