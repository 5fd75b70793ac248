import type { EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endMs, fillLogs, hourMs, openSmallStore } from '../test-support/small-store.ts';
import { noResourceHas, standsEverywhere, type LookedAt } from './look-ahead.ts';
import { parseLogql } from './parse.ts';

let store: EmbeddedStore;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  await fillLogs(store, 'acme', 3000);
});
afterAll(() => close());

const day: LookedAt = { organisation: 'acme', fromMs: endMs - 6 * hourMs, toMs: endMs };
function logs(text: string) {
  const query = parseLogql(text);
  if (!query.ok || query.value.kind !== 'log') throw new Error(text);
  return query.value;
}

const everywhere = (text: string, range: Partial<LookedAt> = {}): Promise<boolean> =>
  standsEverywhere(store, logs(`{service_name=~".+"} ${text}`), { ...day, ...range }, {});

test.each([
  // Each minute has some eight lines; these texts are in a third of them or more.
  ['|= "a"', {}, true],
  ['|~ "[a-z]+"', {}, true],
  ['|= "quicksilver"', {}, false],
  ['|= "a" |= "quicksilver"', {}, false],
  // What is not looked up needs no look.
  ['!= "quicksilver"', {}, false],
  ['', {}, false],
  ['|= "a"', { fromMs: endMs - hourMs }, false],
  ['|= "a"', { organisation: 'nobody' }, false],
] as const)('%s in %o stands everywhere: %s', async (text, range, expected) => {
  expect(await everywhere(text, range)).toBe(expected);
});

const none = (names: string[], range: Partial<LookedAt> = {}, selector = '{service_name=~".+"}'): Promise<boolean> =>
  noResourceHas(store, logs(selector), names, { ...day, ...range }, {});

test.each([
  [['order.id', 'order_id'], {}, true],
  [['order.id', 'host.name'], {}, false],
  [['host.name'], { organisation: 'nobody' }, true],
  [['host.name'], { fromMs: endMs + hourMs, toMs: endMs + 3 * hourMs }, true],
  [['host.name'], { fromMs: endMs - hourMs }, false],
  [[], {}, false],
])('no resource has one of %j in %o: %s', async (names, range, expected) => {
  expect(await none(names, range)).toBe(expected);
});

test('only the selector decides whose resources count', async () => {
  expect(await none(['host.name'], {}, '{service_name="nobody"}')).toBe(true);
  expect(await none(['host.name'], {}, '{service_name="payment"}')).toBe(false);
});
