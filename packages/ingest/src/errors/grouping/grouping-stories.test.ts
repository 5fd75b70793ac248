import { ManualClock, silentLogger } from '@sightline/base';
import type { ErrorFrame } from '@sightline/record';
import { describe, expect, it } from 'vitest';
import { groupError, groupingLines, plainGrouping, type Grouped, type OrganisationGrouping } from './group-error.ts';
import { event, facts, frame, thrown } from '../../test-support/groupable-events.ts';
import type { Groupable } from './groupable.ts';
import { CachedGroupingBook } from './grouping-book.ts';
import { readFingerprintRules } from './rules/fingerprint-rules.ts';
import { readStackRules } from './rules/stack-rules.ts';
import { groupEvent as groupByVersion1 } from './version-1/group-event.ts';

const message = (text: string): Groupable => event([], { messageTemplate: text });
function ruled(fingerprint: string, stack = ''): OrganisationGrouping {
  const [one, other] = [readFingerprintRules(fingerprint), readStackRules(stack)];
  if (!one.ok || !other.ok) throw new Error(JSON.stringify([one, other]));
  return { ...plainGrouping, fingerprintRules: one.value, stackRules: other.value };
}
const group = (one: Groupable, organisation = plainGrouping): Grouped => groupError(one, facts, organisation);
const issue = (one: Groupable, organisation = plainGrouping): string => group(one, organisation).issue;
const whyNot = (one: Groupable, organisation = plainGrouping): string[] =>
  group(one, organisation).parts.flatMap(({ used, value, why }) => (used ? [] : [`${value}: ${why}`]));

