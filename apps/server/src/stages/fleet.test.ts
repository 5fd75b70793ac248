import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { addressReader } from './fleet.ts';

const request = (remoteAddress: string, forwarded?: string | string[]): IncomingMessage =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

test.each([
  ['nobody is trusted', [], '6.6.6.6', '1.2.3.4', '6.6.6.6'],
  ['the proxy is trusted', ['10.0.0.0/8'], '10.0.0.1', '1.2.3.4', '1.2.3.4'],
  ['a client forges what stands before', ['10.0.0.1'], '10.0.0.1', '9.9.9.9, 1.2.3.4', '1.2.3.4'],
  ['two proxies stand in a row', ['10.0.0.0/8'], '10.0.0.1', '1.2.3.4, 10.0.0.2', '1.2.3.4'],
  ['the proxy says nothing', ['10.0.0.1'], '10.0.0.1', undefined, '10.0.0.1'],
  ['the proxy says nonsense', ['10.0.0.1'], '10.0.0.1', 'unknown, x', '10.0.0.1'],
  ['IPv4 comes in IPv6', ['127.0.0.1'], '::ffff:127.0.0.1', '1.2.3.4', '1.2.3.4'],
  ['IPv6 is spoken', ['fd00::/8'], 'fd00::1', '2001:db8::5', '2001:db8::5'],
])('when %s', (_, trusted, remote, forwarded, expected) => {
  expect(addressReader(trusted)(request(remote, forwarded))).toBe(expected);
});
