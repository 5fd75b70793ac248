import { describe, expect, test } from 'vitest';
import { isMetadataAddress } from './addresses.ts';
import { findMonitorType } from './all.ts';
import { hideSecrets, keepSecrets, keptSecret } from './secrets.ts';
import { parseJsonPath, readJsonPath } from './types/http/json-path.ts';
import { parseStatusSet } from './types/http/status-set.ts';

const accepts = (type: string, settings: unknown) => findMonitorType(type)?.settings.safeParse(settings).success;

test.each([
  ['http', { url: 'http://10.0.0.1/x' }, true],
  ['http', { url: 'https://[::1]:8443/' }, true],
  ['http', {}, false],
  ['http', { url: '' }, false],
  ['http', { url: 'ftp://x' }, false],
  ['http', { url: 'file:///etc/passwd' }, false],
  ['http', { url: 'http://x', method: 'TRACE' }, false],
  ['http', { url: 'http://x', headers: { 'a b': 'c' } }, false],
  ['http', { url: 'http://x', headers: { a: 'b\r\nc: d' } }, false],
  ['http', { url: 'http://x', headers: { 'Content-Length': '3' } }, false],
  ['http', { url: 'http://x', status: '' }, false],
  ['http', { url: 'http://x', status: '200-' }, false],
  ['http', { url: 'http://x', status: '999' }, false],
  ['http', { url: 'http://x', jsonPath: '$..a' }, false],
  ['http', { url: 'http://x', jsonPath: '$[*]' }, false],
  ['tcp', { host: 'db', port: 5432 }, true],
  ['tcp', { host: '', port: 1 }, false],
  ['tcp', { host: 'a b', port: 1 }, false],
  ['tcp', { host: 'x', port: 0 }, false],
  ['tcp', { host: 'x', port: 65_536 }, false],
  ['tcp', { host: 'x', port: 1.5 }, false],
  ['heartbeat', {}, true],
  ['heartbeat', { graceMs: -1 }, false],
])('%s settings %j: %s', (type, settings, good) => {
  expect(accepts(type, settings)).toBe(good);
});

describe('JSON paths', () => {
  test.each([
    ['', { a: 1 }, { a: 1 }],
    ['$', 7, 7],
    ['$.a.b', { a: { b: 2 } }, 2],
    ['a[1].b', { a: [0, { b: 3 }] }, 3],
    ['$["a.b"]', { 'a.b': 4 }, 4],
    ["$['it\\'s']", { "it's": 5 }, 5],
    ['$.a', null, undefined],
    ['$.a.b.c', { a: 1 }, undefined],
    ['$.__proto__', {}, undefined],
    ['$.length', 'text', undefined],
  ])('%s of %j is %j', (path, value, expected) => {
    const steps = parseJsonPath(path);
    expect(steps.ok && readJsonPath(value, steps.value)).toEqual(expected);
  });
  test.each(['$.', '$..a', 'a b', '$[x]', '$[1', 'a]', '.'.repeat(500)])('%s is refused', (path) => {
    expect(parseJsonPath(path).ok).toBe(false);
  });
});

test.each([
  ['200-299', 204, true],
  ['200-299', 300, false],
  ['200, 401', 401, true],
  ['3xx', 308, true],
  ['3XX', 404, false],
])('statuses %s: %i is %s', (text, status, good) => {
  const read = parseStatusSet(text);
  expect(read.ok && read.value(status)).toBe(good);
});

test.each([
  ['169.254.169.254', true],
  ['169.254.1.1', true],
  ['::ffff:169.254.169.254', true],
  ['::ffff:a9fe:a9fe', true],
  ['64:ff9b::a9fe:a9fe', true],
  ['[fd00:ec2::254]', true],
  ['fe80::1%eth0', true],
  ['100.100.100.200', true],
  ['10.0.0.1', false],
  ['192.168.1.1', false],
  ['127.0.0.1', false],
  ['::1', false],
  ['shop.example', false],
])('%s is a metadata address: %s', (address, refused) => {
  expect(isMetadataAddress(address)).toBe(refused);
});

describe('secrets in settings', () => {
  const kept = { url: 'https://shop.example/a', headers: { Authorization: 'Bearer x', Accept: 'text/html' } };
  test('are hidden, and come back when the form did not change them', () => {
    const shown = hideSecrets(kept);
    expect(shown).toEqual({ ...kept, headers: { Authorization: keptSecret, Accept: 'text/html' } });
    expect(keepSecrets({ ...shown, url: 'https://shop.example/b' }, kept)).toMatchObject({ headers: kept.headers });
  });
  test('do not go where they did not go before', () => {
    const elsewhere = keepSecrets({ ...hideSecrets(kept), url: 'https://evil.example/a' }, kept);
    expect(JSON.stringify(elsewhere)).not.toContain('Bearer x');
  });
  test('the password of an address is hidden and kept as well', () => {
    const address = { url: 'https://ada:s%3Acret@shop.example/a' };
    const shown = hideSecrets(address);
    expect(shown).toEqual({ url: `https://ada:${keptSecret}@shop.example/a` });
    expect(keepSecrets(shown, address)).toEqual(address);
    expect(keepSecrets({ url: `https://ada:${keptSecret}@evil.example/` }, address)).toEqual({
      url: 'https://ada:@evil.example/',
    });
    expect(keepSecrets({ url: 'https://ada:new@shop.example/a' }, address)).toEqual({
      url: 'https://ada:new@shop.example/a',
    });
  });
});