describe('the same bug', () => {
  const cases: [story: string, one: Groupable, other: Groupable][] = [
    [
      'across releases and bundles: hashes, hosts, build folders, minified names',
      event([
        thrown(
          'TypeError',
          "Cannot read properties of undefined (reading 'total')",
          frame('renderTotal', 'https://till.example/_next/static/chunks/app/cart/page-1f3a9c0b2d4e5f60.js', {
            column: 1200,
          }),
          frame('t', 'https://till.example/_next/static/chunks/4bd1b696-3f2a9c0b.js', { column: 88123 }),
        ),
      ]),
      event([
        thrown(
          'TypeError',
          "Cannot read properties of undefined (reading 'sum')",
          frame('renderTotal', 'https://other.example/_next/static/chunks/app/cart/page-77aa01ffee12cd34.js?dpl=v2', {
            column: 9,
            line: 1,
          }),
          frame('n', 'https://other.example/_next/static/chunks/4bd1b696-aa01ff22.js', { column: 7 }),
        ),
      ]),
    ],
    [
      'with a source map and in development: webpack, Vite and Turbopack write other paths',
      event([thrown('E', 'x', frame('pay', 'webpack-internal:///(app-pages-browser)/./src/pay.ts'))]),
      event([thrown('E', 'x', frame('pay', 'http://localhost:5173/@fs/home/ann/till/src/pay.ts?t=1712'))]),
    ],
    [
      'in a recursion, direct or through two functions, however deep',
      event([
        thrown(
          'RangeError',
          'stack',
          ...Array.from({ length: 40 }, (_, i) => frame(i % 2 ? 'visit' : 'walk', 'tree.ts')),
          frame('main', 'run.ts'),
        ),
      ]),
      event([
        thrown('RangeError', 'stack', frame('walk', 'tree.ts'), frame('visit', 'tree.ts'), frame('main', 'run.ts')),
      ]),
    ],
    [
      'through asynchronous wrappers of compilers',
      event([
        thrown(
          'E',
          'x',
          frame('pay', 'https://till.example/assets/till-B0aKq_71.js'),
          frame('asyncGeneratorStep', 'https://till.example/assets/till-B0aKq_71.js'),
          frame('_next', 'https://till.example/assets/till-B0aKq_71.js'),
        ),
      ]),
      event([thrown('E', 'x', frame('async pay', 'https://till.example/assets/till-DkT3x9aZ.js'))]),
    ],
    [
      'around anonymous functions',
      event([
        thrown('E', 'x', frame('<anonymous>', 'pay.ts'), frame('pay', 'pay.ts'), frame('Array.<anonymous>', 'pay.ts')),
      ]),
      event([thrown('E', 'x', frame('pay', 'pay.ts'), frame('', 'other.ts'))]),
    ],
    [
      'with other third-party frames, which the client even called its own',
      event([
        thrown(
          'E',
          'x',
          frame('pay', 'src/pay.ts'),
          frame('dispatch', 'https://till.example/node_modules/react-dom/client.js'),
        ),
      ]),
      event([
        thrown('E', 'x', frame('pay', 'src/pay.ts'), frame('flush', 'https://unpkg.com/preact@10/dist/preact.js')),
      ]),
    ],
    [
      'in .NET, with and without the state machine',
      event([thrown('E', 'x', frame('Shop.Till.<PayAsync>d__12.MoveNext', '', { module: 'Shop.Till' }))]),
      event([thrown('E', 'x', frame('PayAsync', '', { module: 'Shop.Till' }))]),
    ],
    [
      'in Java, with another generated class',
      event([
        thrown(
          'E',
          'x',
          frame('lambda$charge$3', 'Till.java', { module: 'com.shop.Till$$EnhancerBySpringCGLIB$$1a2b' }),
        ),
      ]),
      event([
        thrown(
          'E',
          'x',
          frame('lambda$charge$0', 'Till.java', { module: 'com.shop.Till$$EnhancerBySpringCGLIB$$99ff' }),
        ),
      ]),
    ],
    [
      'in native code at another address',
      event([
        thrown(
          'SIGSEGV',
          'at 0x7ffa0012',
          frame('pay::charge::h0123456789abcdef', 'pay.rs'),
          frame('0x7ffa00', 'libpay.so'),
        ),
      ]),
      event([
        thrown('SIGSEGV', 'at 0x10', frame('pay::charge::hfedcba9876543210', 'pay.rs'), frame('0x40112f', 'libpay.so')),
      ]),
    ],
    [
      'in a message with ids, addresses, times and amounts',
      message(
        'order 3f2504e0-4f89-41d3-9a0c-0305e82c3301 of ann@example.com at 2026-11-20T10:11:12Z failed: $12.50, charge ch_3MqLiJ2eZvKYlo2C',
      ),
      message(
        'order 99999999-4f89-41d3-9a0c-0305e82c3301 of bob@example.com at 2026-11-21T00:00:00Z failed: $7, charge ch_1AbLiJ2eZvKYlo9Q',
      ),
    ],
  ];
  it.each(cases)('%s', (_, one, other) => expect(issue(one)).toBe(issue(other)));
});

it.each<[kind: string, one: ErrorFrame, other: ErrorFrame]>([
  [
    'a class made by javassist',
    frame('pay', '', { module: 'shop.Till_$$_javassist_12' }),
    frame('pay', '', { module: 'shop.Till_$$_javassist_97' }),
  ],
  [
    'a proxy of Hibernate',
    frame('get', '', { module: 'shop.User$HibernateProxy$aBc' }),
    frame('get', '', { module: 'shop.User$HibernateProxy$xYz' }),
  ],
  [
    'a class made twice',
    frame('run', '', { module: 'shop.A$$EnhancerByGuice$$ae46$$FastClassByGuice$$ca' }),
    frame('run', '', { module: 'shop.A$$EnhancerByGuice$$11$$FastClassByGuice$$22' }),
  ],
  [
    'a function of Clojure',
    frame('invoke', '', { module: 'shop.core$main$fn__1539' }),
    frame('invoke', '', { module: 'shop.core$main$fn__77' }),
  ],
  [
    'a template of Ruby',
    frame('_cart_html_erb__3327151541118998292_70361296', 'cart.html.erb'),
    frame('_cart_html_erb__1111111111111111111_22222222', 'cart.html.erb'),
  ],
  [
    'a blob',
    frame('run', 'blob:https://till.example/7f7aaadf-a006-4217-9ed5-5fbf8585c6c0'),
    frame('run', 'blob:https://till.example/11111111-a006-4217-9ed5-5fbf8585c6c0'),
  ],
  [
    'a callback in Firefox and Chrome',
    frame('Object.callback', 'file:///a/test.html'),
    frame('callback', 'file:///b/test.html'),
  ],
])('%s is told by what stays', (_, one, other) => {
  const of = (top: ErrorFrame): string => issue(event([], { stack: [thrown('Message', '', top)] }));
  expect(of(one)).toBe(of(other));
  expect(of(one)).not.toBe(of(frame('another', 'x.rb')));
});

