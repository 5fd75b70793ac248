import type { ErrorPayload } from '@sightline/record';
import { expect, test } from 'vitest';
import type { JsonObject } from './json-reader.ts';
import { errorRowOf } from './normalise-event.ts';

const scope = { organisation: 'acme', keyId: 'k1', site: '', device: '', service: '', environment: '' };
const origin = { scope, project: 1, receivedAtMs: Date.parse('2026-11-20T12:00:00Z'), eventId: 'a'.repeat(32) };
const rowOf = (event: JsonObject) => errorRowOf(event, origin);
const payloadOf = (event: JsonObject) => JSON.parse(String(rowOf(event)['payload'])) as ErrorPayload;
const stack = (...functions: string[]) => ({
  frames: functions.map((name) => ({ function: name, module: 'com.till.Pay', in_app: name.startsWith('own') })),
});
/** As Java's SDK sends an application that did not respond. */
const java = {
  platform: 'java',
  exception: {
    values: [{ type: 'ApplicationNotResponding', value: 'blocked', thread_id: 1, stacktrace: stack('run', 'ownPay') }],
  },
  threads: {
    values: [
      { id: 17, name: 'token=abc123', state: 'RUNNABLE', stacktrace: stack('run', 'ownSync') },
      {
        id: 1,
        name: 'main',
        main: true,
        crashed: true,
        current: true,
        state: 'BLOCKED',
        held_locks: {
          '0x0d3a2f0a': { type: 1, address: '0x0d3a2f0a', package_name: 'java.lang', class_name: 'Object' },
          '0x0e': { type: 8, address: '0x0e', class_name: 'Lock', thread_id: 17 },
          '0x0f': { type: 99 },
        },
      },
    ],
  },
};

test('all threads are kept, the crashed one first, with locks, state and frames', () => {
  const { threads, threadsOmitted } = payloadOf(java);
  expect(threadsOmitted).toBeUndefined();
  expect(threads?.map(({ id, name, state, crashed, threw }) => ({ id, name, state, crashed, threw }))).toEqual([
    { id: '1', name: 'main', state: 'BLOCKED', crashed: true, threw: true },
    { id: '17', name: 'token=<redacted>', state: 'RUNNABLE', crashed: false, threw: false },
  ]);
  expect(threads?.[0]?.locks).toEqual([
    { relation: 'holds', type: 'java.lang.Object', address: '0x0d3a2f0a', thread: '' },
    { relation: 'is blocked by', type: 'Lock', address: '0x0e', thread: '17' },
  ]);
  expect(threads?.[1]?.frames.map((frame) => [frame.function, frame.inApp])).toEqual([
    ['ownSync', true],
    ['run', false],
  ]);
});

test('threads do not change what an event is grouped by', () => {
  const { threads: _, ...without } = java;
  for (const name of ['issue', 'grouping_hash', 'grouping_version', 'culprit', 'type', 'message'] as const)
    expect(rowOf(java)[name], name).toEqual(rowOf(without)[name]);
});

test('where no exception names its thread, the crashed one threw', () => {
  const exception = { values: [{ type: 'E', value: 'x', stacktrace: stack('own') }] };
  const threads = {
    values: [{ id: 2 }, { id: 3, crashed: true, stacktrace: { registers: { rip: '0x1', token: 'a' } } }],
  };
  const kept = payloadOf({ platform: 'native', exception, threads }).threads;
  expect(kept?.map(({ id, threw }) => [id, threw])).toEqual([
    ['3', true],
    ['2', false],
  ]);
  expect(kept?.[0]?.registers).toMatchObject({ rip: '0x1' });
});

test('a number that is an address is hexadecimal, so that no scrubber takes it for a card', () => {
  const threads = { values: [{ id: 4_111_111_111_111_111 }, { id: '140735263224576' }] };
  expect(payloadOf({ message: 'hi', threads }).threads?.map(({ id }) => id)).toEqual([
    '0xe9b08a568f1c7',
    '0x7fff7b5f3300',
  ]);
});

test('the one thread of a message is its stack, and not shown twice', () => {
  const payload = payloadOf({ message: 'hi', threads: { values: [{ id: 1, stacktrace: stack('own') }] } });
  expect(payload.threads).toBeUndefined();
  expect(payload.exceptions[0]?.frames).toHaveLength(1);
});

test('threads, frames and characters are bounded, and what is left out is counted', () => {
  const frames = Array.from({ length: 300 }, (_, n) => ({ function: `own${n}`, context_line: 'x'.repeat(280) }));
  const values = Array.from({ length: 250 }, (_, id) => ({ id, crashed: id === 249, stacktrace: { frames } }));
  const payload = payloadOf({ message: 'hi', threads: { values } });
  expect(payload.threads).toHaveLength(100);
  expect(payload.threadsOmitted).toBe(150);
  expect(payload.threads?.[0]).toMatchObject({ id: '249', framesOmitted: 240 });
  expect(payload.threads?.at(-1)).toMatchObject({ frames: [], framesOmitted: 300 });
  expect(JSON.stringify(payload.threads).length).toBeLessThan(600_000);
});

test.each([
  [3],
  ['x'],
  [{ values: [1, null, 'a', {}] }],
  [{ values: [{ id: {}, held_locks: [1], stacktrace: 7 }, {}] }],
])('threads that are none (%j) cost nothing', (threads) =>
  expect(payloadOf({ message: 'hi', threads }).exceptions).toEqual([]),
);

const localsOf = (vars: JsonObject) =>
  payloadOf({ exception: { values: [{ type: 'E', stacktrace: { frames: [{ function: 'f', vars }] } }] } }).exceptions[0]
    ?.frames[0]?.locals;

test('long local variables are kept whole up to their bound; what is cut says so', () => {
  const locals = localsOf({ short: 'a', long: 'b'.repeat(5000), huge: 'c'.repeat(20_000), list: Array(9000).fill(0) });
  expect(locals).toMatchObject({ short: 'a', long: 'b'.repeat(5000) });
  expect(locals?.['huge']).toBe(`${'c'.repeat(8192)}… (cut: 8192 of 20000 characters kept)`);
  expect(locals?.['list']).toMatch(/^\[0,0.*… \(cut: 8192 of 16385 characters kept\)$/s);
});

test('all local variables of an event share one bound; each has its first characters', () => {
  const locals = localsOf(Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`v${n}`, 'd'.repeat(9000)])));
  expect(locals?.['v0']).toMatch(/cut: 8192 of 9000/);
  expect(locals?.['v59']).toBe(`${'d'.repeat(300)}… (cut: 300 of 9000 characters kept)`);
  expect(locals?.['…']).toBe('10 more variables were not kept');
  expect(JSON.stringify(locals).length).toBeLessThan(90_000);
});
