import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { openControl, type Control, type Role } from '@sightline/control';
import { organisationOf } from '@sightline/control/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerApi } from '../register-api.ts';
import { depsOf } from '../test-support/deps-of.ts';
import { signedIn, type SignedIn } from '../test-support/signed-in.ts';

let folder: string;
let control: Control;
let app: FastifyInstance;
let one: string;
const people = new Map<string, SignedIn>();
async function person(name: string, organisation: string, role: Role): Promise<void> {
  people.set(name, await signedIn(control, name, organisation, role));
}

async function call(who: string, method: 'GET' | 'PUT' | 'DELETE', content?: string) {
  const reply = await app.inject({
    method,
    url: '/api/v1/scrape-configuration',
    ...(people.get(who)?.carries ?? { headers: { authorization: `Bearer ${who}` } }),
    ...(content === undefined ? {} : { payload: { content } }),
  });
  return { status: reply.statusCode, body: reply.json<Record<string, unknown>>() };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sl-api-scraping-'));
  control = await openControl({ dataFolder: folder, logger: silentLogger, clock: systemClock });
  one = await organisationOf(control, 'One');
  await person('admin', one, 'admin');
  await person('responder', one, 'responder');
  await person('stranger', await organisationOf(control, 'Two'), 'owner');
  app = Fastify();
  await registerApi(app, depsOf({ control }));
});
afterAll(async () => {
  await app.close();
  await control.close();
  await rm(folder, { recursive: true, force: true });
});

const config = `scrape_configs:
  - job_name: node
    bearer_token: geheim123
    static_configs: [{ targets: ['10.0.0.5:9100'] }]
`;

describe('the scrape configuration of an organisation', () => {
  it('is written, shown without its secrets, changed without losing them, and deleted; all of it is audited', async () => {
    expect(await call('responder', 'GET')).toMatchObject({ status: 200, body: { content: '', updatedAt: null } });
    expect(await call('admin', 'PUT', config)).toEqual({ status: 200, body: { jobs: 1, warnings: [] } });
    const shown = await call('responder', 'GET');
    expect(shown.body).toMatchObject({ updatedBy: 'admin@example.com' });
    const text = String(shown.body['content']);
    expect(text).toContain('bearer_token: <secret>');
    expect(text).not.toContain('geheim123');
    expect(await call('admin', 'PUT', `${text}    scrape_intervall: 5s\n`)).toMatchObject({
      status: 200,
      body: { warnings: ['scrape_configs[node].scrape_intervall is not understood and left out'] },
    });
    expect((await control.scrapeConfigurations.find(one))?.content).toContain('geheim123');
    const elsewhere = text.replace('10.0.0.5', 'evil.example');
    const refused = await call('admin', 'PUT', elsewhere);
    expect([refused.status, refused.body['detail']]).toEqual([
      422,
      expect.stringContaining('scrape_configs.node.bearer_token: static_configs has changed'),
    ]);
    expect((await control.scrapeConfigurations.find(one))?.content).not.toContain('evil.example');
    expect((await call('admin', 'PUT', elsewhere.replace('<secret>', 'neu12345'))).status).toBe(200);
    expect((await call('stranger', 'GET')).body).toMatchObject({ content: '' });
    expect((await call('stranger', 'DELETE')).status).toBe(404);
    expect((await call('admin', 'DELETE')).status).toBe(200);
    const audit = await control.audit.list(one, { limit: 10, cursor: '' });
    if (!audit.ok) throw new Error('no audit');
    expect(audit.value.entries.map(({ action }) => action).slice(0, 3)).toEqual([
      'scrape-configuration.delete',
      'scrape-configuration.put',
      'scrape-configuration.put',
    ]);
  });

  it.each([
    ['scrape_configs: [{}]', 'job_name is missing'],
    ['scrape_configs: [{ job_name: a, bearer_token_file: /etc/shadow }]', 'bearer_token_file names a file'],
    ['scrape_configs: [{ job_name: a, bearer_token: <secret> }]', 'stands for a secret that is not known'],
    [`scrape_configs: [${Array.from({ length: 501 }, (_, n) => `{ job_name: j${n} }`).join()}]`, 'at most 500 jobs'],
  ])('%.80s is refused with its place', async (text, detail) => {
    const refused = await call('admin', 'PUT', text);
    expect(refused.status).toBe(422);
    expect(refused.body['detail']).toContain(detail);
    expect(await control.scrapeConfigurations.find(one)).toBeUndefined();
  });

  it('is changed by admins alone, and not with a key that is bound to a site', async () => {
    expect((await call('responder', 'PUT', config)).status).toBe(403);
    expect((await call('responder', 'DELETE')).status).toBe(403);
    const key = await control.keys.create(
      one,
      { name: 'k', permissions: ['query', 'operate'], site: 'STORE_001', device: '', service: '', environment: '' },
      'test',
    );
    if (!key.ok) throw new Error(key.error.message);
    await control.scrapeConfigurations.put(one, config, 'test');
    expect((await call(key.value.secret, 'PUT', config)).status).toBe(403);
    expect((await call(key.value.secret, 'GET')).status).toBe(403);
  });
});
