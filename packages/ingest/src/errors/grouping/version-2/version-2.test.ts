import { expect, it } from 'vitest';
import { event, facts, frame, thrown } from '../../../test-support/groupable-events.ts';
import type { Groupable } from '../groupable.ts';
import { groupError, plainGrouping, type OrganisationGrouping } from '../group-error.ts';
import { readFingerprintRules } from '../rules/fingerprint-rules.ts';
import { readStackRules } from '../rules/stack-rules.ts';

const charge = frame('charge', 'src/payment.ts', { contextLine: "throw new PaymentError('declined')" });
const bundle = 'https://till.example/assets/till-B0aKq_71.js';
const library = (name: string) => frame(name, 'node_modules/x/index.js', { inApp: false });
const pay = event([thrown('E', 'x', frame('pay', 'pay.ts'))]);

/** Hashes that version 2 made when it was the newest: its issues must be found again by them for as long as they are kept. */
const made: readonly [kind: string, of: Groupable, hash: string, fingerprint?: string, stack?: string][] = [
  [
    'frames and the source line',
    event([thrown('PaymentError', 'declined', charge, frame('<anonymous>', 'src/till.ts'))]),
    'd45afe40869ab14c',
  ],
  [
    'a bundle and minified names',
    event([
      thrown(
        'TypeError',
        'x is undefined',
        frame('pay', bundle, { column: 900 }),
        frame('t', bundle, { column: 1200 }),
      ),
    ]),
    'a4380ea079d1b9ab',
  ],
  [
    'the three nearest of libraries',
    event([thrown('Error', 'no. 7', ...['a1', 'b1', 'c1', 'd1'].map(library))]),
    'df8187f9f4f0d050',
  ],
  [
    'a chain with an equal member',
    event([thrown('ServiceError', 'failed', frame('call', 's.ts')), thrown('E', 'x'), thrown('E', 'x')]),
    'd21619a9ef9b2570',
  ],
  [
    'a page',
    event([thrown('ReferenceError', 'foo is not defined', frame('', 'https://shop.example/shoes/red-1234'))]),
    '8e2059bd1cfe6666',
  ],
  [
    'a stack that nobody threw',
    event([], { stack: [thrown('Message', '', frame('invoke', '', { module: 'shop.core$main$fn__1539' }))] }),
    '06f9ac124f17b906',
  ],
  ['a message', event([], { messageTemplate: 'order 17 of ann@shop.example failed' }), 'cc1a4e6f4d320d2a'],
  ['type and culprit', event([], { type: 'csp', culprit: 'script-src' }), 'dcb8f69647e4f751'],
  [
    'the fingerprint of the client',
    { ...pay, fingerprint: ['{{ default }}', 'lane', '{{ transaction }}'], transaction: '/pay' },
    '7dc9c48aedf5e84d',
  ],
  [
    'frames of which the client said nothing, while it claimed others',
    event([thrown('E', 'x', frame('pay', 'pay.ts', { inApp: false, unsaid: true }))]),
    '30d2e6e66c94a26c',
  ],
  ['a fingerprint rule', pay, '7009d93221863f58', 'error.type:E -> card-gateway, {{ site }}'],
  [
    'a stack-trace rule',
    event([thrown('E', 'x', frame('pay', 'pay.ts'), frame('run', 'job.ts'))]),
    'c0a66fcc21672a14',
    '',
    'stack.function:pay -group',
  ],
];

it.each(made)('an issue of version 2 told by %s is found again', (_, one, hash, fingerprint = '', stack = '') => {
  const [rules, stackRules] = [readFingerprintRules(fingerprint), readStackRules(stack)];
  if (!rules.ok || !stackRules.ok) throw new Error('rules cannot be read');
  const noted: [hash: string, issue: string][] = [];
  const organisation = (known: string): OrganisationGrouping => ({
    fingerprintRules: rules.value,
    stackRules: stackRules.value,
    known: {
      any: true,
      issueOf: (asked) => (asked === known ? known : undefined),
      note: (joined, issue) => noted.push([joined, issue]),
    },
  });
  const hex = (decimal: string): string => BigInt(decimal).toString(16).padStart(16, '0');
  const found = groupError(one, facts, organisation(hash));
  expect(hex(found.issue)).toBe(hash);
  expect(noted, 'all that has its new hash goes there too').toEqual([[hex(found.hash), hash]]);
  expect(groupError(one, facts, organisation('0000000000000001')).issue, 'what is unknown is new').toBe(
    groupError(one, facts, { ...organisation(''), known: plainGrouping.known }).hash,
  );
});
