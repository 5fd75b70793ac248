import { expect, it } from 'vitest';
import { ownersOf, readOwnershipRules, withoutTeam, type OwnedEvent } from './ownership-rules.ts';

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
  ['path:src/payment/* #Payments ann@shop.example #payments', ['#payments', 'ann@shop.example']],
  ['src/payment/ @acme/payments # as on the code host', ['#payments']],
  ['/src/payment/ @acme/payments', ['#payments']],
  ['/src/payment @acme/payments', ['#payments']],
  ['payment/*.ts @acme/payments', ['#payments']],
  ['*.ts @acme/payments ann@shop.example', ['#payments', 'ann@shop.example']],
  ['* #everything', ['#everything']],
  ['src/* @acme/payments', []],
  ['pay/ @acme/payments\n*.py @acme/payments', []],
])('%s', (text, expected) => expect(owners(text)).toEqual(expected));

it.each([
  ['path:src/**', 'at least one owner'],
  ['path:src/** # payments', 'at least one owner'],
  ['src/** @ann', 'is a handle'],
  ['path:a #pay ments', 'neither an e-mail address nor a team'],
  ['payments #pay', 'is no matcher'],
  ['ann@shop.example', 'at least one matcher'],
  ['colour:red ann@shop.example', 'is no matcher'],
  ['path:a ann@shop.example nobody', 'neither an e-mail address nor a team'],
])('%s is refused', (text, sentence) => {
  expect(readOwnershipRules(text)).toMatchObject({
    ok: false,
    error: [{ line: 1, message: expect.stringContaining(sentence) }],
  });
});

it('a rule that names an unknown team is refused with its line, where the teams are known', () => {
  const text = 'path:a #payments\n# path:b #shops\nsrc/b/ @acme/shops\npath:c #Billing';
  expect(readOwnershipRules(text).ok).toBe(true);
  expect(readOwnershipRules(text, new Set(['payments']))).toEqual({
    ok: false,
    error: [
      { line: 3, message: 'there is no team #shops: make it in the settings first' },
      { line: 4, message: 'there is no team #billing: make it in the settings first' },
    ],
  });
});

it('a deleted team leaves the rules; those that it owned alone become remarks', () => {
  const text = [
    '# path:a #payments',
    'path:a #payments ann@shop.example',
    'path:b ann@shop.example   #payments',
    'src/c/ @acme/Payments',
    'type:"odd #payments" #payments #shops',
    'path:d #payments-eu',
    '',
  ].join('\n');
  expect(withoutTeam(text, 'payments').split('\n')).toEqual([
    '# path:a #payments',
    'path:a ann@shop.example',
    'path:b ann@shop.example',
    '# the team payments was deleted: src/c/ @acme/Payments',
    'type:"odd #payments" #shops',
    'path:d #payments-eu',
    '',
  ]);
});
