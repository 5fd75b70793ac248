import type { FullSpan } from '@sightline/query';
import { expect, test } from 'vitest';
import { zipkinSpan } from './span-json.ts';

const span = (more: object): FullSpan =>
  ({
    traceId: 'ab'.repeat(16),
    spanId: '01'.repeat(8),
    parentId: '',
    name: 'get',
    kind: 'client',
    startNs: '1700000000000000999',
    durationNs: 0,
    service: 'shop',
    status: 'unset',
    statusMessage: '',
    scopeName: '',
    resource: {},
    attributes: {},
    events: [],
    links: [],
    ...more,
  }) as unknown as FullSpan;

test.each<[string, object, object]>([
  ['an id of 64 bits stays one', { traceId: `${'0'.repeat(16)}${'cd'.repeat(8)}` }, { traceId: 'cd'.repeat(8) }],
  ['an id of 128 bits is whole', {}, { traceId: 'ab'.repeat(16) }],
  ['no length is the least', {}, { timestamp: 1_700_000_000_000_000, duration: 1 }],
  [
    'whom a client calls',
    { attributes: { 'server.address': 'db', 'server.port': '5432' } },
    { remoteEndpoint: { serviceName: 'db', port: 5432 } },
  ],
  [
    'the name of a service goes before its address',
    { attributes: { 'server.address': 'db', 'peer.service': 'stock' } },
    { remoteEndpoint: { serviceName: 'stock' } },
  ],
  ['a failure without a word', { status: 'error' }, { tags: { error: 'true', 'otel.status_code': 'ERROR' } }],
])('%s', (_, given, expected) => expect(zipkinSpan(span(given))).toMatchObject(expected));

test.each(['internal', 'unspecified'])('a span of kind %s has none in Zipkin', (kind) =>
  expect(zipkinSpan(span({ kind, attributes: { 'server.address': 'db' } }))).not.toHaveProperty('kind'),
);
test('a server is not where it was called at', () =>
  expect(zipkinSpan(span({ kind: 'server', attributes: { 'server.address': 'shop' } }))).not.toHaveProperty(
    'remoteEndpoint',
  ));
