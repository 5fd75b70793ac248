import type { ErrorException, ErrorFrame } from '@sightline/record';
import { describe, expect, test } from 'vitest';
import { stableFile, stableFunction } from './frame-key.ts';
import type { Groupable } from '../groupable.ts';
import { groupEvent } from './group-event.ts';
import { messageTemplate } from './message-template.ts';

function frame(name: string, file: string, more: Partial<ErrorFrame> = {}): ErrorFrame {
  return {
    function: name,
    file,
    line: 10,
    column: 5,
    inApp: true,
    module: '',
    contextLine: '',
    preContext: [],
    postContext: [],
    debugId: '',
    ...more,
  };
}

function thrown(type: string, value: string, ...frames: ErrorFrame[]): ErrorException {
  return { type, value, mechanism: '', handled: null, frames };
}

function event(exceptions: readonly ErrorException[], more: Partial<Groupable> = {}): Groupable {
  return {
    project: 1,
    exceptions,
    fingerprint: [],
    messageTemplate: '',
    type: '',
    culprit: '',
    transaction: '',
    level: 'error',
    ...more,
  };
}

const message = (text: string, more: Partial<Groupable> = {}): Groupable =>
  event([], { messageTemplate: text, ...more });
const issue = (groupable: Groupable): string => groupEvent(groupable).issueHex;

const charge = frame('charge', '/srv/app/src/payment.ts', { contextLine: "throw new PaymentError('declined')" });
const declined = event([thrown('PaymentError', 'Card declined', charge)]);

describe('one issue', () => {
  const cases: [story: string, one: Groupable, other: Groupable][] = [
    [
      'another release folder and line',
      declined,
      event([
        thrown('PaymentError', 'Card declined', {
          ...charge,
          file: '/srv/releases/2026-11-20/src/payment.ts',
          line: 99,
        }),
      ]),
    ],
    [
      'another bundle hash',
      event([thrown('TypeError', 'x is undefined', frame('render', 'https://till.example/assets/main.8f3a2b1c.js'))]),
      event([
        thrown('TypeError', 'x is undefined', frame('render', 'https://other.example/assets/main.77aa01ff.js?v=2')),
      ]),
    ],
    [
      'a Vite hash',
      event([thrown('TypeError', 'x', frame('render', '/assets/index-DkT3x9aZ.js'))]),
      event([thrown('TypeError', 'x', frame('render', '/assets/index-B0aKq_71.js'))]),
    ],
    [
      'names of a minifier',
      event([thrown('TypeError', 'x', frame('c_', '/assets/till-CaekJol7.js', { column: 2000 }))]),
      event([thrown('TypeError', 'x', frame('aB', '/assets/till-Zx81hhTq.js', { column: 999 }))]),
    ],
    [
      'webpack-internal and a plain path',
      event([thrown('E', 'x', frame('pay', 'webpack-internal:///(rsc)/./src/pay.ts'))]),
      event([thrown('E', 'x', frame('pay', '/app/src/pay.ts'))]),
    ],
    [
      'ids in the message',
      event([thrown('Error', 'order 1881 not found', frame('find', 'orders.ts'))]),
      event([thrown('Error', 'order 9 not found', frame('find', 'orders.ts'))]),
    ],
    [
      'recursion of another depth',
      event([
        thrown('RangeError', 'stack', frame('walk', 'tree.ts'), frame('walk', 'tree.ts'), frame('main', 'run.ts')),
      ]),
      event([thrown('RangeError', 'stack', frame('walk', 'tree.ts'), frame('main', 'run.ts'))]),
    ],
    [
      'recursion through two functions',
      event([
        thrown('RangeError', 's', frame('a1', 't.ts'), frame('b1', 't.ts'), frame('a1', 't.ts'), frame('b1', 't.ts')),
      ]),
      event([thrown('RangeError', 's', frame('a1', 't.ts'), frame('b1', 't.ts'))]),
    ],
    [
      'other callers in third-party code',
      event([
        thrown('E', 'x', frame('pay', 'pay.ts'), frame('next', 'node_modules/express/router.js', { inApp: false })),
      ]),
      event([
        thrown('E', 'x', frame('pay', 'pay.ts'), frame('call', 'node_modules/fastify/hooks.js', { inApp: false })),
      ]),
    ],
    [
      'an async wrapper',
      event([thrown('E', 'x', frame('async Till.pay', 'pay.ts'))]),
      event([thrown('E', 'x', frame('Till.pay [as handler]', 'pay.ts'))]),
    ],
    [
      'anonymous functions around',
      event([thrown('E', 'x', frame('pay', 'pay.ts'), frame('<anonymous>', 'pay.ts'))]),
      event([thrown('E', 'x', frame('pay', 'pay.ts'))]),
    ],
    [
      'an aggregate with more equal members',
      event([thrown('AggregateError', ''), thrown('E', 'x'), thrown('E', 'x')]),
      event([thrown('AggregateError', ''), thrown('E', 'x')]),
    ],
    [
      'messages with ids, amounts and quotes',
      message("till 3: order 'ORD-1' of $12.50 failed"),
      message("till 88: order 'Q' of $7.00 failed"),
    ],
    [
      'the same fingerprint on other errors',
      event(declined.exceptions, { fingerprint: ['payments-down'] }),
      message('anything', { fingerprint: ['payments-down'] }),
    ],
    ['an explicit default', declined, { ...declined, fingerprint: ['{{ default }}'] }],
    ['a blank fingerprint', declined, { ...declined, fingerprint: [''] }],
  ];
  test.each(cases)('%s', (_, one, other) => expect(issue(one)).toBe(issue(other)));
});

