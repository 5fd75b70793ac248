import type { ErrorFrame } from '@sightline/record';
import { describe, expect, it } from 'vitest';
import { event, facts, frame, thrown } from '../../../test-support/groupable-events.ts';
import { groupError, groupingLines, plainGrouping } from '../group-error.ts';
import type { Groupable } from '../groupable.ts';
import { readStackRules } from '../rules/stack-rules.ts';

const group = (one: Groupable, platform = 'javascript', stackRules = '') => {
  const rules = readStackRules(stackRules);
  if (!rules.ok) throw new Error(JSON.stringify(rules.error));
  return groupError(one, { ...facts, platform }, { ...plainGrouping, stackRules: rules.value });
};
const issue = (one: Groupable, platform?: string): string => group(one, platform).issue;
const lines = (one: Groupable, platform?: string, rules?: string): string[] =>
  groupingLines(group(one, platform, rules).parts);
const frames = (one: Groupable, platform?: string, rules?: string): string[] =>
  lines(one, platform, rules).flatMap((line) => (line.startsWith('frame ') ? [line.slice(6)] : []));
const others = (name: string, file: string, more: Partial<ErrorFrame> = {}): ErrorFrame =>
  frame(name, file, { inApp: false, ...more });

describe('one bug is one issue', () => {
  const at = (...stack: ErrorFrame[]): Groupable => event([thrown('Error', 'bad', ...stack)]);
  it.each<[story: string, one: Groupable, other: Groupable, platform: string]>([
    [
      'in every browser, however it names methods and closures',
      at(frame('Till.pay', 'till.js'), frame('', 'till.js'), frame('Object.run', 'job.js')),
      at(frame('pay', 'till.js'), frame('each/<', 'till.js'), frame('run', 'job.js')),
      'javascript',
    ],
    [
      'in a browser that names prototypes',
      at(frame('Till.prototype.pay', 'till.js'), frame('Anonymous function', 'till.js')),
      at(frame('pay', 'till.js')),
      'javascript',
    ],
    [
      'in a script within pages',
      at(frame('', 'https://shop.example/shoes/red-1234'), frame('track', 'https://shop.example/shoes/red-1234')),
      at(frame('', 'https://shop.example/bags/9?colour=blue'), frame('track', 'https://shop.example/')),
      'javascript',
    ],
    [
      'in a lambda that another build of a compiler numbers anew',
      at(frame('<lambda_5db80dab47756d3e>::operator()', ''), frame('Till::Pay', 'till.cpp')),
      at(frame('<lambda_0123456789abcdef>::operator()', ''), frame('Till::Pay', 'till.cpp')),
      'native',
    ],
    [
      'in an unnamed namespace, whichever compiler',
      at(frame('?A0xc3a0617d::crash', 'main.cpp')),
      at(frame('(anonymous namespace)::crash(int)', 'main.cpp')),
      'native',
    ],
    [
      'in a part of a function that an optimiser split off',
      at(frame('pay.cold.1', 'till.c')),
      at(frame('pay.part.0.isra.3', 'till.c')),
      'native',
    ],
    [
      'where a page misses files of the release before, on whatever way into it',
      event([thrown('ChunkLoadError', 'Loading chunk 17 failed.', frame('openTill', 'till.js'))]),
      event([
        thrown('TypeError', 'Failed to fetch dynamically imported module: https://a.example/x.js', frame('b', 'b.js')),
      ]),
      'javascript',
    ],
    [
      'that Apple words in the language of the device',
      event([
        {
          ...thrown('NSURLErrorDomain', 'The Internet connection appears to be offline.'),
          code: 'NSURLErrorDomain -1009',
        },
      ]),
      event([{ ...thrown('NSURLErrorDomain', 'Die Verbindung ist unterbrochen.'), code: 'NSURLErrorDomain -1009' }]),
      'cocoa',
    ],
    [
      'by itself and within an aggregate, however often',
      event([thrown('Timeout', 'after 5 s', frame('Ask', 'Till.cs'))]),
      event([
        { ...thrown('AggregateException', 'One or more errors occurred.'), group: 'whole' },
        { ...thrown('Timeout', 'after 7 s', frame('Ask', 'Till.cs')), group: 'member' },
        { ...thrown('Timeout', 'after 9 s', frame('Ask', 'Till.cs')), group: 'member' },
      ]),
      'csharp',
    ],
  ])('%s', (_, one, other, platform) => expect(issue(one, platform)).toBe(issue(other, platform)));
});