it('a polyfill named by its module is not of the application', () => {
  const stack = [thrown('Error', 'bad', frame('sent', '', { module: 'tslib/tslib.es6' }), frame('pay', 'pay.ts'))];
  expect(groupingLines(group(event(stack)).parts)).toContain('frame pay in pay.ts');
  expect(whyNot(event(stack))[0]).toContain('made by a compiler');
});

describe('two bugs', () => {
  const charge = frame('charge', 'src/payment.ts', { contextLine: "  throw new PaymentError('declined')" });
  const cases: [story: string, one: Groupable, other: Groupable][] = [
    [
      'in one function, told apart by the source line',
      event([thrown('PaymentError', 'declined', charge)]),
      event([
        thrown('PaymentError', 'no terminal', { ...charge, contextLine: "throw new PaymentError('no terminal')" }),
      ]),
    ],
    [
      'in one function without source, told apart by the message',
      event([thrown('Error', 'no paper', frame('print', 'p.ts'))]),
      event([thrown('Error', 'no power', frame('print', 'p.ts'))]),
    ],
    [
      'wrapped by the same exception',
      event([thrown('ServiceError', 'failed', frame('call', 's.ts')), thrown('PaymentError', 'declined', charge)]),
      event([
        thrown('ServiceError', 'failed', frame('call', 's.ts')),
        thrown('DatabaseError', 'no lock', frame('lock', 'db.ts')),
      ]),
    ],
    ['of two projects', event([thrown('E', 'x', charge)]), { ...event([thrown('E', 'x', charge)]), project: 2 }],
    [
      'in anonymous functions of two files',
      event([thrown('E', 'x', frame('', 'a.ts'))]),
      event([thrown('E', 'x', frame('', 'b.ts'))]),
    ],
  ];
  it.each(cases)('%s', (_, one, other) => expect(issue(one)).not.toBe(issue(other)));
});

it('says why each part counts or does not', () => {
  const one = event([
    thrown(
      'PaymentError',
      'order 17 declined',
      frame('charge', 'src/payment.ts', { contextLine: 'throw declined' }),
      frame('charge', 'src/payment.ts'),
      frame('', 'src/payment.ts'),
      frame('emit', 'node:events', { inApp: false }),
      frame('handle', 'node_modules/express/router.js', { inApp: false }),
    ),
    thrown('Error', 'processor 503'),
  ]);
  expect(groupingLines(group(one).parts)).toEqual([
    'exception type PaymentError',
    'frame charge in payment.ts',
    'source line throw declined',
    'caused by Error',
    'message "processor <n>"',
  ]);
  expect(whyNot(one)).toEqual([
    'charge in payment.ts: seen already: a recursion counts once',
    'anonymous function in payment.ts: a function without a name',
    'emit in node:events: of the runtime itself',
    'handle in router.js: not of the application',
    'order <n> declined: the source line tells it',
  ]);
});

