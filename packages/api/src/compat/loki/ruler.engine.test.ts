/** Loki's ruler API on a real control plane, asked as `lokitool` and Grafana ask it. */
import { silentLogger, systemClock } from '@sightline/base';
import type { Control } from '@sightline/control';
import { type TestServer, testServers } from '@sightline/control/testing';
import cookie from '@fastify/cookie';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ApiDeps } from '../../route.ts';
import { registerLokiRules } from './rule-routes.ts';

let server: TestServer;
let control: Control;
let app: FastifyInstance;
let organisation: string;
const secrets: Record<string, string> = {};

beforeAll(async () => {
  const [first] = testServers;
  if (!first) throw new Error('no PostgreSQL');
  server = await first.start();
  control = await server.freshControl();
  const make = async (
    name: string,
    of: string,
    permission: 'operate' | 'query' | 'ingest',
    site = '',
  ): Promise<void> => {
    const key = await control.keys.create(of, { name, permissions: [permission], site }, 'test');
    if (key.ok) secrets[name] = key.value.secret;
  };
  const [acme, rival] = await Promise.all([
    control.organisations.ensure('Acme'),
    control.organisations.ensure('Rival'),
  ]);
  if (!acme.ok || !rival.ok) throw new Error('no organisations');
  organisation = acme.value.id;
  await make('operate', organisation, 'operate');
  await make('query', organisation, 'query');
  await make('ingest', organisation, 'ingest');
  await make('bound', organisation, 'operate', 'STORE_001');
  await make('rival', rival.value.id, 'operate');
  app = Fastify();
  await app.register(cookie);
  await registerLokiRules(app, { control, clock: systemClock, logger: silentLogger } as unknown as ApiDeps);
});
beforeEach(async () => {
  for (const { name } of await control.ruleFiles.list(organisation)) await control.ruleFiles.remove(organisation, name);
});
afterAll(async () => {
  await app?.close();
  await control?.close();
  await server?.stop();
});

async function call(method: 'GET' | 'POST' | 'DELETE', path: string, { key = 'operate', body = '' } = {}) {
  const reply = await app.inject({
    method,
    url: path,
    headers: {
      authorization: `Basic ${Buffer.from(`x:${secrets[key] ?? ''}`).toString('base64')}`,
      ...(body === '' ? {} : { 'content-type': 'application/yaml' }),
    },
    ...(body === '' ? {} : { payload: body }),
  });
  return [reply.statusCode, reply.body] as const;
}
const rules = '/loki/api/v1/rules';
const group = (name: string): string =>
  `name: ${name}\nrules:\n  - alert: Jam\n    expr: sum(rate({app="till"}[5m])) > 1\n`;
const done = '{"status":"success","data":null,"errorType":"","error":""}';

describe.each([rules, '/api/prom/rules'])('%s', (at) => {
  test('groups are put, read, replaced and removed', async () => {
    expect(await call('GET', at)).toEqual([404, 'no rule groups found\n']);
    expect(await call('POST', `${at}/My%20Folder`, { body: group('a') })).toEqual([202, done]);
    expect(await call('POST', `${at}/My%20Folder`, { body: group('b') })).toEqual([202, done]);
    expect(await call('POST', `${at}/My%20Folder`, { body: group('a').replace('> 1', '> 2') })).toEqual([202, done]);
    const indented = (text: string): string => text.trimEnd().replaceAll('\n', '\n    ');
    const both = `My Folder:\n  - ${indented(group('a').replace('> 1', '> 2'))}\n  - ${indented(group('b'))}\n`;
    expect(await call('GET', at)).toEqual([200, both]);
    expect(await call('GET', `${at}/My%20Folder`, { key: 'query' })).toEqual([200, both]);
    expect(await call('GET', `${at}/My%20Folder/b`)).toEqual([200, group('b')]);
    expect(await call('GET', at, { key: 'rival' })).toEqual([404, 'no rule groups found\n']);
    expect(await call('DELETE', `${at}/My%20Folder/a`)).toEqual([202, done]);
    expect(await call('DELETE', `${at}/My%20Folder/a`)).toEqual([404, 'group does not exist\n']);
    expect(await call('DELETE', `${at}/My%20Folder`, { key: 'rival' })).toEqual([
      404,
      'group namespace does not exist\n',
    ]);
    expect(await call('DELETE', `${at}/My%20Folder`)).toEqual([202, done]);
    expect(await call('GET', `${at}/My%20Folder/b`)).toEqual([404, 'group does not exist\n']);
  });
});

test('groups put at once into one namespace are all there', async () => {
  const names = Array.from({ length: 8 }, (_, n) => `g${n}`);
  await Promise.all(names.map((name) => call('POST', `${rules}/shops`, { body: group(name) })));
  const [, text] = await call('GET', `${rules}/shops`);
  expect(names.filter((name) => text.includes(`name: ${name}\n`))).toEqual(names);
});

test.each([
  ['an empty body', '', 400, 'the body is empty'],
  ['no group', '- 1', 400, 'expected a rule group'],
  [
    'a query for lines',
    group('a').replace('sum(rate({app="till"}[5m])) > 1', `'{app="till"}'`),
    400,
    'needs a metric query',
  ],
  ['an unquoted brace', group('a').replace('sum(rate({app="till"}[5m])) > 1', '{app="till"}'), 400, 'quotation marks'],
  ['PromQL', group('a').replace('sum(rate({app="till"}[5m])) > 1', 'up == 0'), 400, 'could not parse expression'],
])('%s is refused and changes nothing', async (_, body, status, fault) => {
  await call('POST', `${rules}/shops`, { body: group('good') });
  const [code, text] = await call('POST', `${rules}/shops`, { body });
  expect([code, text.includes(fault)], text).toEqual([status, true]);
  expect(await call('GET', `${rules}/shops/good`)).toEqual([200, group('good')]);
});

test.each([
  ['ingest', 'POST', 403],
  ['query', 'POST', 403],
  ['bound', 'POST', 403],
  ['nobody', 'POST', 401],
  ['query', 'DELETE', 403],
  ['nobody', 'GET', 401],
  ['ingest', 'GET', 403],
] as const)('a key that may %s: %s answers %i', async (key, method, status) => {
  const [code] = await call(method, `${rules}/shops`, { key, body: method === 'POST' ? group('a') : '' });
  expect(code).toBe(status);
  expect(await control.ruleFiles.list(organisation)).toEqual([]);
});

test('a rule file of Prometheus is no namespace, and changes are audited', async () => {
  await control.ruleFiles.put(organisation, 'node.yml', 'groups: [{name: a, rules: []}]', 'ann');
  expect(await call('GET', rules)).toEqual([404, 'no rule groups found\n']);
  expect((await call('DELETE', `${rules}/node.yml`))[0]).toBe(404);
  await call('POST', `${rules}/shops`, { body: group('a') });
  expect(await control.audit.list(organisation, { limit: 1, cursor: '' })).toMatchObject({
    ok: true,
    value: { entries: [{ actor: 'operate', action: 'rule-file.put', subject: 'logql:shops', detail: 'group a' }] },
  });
});
