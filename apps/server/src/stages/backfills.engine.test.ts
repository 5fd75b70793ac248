import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, type Logger, silentLogger, systemClock } from '@sightline/base';
import type { Control, ScrubBackfill, ScrubBackfills } from '@sightline/control';
import { organisationOf, testServers, type TestServer } from '@sightline/control/testing';
import { createFunctions } from '@sightline/ingest';
import { readScrubReport } from '@sightline/query';
import { type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Closers } from '../closers.ts';
import { openBackfills } from './backfills.ts';

const dayMs = 86_400_000;
const folder = mkdtempSync(path.join(tmpdir(), 'sightline-backfills-'));
/** The system's time and what a test adds to it. */
let skewMs = 0;
const clock: Clock = { now: () => Date.now() + skewMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
const today = new Date().toISOString().slice(0, 10);
const yesterday = new Date(Date.now() - dayMs).toISOString().slice(0, 10);
const before = new Date(Date.now() - 2 * dayMs).toISOString().slice(0, 10);

let server: TestServer;
let control: Control;
let store: EmbeddedStore;
let acme: string;
let other: string;
let token = 0;

beforeAll(async () => {
  server = await testServers[0]!.start();
  control = await server.freshControl(clock);
  acme = await organisationOf(control, 'acme');
  other = await organisationOf(control, 'other');
  store = await openMigratedStore(folder);
  await createFunctions(store);
});
afterAll(async () => {
  await store?.close();
  await control?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tables = ['logs', 'restored_logs', 'spans', 'errors', 'feedback', 'checks', 'sessions'] as const;
const derived = ['issues', 'operations', 'operation_hours', 'calls', 'call_hours', 'edges'] as const;
beforeEach(async () => {
  for (const table of [...tables, ...derived, 'scrubbed']) await store.execute(`TRUNCATE TABLE ${table}`);
  faults.length = 0;
});

/** Made up, and of each kind that is always looked for; ORD-4711 is for a rule of the organisation. */
const planted = {
  email: 'bob@shop.example',
  pan: '4111111111111111',
  ip: '203.0.113.77',
  token: 'ghp_abcdefghijklmnopqrstuvwxyz0123',
  password: 'hunter2secret',
  order: 'ORD-4711',
  user: 'user-31337',
};
const { email, pan, ip, order, user } = planted;

const insert = (table: string, columns: Readonly<Record<string, string>>): Promise<void> =>
  store.execute(
    `INSERT INTO ${table} (${Object.keys(columns).join(', ')}) SELECT ${Object.values(columns).join(', ')}`,
    {},
    { settings: { insert_deduplication_token: `b${token++}` } },
  );
const at = (day: string, time = '10:00:00'): string => `toDateTime64('${day} ${time}', 9)`;

/** The same records for an organisation on a day: some with personal data as they came before there was a rule, some without. */
async function stored(organisation: string, day: string): Promise<void> {
  const base = { organisation: `'${organisation}'`, site: `'STORE_1'`, service: `'pos'`, ts: at(day) };
  const received = { received_at: at(day) };
  const log = {
    ...base,
    ...received,
    body: `'paid by ${email} with ${pan} from ${ip} for ${order}, https://bob:${planted.password}@bank.example/x'`,
    device: `'${ip}'`,
    correlation_id: `'${order}'`,
    attrs: `map('user.id', '${user}', 'note', 'Bearer ${planted.token}', 'correlation.id', '${order}')`,
    res: `map('host.name', '${ip}', 'owner', '${email}')`,
  };
  await insert('logs', log);
  await insert('logs', log);
  await insert('logs', { ...base, ...received, body: `'nothing to see'`, attrs: `map('a', 'b\\n"c"')` });
  await insert('restored_logs', { ...log, restore: `'restore_1'`, class: `'default'` });
  await insert('spans', {
    ...base,
    ...received,
    name: `'POST /orders/${order}'`,
    kind: '3',
    status_message: `'no answer for ${email}'`,
    attrs: `map('db.system.name', 'postgresql', 'db.namespace', '${email}', 'db.query.text', 'SELECT 1 AS ${order.replace('-', '_')}', 'user.id', '${user}')`,
    res: `map('host.name', '${ip}')`,
    '`events.ts`': `[${at(day)}, ${at(day)}]`,
    '`events.name`': `['mailed ${email}', 'plain']`,
    '`events.attrs`': `[map('to', '${email}', 'plain', 'x'), map('order', '${order}')]`,
    '`links.trace_id`': `[toFixedString('0123456789abcdef', 16)]`,
    '`links.span_id`': `[toFixedString('01234567', 8)]`,
    '`links.attrs`': `[map('card', '${pan}')]`,
  });
  await insert('spans', { ...base, ...received, name: `'GET /health'`, kind: '2' });
  const payload = JSON.stringify({
    message: `failed for ${email}`,
    user: { id: user, ip_address: ip },
    tags: { order },
    extra: { card: pan, n: 12.5, list: [1, true, null, 'ünï "q" \n'] },
  });
  await insert('errors', {
    ...base,
    ...received,
    event_id: `'e1'`,
    issue: '77',
    type: `'Error'`,
    message: `'failed for ${email}'`,
    culprit: `'pay ${order}'`,
    transaction: `'/pay/${order}'`,
    user_id: `'${user}'`,
    order_id: `'${order}'`,
    tags: `map('order', '${order}')`,
    payload: `'${payload.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  });
  await insert('errors', {
    ...base,
    ...received,
    event_id: `'e2'`,
    issue: '78',
    message: `'plain'`,
    payload: `'{"a":1.50}'`,
  });
  await insert('feedback', {
    ...base,
    ts: `toDateTime64('${day} 10:00:00', 3)`,
    event_id: `'f1'`,
    name: `'Bob'`,
    contact: `'${email}, order ${order}'`,
    message: `'my order ${order}, mail ${email}'`,
    url: `'https://shop.example/?mail=${email}'`,
  });
  await insert('checks', {
    organisation: base.organisation,
    monitor: `'m'`,
    ts: `toDateTime64('${day} 10:00:00', 3)`,
    message: `'no answer from ${ip}'`,
  });
  await insert('sessions', {
    ...base,
    ts: `toDateTime64('${day} 10:00:00', 3)`,
    session_id: `'s'`,
    user_id: `'${user}'`,
  });
  await insert('edges', {
    organisation: base.organisation,
    minute: `toDateTime('${day} 10:00:00')`,
    caller: `'pos'`,
    callee: `'db'`,
    peer: `'${ip}:5432'`,
    calls: '3',
  });
}

const rules = {
  off: [],
  custom: [{ name: 'order-no', pattern: 'ORD[-_]\\d+', fields: [], replacement: 'hash' as const }],
  allow: [{ field: 'host.name', detectors: ['ip' as const] }],
  userIds: { hash: true, fields: ['user.id'], rotateDays: 90 },
};
async function withRules(): Promise<void> {
  skewMs -= 3_600_000;
  await control.scrubbing.save(acme, rules, 'ann', clock.now());
  skewMs += 3_600_000;
}

const faults: string[] = [];
/** A run that cannot go on says why. */
const loud: Logger = {
  ...silentLogger,
  with: () => loud,
  warn: (message, fields) => {
    faults.push(`${message} ${String((fields?.['error'] as Error | undefined)?.message)}`.slice(0, 1500));
  },
};

type Step = ReturnType<typeof openBackfills>;
const stepOn = (backfills: ScrubBackfills): Step =>
  openBackfills(
    {
      stores: { store, engine: store, control: { ...control, scrubBackfills: backfills } },
      clock,
      logger: loud,
      closers: new Closers(silentLogger),
    },
    { waitingSinceMs: () => undefined },
    undefined,
    undefined,
  );
const newest = async (): Promise<ScrubBackfill> => (await control.scrubBackfills.list(acme, 1))[0] as ScrubBackfill;
async function ran(kind: 'preview' | 'run', fromDay = before, toDay = today): Promise<ScrubBackfill> {
  const added = await control.scrubBackfills.add(acme, { kind, fromDay, toDay }, 'ann@acme.test');
  if (!added.ok) throw new Error(added.error.message);
  const step = stepOn(control.scrubBackfills);
  for (let i = 0; i < 20 && faults.length === 0 && ['waiting', 'running'].includes((await newest()).state); i++) {
    await step.catchUp();
    skewMs += 6000;
  }
  expect(faults).toEqual([]);
  return newest();
}

/** Tables in which one of the values stands in any column of the organisation's rows. */
async function placesOf(values: readonly string[], organisation = acme): Promise<string[]> {
  const places: string[] = [];
  for (const table of [...tables, ...derived]) {
    const aggregated = table === 'issues' ? 'message, culprit' : '*';
    const [row] = await store.query<{ n: number }>(
      `SELECT toFloat64(count()) AS n FROM ${table} WHERE organisation = {organisation:String} AND multiSearchAny(formatRow('JSONEachRow', ${aggregated}), {values:Array(String)})`,
      { organisation, values: [...values] },
    );
    if ((row?.n ?? 0) > 0) places.push(table);
  }
  return places;
}
/** Every column of the rows that nothing is to be changed in. */
const neighbours = async (): Promise<unknown[]> =>
  Promise.all(
    [
      `SELECT * FROM logs WHERE organisation = '${other}' OR body = 'nothing to see' ORDER BY organisation, ts, body`,
      `SELECT * FROM spans WHERE organisation = '${other}' OR name = 'GET /health' ORDER BY organisation, ts, name`,
      `SELECT * FROM errors WHERE organisation = '${other}' OR event_id = 'e2' ORDER BY organisation, ts, event_id`,
      `SELECT * FROM feedback WHERE organisation = '${other}' ORDER BY ts`,
      `SELECT * FROM restored_logs WHERE organisation = '${other}' ORDER BY ts`,
      `SELECT * FROM operations WHERE organisation = '${other}' OR name = 'GET /health' ORDER BY ALL`,
    ].map((sql) => store.query(sql)),
  );
const sums = (): Promise<unknown> =>
  Promise.all(
    ['operations', 'operation_hours', 'calls', 'call_hours', 'edges', 'edge_hours'].map((table) =>
      store.query(
        `SELECT '${table}' AS of, toFloat64(sum(calls)) AS n FROM ${table} WHERE organisation = {acme:String}`,
        { acme },
      ),
    ),
  );

test(
  'planted values vanish from every column, counts agree, neighbours stay, a second run changes nothing',
  { timeout: 300_000 },
  async () => {
    for (const organisation of [acme, other]) for (const day of [yesterday, today]) await stored(organisation, day);
    await withRules();
    const everything = Object.values(planted);
    expect((await placesOf(everything)).length).toBeGreaterThan(10);
    const untouched = await neighbours();
    const counted = await sums();

    const preview = await ran('preview');
    expect(preview).toMatchObject({ state: 'done', detail: '' });
    expect(preview.examples.length).toBeGreaterThan(3);
    expect(JSON.stringify(preview)).not.toMatch(new RegExp(everything.join('|')));
    expect((await placesOf(everything)).length).toBeGreaterThan(10);

    const run = await ran('run');
    expect(run).toMatchObject({ state: 'done', detail: '', rowsChanged: preview.rowsChanged, rowsHeld: 0 });
    expect(run.counts).toEqual(preview.counts);
    const { email: mail, pan: card, token: secret, password, order: number } = planted;
    expect(await placesOf([card, secret, password, number, user])).toEqual([]);
    // A person's contact, and a field that may keep its address.
    expect(await placesOf([mail])).toEqual(['feedback']);
    expect(await placesOf([ip])).toEqual(['logs', 'restored_logs', 'spans']);
    expect(await neighbours()).toEqual(untouched);
    expect(await sums()).toEqual(counted);
    expect((await placesOf([pan], other)).length).toBeGreaterThan(3);

    // Two logs on each of two days, each with one address, one card, one order number in three places.
    const removed = (signal: string, rule: string): number | undefined =>
      run.counts.find((count) => count.signal === signal && count.rule === rule)?.removed;
    expect(
      ['email', 'pan', 'ip', 'password', 'token', 'user', 'order-no'].map((rule) => removed('logs', rule)),
    ).toEqual([8, 4, 4, 4, 4, 4, 12]);
    expect(run.days).toEqual({ [yesterday]: 2, [today]: 2 });
    const [log] = await store.query<Record<string, unknown>>(
      `SELECT body, device, correlation_id, attrs, res FROM logs WHERE organisation = {acme:String} AND body != 'nothing to see' LIMIT 1`,
      { acme },
    );
    expect(log).toMatchObject({ device: ip, res: { 'host.name': ip, owner: '<email>' } });
    expect(log?.['body']).toMatch(
      /^paid by <email> with <pan> from <ip> for <rule:order-no:[a-p]{16}>, https:\/\/bob:<password>@bank\.example\/x$/,
    );
    expect(log?.['correlation_id']).toMatch(/^<rule:order-no:[a-p]{16}>$/);
    expect(log?.['attrs']).toMatchObject({ 'user.id': expect.stringMatching(/^<user:[a-p]{16}>$/) });
    const [error] = await store.query<{ payload: string }>(
      `SELECT payload FROM errors WHERE organisation = {acme:String} AND event_id = 'e1' LIMIT 1`,
      { acme },
    );
    expect(JSON.parse(error?.payload ?? '')).toMatchObject({
      message: 'failed for <email>',
      extra: { card: '<pan>', n: 12.5, list: [1, true, null, 'ünï "q" \n'] },
    });
    const [span] = await store.query<Record<string, string>>(
      `SELECT name, peer, statement, action FROM spans WHERE organisation = {acme:String} AND kind = 3 LIMIT 1`,
      { acme },
    );
    expect(span).toMatchObject({ peer: 'postgresql/<email>', action: 'SELECT' });
    // Search by the words of before finds nothing, by those of now it does.
    const searched = async (word: string): Promise<string> =>
      (
        await store.query<{ n: string }>(
          `SELECT toString(count()) AS n FROM logs WHERE organisation = {acme:String} AND hasToken(lowerUTF8(body), {word:String})`,
          { acme, word },
        )
      )[0]?.n ?? '';
    expect([await searched('hunter2secret'), await searched('4711'), await searched('email')]).toEqual(['0', '0', '4']);

    const report = await readScrubReport(store, {
      organisation: acme,
      fromMs: Date.now() - 3_600_000,
      toMs: clock.now() + 3_600_000,
      rowsAtMost: 500,
    });
    expect(
      report.rows
        .filter(({ signal }) => signal === 'logs (backfill)')
        .map(({ rule, site, service, removed: n }) => [rule, site, service, n]),
    ).toContainEqual(['order-no', 'STORE_1', 'pos', 12]);
    const audited = await control.audit.list(acme, { limit: 10, cursor: '' });
    expect(audited.ok && audited.value.entries[0]).toMatchObject({
      action: 'personal-data.backfill-end',
      actor: 'ann@acme.test',
      subject: run.id,
    });

    const again = await ran('run');
    expect(again).toMatchObject({ state: 'done', rowsChanged: 0, counts: [] });
    expect(await neighbours()).toEqual(untouched);
    const [left] = await store.query<{ n: string }>(
      `SELECT toString(count()) AS n FROM system.tables WHERE startsWith(name, 'scrub_stage_')`,
    );
    expect(left?.n).toBe('0');
  },
);

/** Control's notes of runs, of a process that dies at `moment`: from then on nothing is answered. */
function dying(moment: 'before writing' | 'after writing'): ScrubBackfills {
  let dead = false;
  const gone = new Error('gone');
  const book = control.scrubBackfills;
  return new Proxy(book, {
    get: (of, name: keyof ScrubBackfills) => {
      return async (...args: unknown[]) => {
        if (dead) throw gone;
        const dies = name === (moment === 'before writing' ? 'pending' : 'advance') && (await newest()).kind === 'run';
        const changed = dies && (args[1] as { changed: number }).changed > 0;
        if (changed && moment === 'after writing') {
          dead = true;
          throw gone;
        }
        const answer = await (of[name] as (...all: unknown[]) => Promise<unknown>)(...args);
        if (changed) {
          dead = true;
          throw gone;
        }
        return answer;
      };
    },
  });
}

test.each(['before writing', 'after writing'] as const)(
  'a process that dies %s is followed by another: each row and each count once',
  { timeout: 300_000 },
  async (moment) => {
    for (const day of [yesterday, today]) await stored(acme, day);
    const preview = await ran('preview');
    const added = await control.scrubBackfills.add(acme, { kind: 'run', fromDay: before, toDay: today }, 'ann');
    expect(added.ok).toBe(true);
    await expect(stepOn(dying(moment)).catchUp()).rejects.toThrow('gone');
    expect(faults.splice(0).length).toBeGreaterThan(0);
    expect(await newest()).toMatchObject({ state: 'running', pending: { unit: expect.stringMatching(/^a00 /) } });
    // Until its claim ends nobody else takes it.
    expect(await stepOn(control.scrubBackfills).catchUp()).toBe(false);
    // Another record with personal data comes in between into the day that is being written.
    await insert('logs', {
      organisation: `'${acme}'`,
      site: `'STORE_2'`,
      service: `'pos'`,
      ts: at(yesterday, '23:59:00'),
      received_at: at(yesterday),
      body: `'plain'`,
    });
    const step = stepOn(control.scrubBackfills);
    for (let i = 0; i < 20 && ['waiting', 'running'].includes((await newest()).state); i++) {
      skewMs += 61_000;
      await step.catchUp();
    }
    expect(faults).toEqual([]);
    const run = await newest();
    expect(run).toMatchObject({ state: 'done', rowsChanged: preview.rowsChanged });
    expect(run.counts).toEqual(preview.counts);
    expect(await placesOf([pan, planted.token, planted.password])).toEqual([]);
    const report = await readScrubReport(store, {
      organisation: acme,
      fromMs: Date.now() - 3_600_000,
      toMs: clock.now() + 3_600_000,
      rowsAtMost: 500,
    });
    const reported = report.rows.filter(({ signal }) => signal.endsWith('(backfill)'));
    expect(reported.reduce((sum, { removed }) => sum + removed, 0)).toBe(
      run.counts.reduce((sum, { removed }) => sum + removed, 0),
    );
    const [rows] = await store.query<{ n: string; distinct: string }>(
      `SELECT toString(count()) AS n FROM logs WHERE organisation = {acme:String}`,
      { acme },
    );
    expect(rows?.n).toBe('7');
  },
);

test(
  'what a legal hold keeps stays as it is and is counted; who stops a run can let it go on',
  { timeout: 300_000 },
  async () => {
    for (const day of [yesterday, today]) await stored(acme, day);
    const held = await control.retention.holds.place(
      acme,
      { name: 'case 12', reason: 'court', query: '', class: '', site: 'STORE_1', from: Date.parse(today), to: null },
      'ann',
    );
    if (!held.ok) throw new Error(held.error.message);
    const preview = await ran('preview');
    expect(preview.rowsHeld).toBe(2);
    const run = await ran('run');
    expect(run).toMatchObject({ state: 'done', rowsHeld: 2, rowsChanged: preview.rowsChanged });
    const days = await store.query<{ day: string; n: string }>(
      `SELECT toString(toDate(ts)) AS day, toString(countIf(position(body, '${pan}') > 0)) AS n FROM logs WHERE organisation = {acme:String} GROUP BY day ORDER BY day`,
      { acme },
    );
    expect(days).toEqual([
      { day: yesterday, n: '0' },
      { day: today, n: '2' },
    ]);
    await control.retention.holds.lift(acme, held.value.id, 'closed', 'ann');

    const added = await control.scrubBackfills.add(acme, { kind: 'run', fromDay: before, toDay: today }, 'ann');
    if (!added.ok) throw new Error(added.error.message);
    // One at a time, and no other organisation's.
    expect(await control.scrubBackfills.add(acme, { kind: 'run', fromDay: before, toDay: today }, 'ann')).toMatchObject(
      { ok: false },
    );
    expect(await control.scrubBackfills.stop(other, added.value.id)).toMatchObject({ ok: false });
    await control.scrubBackfills.stop(acme, added.value.id);
    await stepOn(control.scrubBackfills).catchUp();
    expect(await newest()).toMatchObject({ state: 'stopped' });
    expect(await placesOf([pan])).toContain('logs');
    expect(await control.scrubBackfills.resume(acme, added.value.id)).toMatchObject({ ok: true });
    await stepOn(control.scrubBackfills).catchUp();
    expect(await newest()).toMatchObject({ state: 'done', rowsHeld: 0 });
    expect(await placesOf([pan])).toEqual([]);

    // Rules that are changed meanwhile end it: its report would speak of two kinds of rules.
    await control.scrubBackfills.add(acme, { kind: 'run', fromDay: before, toDay: today }, 'ann');
    skewMs += 1000;
    await control.scrubbing.save(acme, { ...rules, custom: [] }, 'ann', clock.now());
    await stepOn(control.scrubBackfills).catchUp();
    expect(await newest()).toMatchObject({ state: 'stopped', detail: expect.stringContaining('rules were changed') });
    // As they were, and long enough ago to hold.
    skewMs += 3_600_000;
    await withRules();
  },
);

test('a hold that comes when a batch was noted and not yet written keeps its rows', { timeout: 300_000 }, async () => {
  await stored(acme, yesterday);
  const added = await control.scrubBackfills.add(acme, { kind: 'run', fromDay: yesterday, toDay: today }, 'ann');
  expect(added.ok).toBe(true);
  await expect(stepOn(dying('before writing')).catchUp()).rejects.toThrow('gone');
  expect(faults.splice(0).length).toBeGreaterThan(0);
  expect((await newest()).pending).toMatchObject({ unit: expect.stringMatching(/^a00 /), changed: 2, held: 0 });
  const held = await control.retention.holds.place(
    acme,
    { name: 'case 13', reason: 'court', query: '', class: '', site: '', from: null, to: null },
    'ann',
  );
  if (!held.ok) throw new Error(held.error.message);
  const step = stepOn(control.scrubBackfills);
  for (let i = 0; i < 20 && ['waiting', 'running'].includes((await newest()).state); i++) {
    skewMs += 61_000;
    await step.catchUp();
  }
  expect(faults).toEqual([]);
  const run = await newest();
  expect(run).toMatchObject({ state: 'done', rowsHeld: 2, pending: null });
  expect(run.counts.filter(({ signal }) => signal === 'logs')).toEqual([]);
  expect(await placesOf([pan])).toEqual(['logs']);
  await control.retention.holds.lift(acme, held.value.id, 'closed', 'ann');
});

test('a stop that comes while sums are renamed loses none of them', { timeout: 300_000 }, async () => {
  await stored(acme, yesterday);
  const counted = await sums();
  const added = await control.scrubBackfills.add(acme, { kind: 'run', fromDay: yesterday, toDay: today }, 'ann');
  if (!added.ok) throw new Error(added.error.message);
  const { id } = added.value;
  let stops = 0;
  const stopping = new Proxy(control.scrubBackfills, {
    get: (of, name: keyof ScrubBackfills) => {
      return async (...args: unknown[]) => {
        const answer = await (of[name] as (...all: unknown[]) => Promise<unknown>)(...args);
        // The runner hears of it at once, when the batch is noted and before it is written.
        const batch = name === 'pending' ? (args[1] as { unit: string } | null) : null;
        if (batch?.unit.startsWith('b') === true && stops++ === 0) {
          await control.scrubBackfills.stop(acme, id);
          await expect.poll(() => heard, { timeout: 20_000 }).toBe(true);
        }
        if (name === 'renew' && answer === false) heard = true;
        return answer;
      };
    },
  });
  let heard = false;
  await stepOn(stopping).catchUp();
  expect(faults).toEqual([]);
  expect(await newest()).toMatchObject({ state: 'stopped', pending: null });
  expect(stops).toBe(1);
  expect(await sums()).toEqual(counted);
  await control.scrubBackfills.resume(acme, id);
  skewMs += 61_000;
  await stepOn(control.scrubBackfills).catchUp();
  expect(await newest()).toMatchObject({ state: 'done' });
  expect(await sums()).toEqual(counted);
  expect(await placesOf([pan, planted.token])).toEqual([]);
});

test('a kill between the two steps of moving sums counts none of them twice', { timeout: 300_000 }, async () => {
  await stored(acme, yesterday);
  const counted = await sums();
  const added = await control.scrubBackfills.add(acme, { kind: 'run', fromDay: yesterday, toDay: today }, 'ann');
  if (!added.ok) throw new Error(added.error.message);
  let halves = 0;
  let dead = false;
  const dying = new Proxy(control.scrubBackfills, {
    get: (of, name: keyof ScrubBackfills) => {
      return async (...args: unknown[]) => {
        if (dead) throw new Error('gone');
        const answer = await (of[name] as (...all: unknown[]) => Promise<unknown>)(...args);
        const batch = name === 'pending' ? (args[1] as { unit: string } | null) : null;
        if (batch?.unit.startsWith('b') === true) {
          // What the engine has done when it dies in the middle: the parts lie in both places.
          const [unit = '', partition = ''] = batch.unit.split(' ');
          const table = ['operations', 'operation_hours', 'calls', 'call_hours', 'edges', 'edge_hours'][
            Number(unit.slice(1))
          ];
          const moved = `scrub_stage_${added.value.id}_moved`;
          await store.execute(`ALTER TABLE ${table} ATTACH PARTITION ID '${partition}' FROM ${moved}`);
          halves++;
          dead = true;
          throw new Error('gone');
        }
        return answer;
      };
    },
  });
  for (let i = 0; i < 20 && ['waiting', 'running'].includes((await newest()).state); i++) {
    dead = false;
    skewMs += 61_000;
    await stepOn(dying)
      .catchUp()
      .catch(() => undefined);
  }
  expect(halves).toBeGreaterThanOrEqual(3);
  faults.splice(0);
  expect(await newest()).toMatchObject({ state: 'done' });
  expect(await sums()).toEqual(counted);
  expect(await placesOf([pan, planted.token])).toEqual([]);
});