describe('rules', () => {
  const declined = event(
    [thrown('PaymentError', 'order 17 declined', frame('charge', 'src/payment.ts'), frame('run', 'src/job.ts'))],
    {
      transaction: '/pay',
    },
  );
  it.each<[string, string, string[]]>([
    ['a type', 'error.type:PaymentError -> payments', ['fingerprint payments']],
    [
      'a value and a function',
      'error.value:"order * declined" stack.function:char* -> {{ error.type }}, {{ transaction }}',
      ['fingerprint PaymentError', 'fingerprint /pay'],
    ],
    [
      'a tag, and the site beside the default',
      'tags.lane:3 -> {{ default }}, {{ site }}, {{ tags.lane }}',
      [
        'exception type PaymentError',
        'frame charge in payment.ts',
        'frame run in job.ts',
        'message "order <n> declined"',
        'fingerprint STORE_047',
        'fingerprint 3',
      ],
    ],
    ['the first of two', 'level:error -> first\nerror.type:PaymentError -> second', ['fingerprint first']],
    [
      'none that is negated',
      '!error.type:PaymentError -> other\n# a remark\nfamily:native -> native',
      [
        'exception type PaymentError',
        'frame charge in payment.ts',
        'frame run in job.ts',
        'message "order <n> declined"',
      ],
    ],
  ])('fingerprint by %s', (_, rules, lines) =>
    expect(groupingLines(group(declined, ruled(rules)).parts)).toEqual(lines),
  );

  it('fingerprint rules come before the fingerprint of the client', () => {
    const own = { ...declined, fingerprint: ['mine', '{{ default }}'] };
    expect(groupingLines(group(own).parts)[0]).toBe('fingerprint mine');
    expect(groupingLines(group(own, ruled('message:*declined* -> ours')).parts)).toEqual(['fingerprint ours']);
  });

  it.each<[string, string, string[]]>([
    ['-group of a function', 'stack.function:charge -group', ['frame run in job.ts']],
    ['-app of a path', 'stack.abs_path:**/job.ts -app', ['frame charge in payment.ts']],
    ['towards the caller', 'stack.function:charge v-group', ['frame charge in payment.ts']],
    ['towards the crash', 'stack.function:run ^-group', ['frame run in job.ts']],
    ['the number of frames', 'family:javascript max-frames=1', ['frame charge in payment.ts']],
    ['a callee', '[ stack.function:run ] | stack.function:charge -group', ['frame run in job.ts']],
    [
      'a later rule over an earlier',
      'stack.function:* -group\nstack.function:charge +group',
      ['frame charge in payment.ts'],
    ],
    ['another family', 'family:native stack.function:* -group', ['frame charge in payment.ts', 'frame run in job.ts']],
  ])('stack rules: %s', (_, rules, frames) => {
    expect(groupingLines(group(declined, ruled('', rules)).parts).filter((line) => line.startsWith('frame'))).toEqual(
      frames,
    );
  });

  it('stack rules tell the page whose code a frame is', () => {
    const { exceptions } = group(declined, ruled('', 'stack.module:* -app\npath:**/job.ts -app'));
    expect(exceptions[0]?.frames.map((one) => one.inApp)).toEqual([true, false]);
  });

  it.each<[read: (text: string) => unknown, text: string, sentence: string]>([
    [readFingerprintRules, 'error.type:A', 'has an arrow'],
    [readFingerprintRules, 'error.tipe:A -> x', '"error.tipe" is no matcher that is known'],
    [readFingerprintRules, 'error.type:A ->', 'at least one text'],
    [readFingerprintRules, 'error.type:A -> {{ colour }}', 'is no variable'],
    [readFingerprintRules, 'message:"never ends -> x', 'does not end'],
    [readFingerprintRules, '-> x', 'at least one matcher'],
    [readFingerprintRules, 'app:perhaps -> x', 'takes yes or no'],
    [readStackRules, 'stack.function:a', 'what to do'],
    [readStackRules, 'stack.function:a +up', 'is nothing that a rule can do'],
    [readStackRules, 'error.type:A -app', 'is no matcher that is known'],
    [readStackRules, 'stack.function:a | stack.function:b -app', 'brackets'],
    [readStackRules, 'family:cobol -app', 'is no family'],
    [readStackRules, 'stack.function:a -app\n'.repeat(501), 'more than 500 rules'],
    [readStackRules, `#${'x'.repeat(70_000)}`, 'longer than'],
  ])('%# is refused', (read, text, sentence) => {
    expect(read(text)).toMatchObject({
      ok: false,
      error: [expect.objectContaining({ message: expect.stringContaining(sentence) })],
    });
  });

  it('tells the line of each fault', () => {
    expect(readStackRules('stack.function:a -app\n\nnonsense -app\nfamily:x -app')).toMatchObject({
      ok: false,
      error: [{ line: 3 }, { line: 4 }],
    });
  });
});