describe('two issues', () => {
  const cases: [story: string, one: Groupable, other: Groupable][] = [
    ['two types in one function', declined, event([thrown('TimeoutError', 'Card declined', charge)])],
    [
      'two throws in one function',
      declined,
      event([
        thrown('PaymentError', 'no terminal', { ...charge, contextLine: "throw new PaymentError('no terminal')" }),
      ]),
    ],
    [
      'two messages where no source line is known',
      event([thrown('Error', 'no paper', frame('print', 'p.ts'))]),
      event([thrown('Error', 'no power', frame('print', 'p.ts'))]),
    ],
    [
      'two functions of one file',
      event([thrown('E', 'x', frame('pay', 'p.ts'))]),
      event([thrown('E', 'x', frame('refund', 'p.ts'))]),
    ],
    [
      'a wrapper around another cause',
      event([thrown('ServiceError', 'failed'), thrown('PaymentError', 'x')]),
      event([thrown('ServiceError', 'failed'), thrown('DatabaseError', 'x')]),
    ],
    [
      'anonymous functions of two files',
      event([thrown('E', 'x', frame('', 'a.ts'))]),
      event([thrown('E', 'x', frame('', 'b.ts'))]),
    ],
    [
      'index files of two folders',
      event([thrown('E', 'x', frame('run', '/app/orders/index.ts'))]),
      event([thrown('E', 'x', frame('run', '/app/stock/index.ts'))]),
    ],
    ['two templates', message('sync failed'), message('sync is late')],
    ['two projects', declined, { ...declined, project: 2 }],
    ['a fingerprint beside the default', declined, { ...declined, fingerprint: ['{{ default }}', 'STORE_047'] }],
    [
      'a filled-in variable',
      message('m', { fingerprint: ['{{ transaction }}'], transaction: '/pay' }),
      message('m', { fingerprint: ['{{ transaction }}'], transaction: '/refund' }),
    ],
  ];
  test.each(cases)('%s', (_, one, other) => expect(issue(one)).not.toBe(issue(other)));
});

test('an event without anything still has an issue', () => {
  expect(groupEvent(event([], { type: 'csp', culprit: 'script-src' })).lines).toEqual([
    'type csp',
    'culprit script-src',
  ]);
});

test('the id is the same number in both spellings, and the reasons are told', () => {
  const grouping = groupEvent(event([...declined.exceptions, thrown('Error', 'processor 503')]));
  expect(BigInt(grouping.issue).toString(16).padStart(16, '0')).toBe(grouping.issueHex);
  expect(grouping.lines).toEqual([
    'exception type PaymentError',
    'frame charge in payment.ts',
    "source line throw new PaymentError('declined')",
    'caused by Error',
    'message "processor <n>"',
  ]);
});

test.each([
  ['webpack:///./src/pay.ts?a1b2', 'pay.ts'],
  ['app:///main-abcdef12.js', 'main.js'],
  ['C:\\till\\src\\pay.ts', 'pay.ts'],
  ['file:///srv/app/orders/index.ts', 'orders/index.ts'],
  ['https://cdn.example/v1.2.3/index.js', 'index.js'],
  ['4231.js', '<n>.js'],
  ['vendor-checkout.js', 'vendor-checkout.js'],
  ['', ''],
])('file %s is %s', (file, stable) => expect(stableFile(file)).toBe(stable));

test.each([
  ['Object.<anonymous>', ''],
  ['new Till', 'Till'],
  ['async Promise.all (index 0)', 'all'],
  ['Till.pay [as handler]', 'Till.pay'],
  ['lambda$charge$3', 'lambda$charge'],
  ['core::run::h0123456789abcdef', 'core::run'],
  ['?', ''],
])('function %s is "%s"', (name, stable) => expect(stableFunction(name)).toBe(stable));

test.each([
  ['timeout after 3000 ms', 'timeout after <n> ms'],
  ['user ana@example.com has no role', 'user <email> has no role'],
  ['no file /var/lib/till/a.db', 'no file <path>'],
  ['GET https://api.example/v1/x?y=1 failed', 'GET <url> failed'],
  ['id 0af7651916cd43dd8448eb211c80319c', 'id <hex>'],
  ['tx 3f2504e0-4f89-41d3-9a0c-0305e82c3301 lost', 'tx <uuid> lost'],
  ['from 10.1.2.3:8080', 'from <ip>'],
  ['STORE_047 is offline', 'STORE_<n> is offline'],
  ["can't open drawer", "can't open drawer"],
  ['expected "a" got `b`', 'expected <text> got <text>'],
  ['paid $1,234.50 twice', 'paid <amount> twice'],
  ['at 2026-11-20T10:11:12.123Z', 'at <time>'],
  ['first line\nsecond 2', 'first line'],
])('message "%s" is "%s"', (text, template) => expect(messageTemplate(text)).toBe(template));
