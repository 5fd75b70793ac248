import { expect, test } from 'vitest';
import { firstOwnFrame, stackOfThread, threadKeys, threadName, type Thread } from './thread-words.ts';

const frame = (name: string, inApp: boolean) => ({
  function: name,
  file: 'Pay.java',
  line: 3,
  column: null,
  inApp,
  module: '',
  contextLine: '',
  preContext: [],
  postContext: [],
});
const thread: Thread = {
  id: '1',
  name: 'main',
  state: 'BLOCKED',
  crashed: true,
  current: true,
  main: true,
  threw: false,
  frames: [frame('park', false), frame('pay', true)],
};

test('each thread has an address of its own, also those without an id and with one twice', () => {
  expect(threadKeys([{ id: '7' }, { id: '' }, { id: '7' }])).toEqual(['7', 'at-2', 'at-3']);
});

test('a thread is told by its name, its id and its first own frame', () => {
  expect(threadName(thread)).toBe('main (1)');
  expect(threadName({ id: '9', name: '' })).toBe('Thread 9');
  expect(firstOwnFrame(thread)).toBe('pay (Pay.java:3)');
  expect(firstOwnFrame({ frames: [], threw: true })).toBe('threw the exception');
  expect(stackOfThread({ ...thread, registers: { ax: '1' } })).toMatchObject({
    type: 'main (1)',
    registers: { ax: '1' },
  });
});