describe('a new way of grouping', () => {
  const old = event([
    thrown(
      'E',
      'x',
      frame('pay', 'https://till.example/assets/pay.js'),
      frame('_next', 'https://till.example/assets/pay.js'),
    ),
  ]);
  const renamed = event([
    thrown(
      'E',
      'x',
      frame('pay', 'https://till.example/assets/pay.js'),
      frame('_next', 'https://till.example/assets/step.js'),
    ),
  ]);
  const before = groupByVersion1(old);

  async function bookOf(rows: readonly { hash: string; issue: string }[]) {
    const book = new CachedGroupingBook(
      { rules: async () => ({ fingerprint: '', stack: '' }), knownIssues: async () => rows },
      new ManualClock(0),
      silentLogger,
    );
    await book.ready(['acme', 'acme']);
    return book.of('acme');
  }

  it('gives another hash, which is what this is about', () => {
    expect(group(old).issue).not.toBe(before.issue);
    expect(groupByVersion1(renamed).issue).not.toBe(before.issue);
    expect(group(renamed).hash).toBe(group(old).hash);
  });
  it('never splits an issue that exists', async () => {
    const organisation = await bookOf([{ hash: before.issueHex, issue: before.issueHex }]);
    expect(group(old, organisation)).toMatchObject({ issue: before.issue, hash: group(old).hash });
    expect(group(renamed, organisation).issue, 'what the new way puts together stays together').toBe(before.issue);
    expect(group(event([thrown('Other', 'x')]), organisation).issue).toBe(issue(event([thrown('Other', 'x')])));
  });
  it('finds what joined an issue before a restart', async () => {
    const hash = BigInt(group(old).hash).toString(16).padStart(16, '0');
    expect(group(renamed, await bookOf([{ hash, issue: before.issueHex }])).issue).toBe(before.issue);
  });
  it('gives way to a rule that a person wrote since', async () => {
    const known = (await bookOf([{ hash: before.issueHex, issue: before.issueHex }])).known;
    expect(group(old, { ...ruled('error.type:E -> e'), known }).issue).not.toBe(before.issue);
  });
  it('costs nothing where there is no history', async () => {
    expect((await bookOf([])).known.any).toBe(false);
  });
});

describe('the book', () => {
  it('refuses to guess before the rules were read once, and keeps them when they cannot be read again', async () => {
    const clock = new ManualClock(0);
    let fails = true;
    const source = {
      rules: async () => {
        if (fails) throw new Error('away');
        return { fingerprint: 'level:error -> all', stack: 'nonsense' };
      },
      knownIssues: async () => [],
    };
    const book = new CachedGroupingBook(source, clock, silentLogger);
    await expect(book.ready(['acme'])).rejects.toThrow('away');
    fails = false;
    await book.ready(['acme']);
    const lines = () => groupingLines(group(message('m'), book.of('acme')).parts);
    expect(lines(), 'rules that cannot be read do not apply').toEqual(['fingerprint all']);
    fails = true;
    clock.advance(60_000);
    await book.ready(['acme']);
    expect(lines()).toEqual(['fingerprint all']);
  });
});
