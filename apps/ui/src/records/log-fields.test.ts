import type { LogRow } from '@sightline/contract';
import { describe, expect, it } from 'vitest';
import { columnValue, freeFields } from './log-fields.ts';
import { prettyBody } from './pretty-body.ts';

describe('prettyBody', () => {
  it.each([
    ['plain words', 'plain words', false],
    ['{"a":1}', '{\n  "a": 1\n}', true],
    ['order taken {"id":7}', 'order taken\n{\n  "id": 7\n}', true],
    ['[1,2]', '[\n  1,\n  2\n]', true],
    ['a {broken', 'a {broken', false],
    ['{}', '{}', false],
    ['', '', false],
  ])('%s', (body, text, json) => expect(prettyBody(body)).toEqual({ text, json }));
  it('leaves what is very long alone', () => {
    const long = `{"a":"${'x'.repeat(300_000)}"}`;
    expect(prettyBody(long).json).toBe(false);
  });
});

it.each([
  ['http.method', '@', 'http.method'],
  ['status', '@', '@status'],
  ['host.name', 'res.', 'res.host.name'],
  ['with blank', '@', ''],
  ['a"b', 'res.', ''],
] as const)('%s is searched as %s%s', (label, prefix, search) => {
  expect(freeFields({ [label]: 'x' }, prefix === '@' ? 'attributes' : 'resource', prefix)[0]?.search).toBe(search);
});

it.each([
  ['site', 'STORE_012'],
  ['trace', 'aa'],
  ['order.id', '7'],
  ['@service', 'own'],
  ['service', 'orders'],
  ['host.name', 'till'],
  ['res.order.id', 'other'],
  ['@host.name', ''],
  ['constructor', ''],
])('the column %s shows %j', (name, value) => {
  const row: LogRow = {
    id: '1-0000000000000001',
    tsNs: '1',
    at: 0,
    receivedAt: 0,
    severity: 'info',
    severityText: '',
    body: '',
    site: 'STORE_012',
    device: '',
    service: 'orders',
    environment: '',
    release: '',
    traceId: 'aa',
    spanId: '',
    correlationId: '',
    eventName: '',
    attributes: { 'order.id': '7', service: 'own' },
    resource: { 'host.name': 'till', 'order.id': 'other' },
  };
  expect(columnValue(row, name)).toBe(value);
});
