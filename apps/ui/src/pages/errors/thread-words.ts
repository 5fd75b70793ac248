import type { ErrorEvent } from '@sightline/contract';
import { frameText } from './fold-frames.ts';

export type Thread = ErrorEvent['threads'][number];

/** What each thread is called in an address: its id, or its place where it has none of its own. */
export function threadKeys(threads: readonly Pick<Thread, 'id'>[]): readonly string[] {
  return threads.map(({ id }, place) =>
    id !== '' && threads.findIndex((one) => one.id === id) === place ? id : `at-${place + 1}`,
  );
}

/** `http-worker-3 (17)`; a thread without a name goes by its id. */
export function threadName({ id, name }: Pick<Thread, 'id' | 'name'>): string {
  if (name === '') return id === '' ? 'Thread without a name' : `Thread ${id}`;
  return id === '' ? name : `${name} (${id})`;
}

/** The innermost frame of our own, else the innermost; '' where the client sent no stack. */
export function firstOwnFrame({ frames, threw }: Pick<Thread, 'frames' | 'threw'>): string {
  const frame = frames.find(({ inApp }) => inApp) ?? frames[0];
  return frame === undefined ? (threw ? 'threw the exception' : '') : frameText(frame);
}

export function lockText({ relation, type, address }: NonNullable<Thread['locks']>[number]): string {
  return `${relation} ${[type, address].filter((part) => part !== '').join(' at ')}`;
}

/** The stack of a thread in the form of an exception's. */
export function stackOfThread(thread: Thread): ErrorEvent['exceptions'][number] {
  const { frames, state, registers } = thread;
  const stack = { type: threadName(thread), value: state, mechanism: '', handled: null, frames };
  return registers === undefined ? stack : { ...stack, registers };
}