describe('two bugs are two issues', () => {
  const member = (type: string) => ({ ...thrown(type, 'x'), group: 'member' as const });
  const whole = { ...thrown('AggregateException', 'several'), group: 'whole' as const };
  const crash = (...stack: ErrorFrame[]): Groupable =>
    event([
      thrown(
        'SIGABRT',
        '',
        others('__pthread_kill', '/usr/lib/system/libsystem_kernel.dylib'),
        others('abort', '/usr/lib/libc.so'),
        ...stack,
      ),
    ]);
  const index = (...stack: ErrorFrame[]): Groupable =>
    event([
      thrown(
        'IndexOutOfBoundsException',
        'Index 0 out of bounds for length 0',
        others('outOfBounds', 'Preconditions.java', { module: 'jdk.internal.util.Preconditions' }),
        others('checkIndex', 'Objects.java', { module: 'java.util.Objects' }),
        others('get', 'ArrayList.java', { module: 'java.util.ArrayList' }),
        ...stack,
      ),
    ]);
  it.each<[story: string, one: Groupable, other: Groupable, platform: string]>([
    [
      'where the client calls nothing its own, and both end in one function of a library',
      index(others('total', 'Basket.java', { module: 'shop.Basket' })),
      index(others('first', 'Lane.java', { module: 'shop.Lane' })),
      'java',
    ],
    ['that abort alike', crash(others('pay', 'libtill.so')), crash(others('print', 'libtill.so')), 'native'],
    ['in an aggregate', event([whole, member('A')]), event([whole, member('A'), member('B')]), 'csharp'],
    [
      'of one function in two classes, on a server',
      event([thrown('E', 'x', frame('Till.pay', 'a.js'))]),
      event([thrown('E', 'x', frame('Bank.pay', 'a.js'))]),
      'node',
    ],
    [
      'with other numbers of Apple',
      event([{ ...thrown('NSURLErrorDomain', 'offline'), code: 'NSURLErrorDomain -1009' }]),
      event([{ ...thrown('NSURLErrorDomain', 'offline'), code: 'NSURLErrorDomain -1001' }]),
      'cocoa',
    ],
  ])('%s', (_, one, other, platform) => expect(issue(one, platform)).not.toBe(issue(other, platform)));
});

describe('frames', () => {
  it('of native code leave out what crashed and what started', () => {
    const one = event([
      thrown(
        'SIGABRT',
        '',
        frame('__pthread_kill', '/usr/lib/system/libsystem_kernel.dylib'),
        frame('std::panicking::begin_panic', 'std'),
        frame('glTexImage2D', '/System/Library/Frameworks/OpenGL.framework/libGL.dylib'),
        frame('draw', 'screen.cpp'),
        frame('CFRunLoopRunSpecific', 'CoreFoundation'),
        frame('start', 'libdyld.dylib'),
      ),
    ]);
    expect(frames(one, 'native')).toEqual(['draw in screen.cpp']);
    expect(frames(one, 'python'), 'elsewhere such names are the names of people').toContain('start in libdyld.dylib');
  });
  it('of which only the client says that they are others’ come before libraries, ten of them', () => {
    const deep = Array.from({ length: 12 }, (_, i) => others(`step${i}of`, 'libtill.so'));
    const one = event([thrown('E', 'x', others('get', '', { module: 'java.util.HashMap' }), ...deep)]);
    expect(frames(one, 'java')).toEqual(deep.slice(0, 10).map((each) => `${each.function} in libtill.so`));
    expect(group(one, 'java').parts.find((part) => part.kind === 'frame' && part.used)?.why).toContain(
      'the client calls no frame its own',
    );
  });
  it('of standard libraries are not the application’s, though compiled into it', () => {
    const templates = [
      frame('std::__1::vector<T>::at', 'vector'),
      frame('boost::function0<T>::operator()', 'function.hpp'),
    ];
    expect(frames(event([thrown('SIGSEGV', '', ...templates, frame('Till::Pay', 'till.cpp'))]), 'native')).toEqual([
      'Till::Pay in till.cpp',
    ]);
  });
  it('that a rule claims count, in a library too, and count not where a rule disowns them', () => {
    const one = event([thrown('E', 'x', frame('sell', 'node_modules/@shop/till/index.js'), frame('run', 'job.js'))]);
    expect(frames(one)).toEqual(['run in job.js']);
    expect(frames(one, 'javascript', 'path:**/@shop/** +app')).toEqual(['sell in till/index.js', 'run in job.js']);
    expect(frames(one, 'javascript', 'path:**/@shop/** +app\nstack.function:run -app')).toEqual([
      'sell in till/index.js',
    ]);
  });
  it('of classes count whatever their methods are called', () => {
    const clojure = event([], {
      stack: [thrown('Message', '', frame('invoke', '', { module: 'shop.core$main$fn__1539' }))],
    });
    expect(frames(clojure, 'java')).toEqual(['invoke in shop.core$main$fn']);
  });
  it('that tell neither function nor file leave it to type and message, or to the culprit', () => {
    const nowhere = frame('', 'https://shop.example/shoes/red-1234');
    expect(lines(event([thrown('ReferenceError', 'foo is not defined', nowhere)]))).toEqual([
      'exception type ReferenceError',
      'message "foo is not defined"',
    ]);
    expect(lines(event([], { stack: [thrown('Message', '', nowhere)], culprit: '/shoes' }))).toEqual([
      'exception type Message',
      'culprit /shoes',
    ]);
  });
});

it('a checksum is the fingerprint of a client that knew no other', () => {
  const one = event([], { messageTemplate: 'order failed', checksum: 'a1b2' });
  expect(lines(one)).toEqual(['fingerprint a1b2']);
  expect(issue(one)).toBe(issue(event([thrown('E', 'x')], { checksum: 'a1b2' })));
});
