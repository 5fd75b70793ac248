import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { createFunctions } from '@sightline/ingest';
import { openEmbeddedStore, type EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scrubLabel } from './scrub.ts';

let store: EmbeddedStore;
const folder = mkdtempSync(path.join(tmpdir(), 'sightline-scrub-'));
beforeAll(async () => {
  store = await openEmbeddedStore({ dataFolder: folder, logger: silentLogger, clock: systemClock });
  await createFunctions(store);
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const labels: readonly (readonly [name: string, value: string])[] = [
  ['path', '/orders/4111111111111111/pay'],
  ['path', '/orders/4111 1111 1111 1111'],
  ['path', '/orders/4111111111111112'],
  ['card', 'x_378282246310005_y'],
  ['card', '3782 822463 10005'],
  ['dsn', 'postgres://till:hunter2@db:5432/orders'],
  ['query', 'a=1&password=hunter2&b=2'],
  ['query', 'Password: "hun ter2" and more'],
  ['query', "api-key='abc def' x"],
  ['query', 'api_key = \\"abc\\" x'],
  ['header', 'Bearer abcdef012345'],
  ['header', 'basic QWxhZGRpbjpvcGVu'],
  ['key', ['sk', 'live', 'abcdefgh12345678'].join('_')],
  ['key', 'AKIAABCDEFGHIJKLMNOP'],
  ['key', 'eyJhbGciOi.eyJzdWIiOi.c2ln'],
  ['user', 'jane.doe@example.com'],
  ['user', 'jane@localhost'],
  ['user', "to anna.o'neil@example.com by='ann@example.com'"],
  ['text', 'cvv=123, card_cvc2: "1", pin=1234, userPin: 1, unpin: 2, pin_block=04, security-code: 1, track2=;41'],
  ['text', 'swiped ;4111111111111111=25121010000012300000? %B4111111111111111^DOE/JANE A^25121010000012300000?'],
  ['url', '/pay?token=abc&session_token=x&y=1'],
  ['cvv', '1'],
  ['card_pin', '1'],
  ['spin', '1'],
  ['token', '1'],
  ['input_tokens', '1'],
  ['track2', '1'],
  ['instance', '10.1.2.3:9100'],
  ['password', 'x'],
  ['client_secret', 'x'],
  ['api_key_id', 'x'],
  ['cookie', ''],
  ['secretary', 'ms smith'],
  ['id', '1234567890123456789012'],
  ['long', Array.from({ length: 210 }, (_, i) => `41111111111${String(10000 + i)}`).join(' ')],
  ['text', 'überall 4111111111111111 Straße'],
];

test('labels end as the engine would have scrubbed them', async () => {
  const rows = await store.query<{ scrubbed: string }>(
    `SELECT hide_secrets([name], [scrub_pan(scrub_email(scrub_secrets(value)))])[1] AS scrubbed
     FROM (SELECT number, {names:Array(String)}[number + 1] AS name, {values:Array(String)}[number + 1] AS value FROM numbers(${labels.length})) ORDER BY number`,
    { names: labels.map(([name]) => name), values: labels.map(([, value]) => value) },
  );
  expect(labels.map(([name, value]) => scrubLabel(name, value))).toEqual(rows.map(({ scrubbed }) => scrubbed));
});

test.each([
  ['a@b.com', 'a@b.com'],
  ['to a@b.com and jo@b.com', 'to a@b.com and <email>'],
  ['a@bc.com', '<email>'],
])('the placeholder %s stays', (value, expected) => expect(scrubLabel('target', value)).toBe(expected));
