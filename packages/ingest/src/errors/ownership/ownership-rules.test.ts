import { expect, it } from 'vitest';
import { ownersOf, readOwnershipRules, type OwnedEvent } from './ownership-rules.ts';

const event: OwnedEvent = {
  paths: ['src/payment/charge.ts', 'node_modules/express/router.js'],
  modules: ['shop.till.Payment'],
  url: 'https://till.example/checkout/17',
  type: 'PaymentError',
  transaction: '/pay',
  site: 'STORE_047',
  service: 'payments',
  tags: { lane: '3' },
};

function owners(text: string, of: OwnedEvent = event): readonly string[] {
  const read = readOwnershipRules(text);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return ownersOf(read.value, of)?.owners ?? [];
}

it.each([
  ['path:src/payment/** ann@shop.example', ['ann@shop.example']],
  ['path:payment/* ann@shop.example', ['ann@shop.example']],
  ['path:src/* ann@shop.example', []],
  ['url:*/checkout/* Ann@shop.example bob@shop.example', ['ann@shop.example', 'bob@shop.example']],
  ['module:shop.till.* ann@shop.example', ['ann@shop.example']],
  ['tags.lane:3 site:STORE_0* ann@shop.example', ['ann@shop.example']],
  ['tags.lane:4 ann@shop.example', []],
  ['!service:payments ann@shop.example', []],
  ['# all\nservice:* ann@shop.example\ntype:PaymentError bob@shop.example', ['bob@shop.example']],
])('%s', (text, expected) => expect(owners(text)).toEqual(expected));

it.each([
  ['path:src/**', 'at least one e-mail'],
  ['ann@shop.example', 'at least one matcher'],
  ['colour:red ann@shop.example', 'is no matcher'],
  ['path:a ann@shop.example nobody', 'is no e-mail address'],
])('%s is refused', (text, sentence) => {
  expect(readOwnershipRules(text)).toMatchObject({
    ok: false,
    error: [{ line: 1, message: expect.stringContaining(sentence) }],
  });
});
