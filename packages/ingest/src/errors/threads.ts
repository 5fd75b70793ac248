import type { ErrorFrame, ErrorLock, ErrorPayload, ErrorThread } from '@sightline/record';
import { claimsFrames, debugIdsOf, framesOf, type FramesReading } from './exceptions.ts';
import { isObject, listOf, objectOf, textOf, type JsonObject } from './json-reader.ts';
import { registersOf, type Room } from './named-texts.ts';
import { withoutSecrets } from './secrets.ts';

const maxThreads = 100;
const maxLocks = 20;
const most = { inner: 40, outer: 20 };
/** Characters of all frames of all threads, about; the stacks of later threads are left out, the threads are not. */
const maxCharacters = 400_000;

/**
 * The threads of an event (https://develop.sentry.dev/sdk/data-model/event-payloads/threads/): those that crashed or threw first, then the
 * one that ran, then the main one, then as sent; at most `maxThreads`. They are for reading: no issue is made of them. Nothing where the
 * event has none, or one alone whose stack is shown already (`shown`).
 */
export function threadsOf(
  event: JsonObject,
  room: Room,
  shown: boolean,
): Pick<ErrorPayload, 'threads' | 'threadsOmitted'> {
  const given = listOf(event['threads']).filter(isObject);
  if (given.length === 0 || (shown && given.length === 1)) return {};
  const thrown = listOf(event['exception']).map((exception) => threadId(objectOf(exception)['thread_id']));
  const threw = new Set(thrown.filter((id) => id !== ''));
  // Of clients that do not say in which thread it was thrown, it is the one that crashed.
  const hasThrown = (thread: JsonObject): boolean =>
    threw.size > 0 ? threw.has(threadId(thread['id'])) : thrown.length > 0 && thread['crashed'] === true;
  const rank = (thread: JsonObject): number => {
    if (thread['crashed'] === true || hasThrown(thread)) return 0;
    return thread['current'] === true ? 1 : thread['main'] === true ? 2 : 3;
  };
  const kept = given.toSorted((a, b) => rank(a) - rank(b)).slice(0, maxThreads);
  const claims = [...given, ...listOf(event['exception']).map(objectOf)].some((one) =>
    claimsFrames(objectOf(one['stacktrace'])),
  );
  const reading = { debugIds: debugIdsOf(event), claims, room, most };
  const left = { characters: maxCharacters };
  const threads = kept.map((thread) => threadOf(thread, hasThrown(thread), reading, left));
  return { threads, ...(given.length > kept.length && { threadsOmitted: given.length - kept.length }) };
}

function threadOf(thread: JsonObject, threw: boolean, reading: FramesReading, left: Room): ErrorThread {
  const stacktrace = objectOf(thread['stacktrace']);
  const sent = listOf(stacktrace['frames']).length;
  const read = left.characters > 0 ? framesOf(stacktrace, reading) : [];
  const frames = read.filter((frame) => left.characters > 0 && (left.characters -= charactersOf(frame)) > 0);
  const registers = registersOf(stacktrace);
  const locks = locksOf(thread['held_locks']);
  return {
    id: threadId(thread['id']),
    name: withoutSecrets(textOf(thread['name'], 200)),
    state: textOf(thread['state'], 100),
    crashed: thread['crashed'] === true,
    current: thread['current'] === true,
    main: thread['main'] === true,
    threw,
    frames,
    ...(sent > frames.length && { framesOmitted: sent - frames.length }),
    ...(locks.length > 0 && { locks }),
    ...(registers && { registers }),
  };
}

/** Some systems number threads by their address: so long a number is shorter in hexadecimal, and nobody takes it for a card's. */
function threadId(id: unknown): string {
  const text = textOf(id, 64);
  return /^\d{13,20}$/.test(text) ? `0x${BigInt(text).toString(16)}` : text;
}

const relations: Readonly<Record<string, ErrorLock['relation']>> = {
  1: 'holds',
  2: 'waits for',
  4: 'sleeps on',
  8: 'is blocked by',
};

/** Java's clients send them by address. */
function locksOf(locks: unknown): ErrorLock[] {
  const kept: ErrorLock[] = [];
  for (const [address, value] of Object.entries(objectOf(locks)).slice(0, maxLocks)) {
    const lock = objectOf(value);
    const relation = relations[textOf(lock['type'], 8)];
    if (relation === undefined) continue;
    const type = [textOf(lock['package_name'], 200), textOf(lock['class_name'], 200)].filter((part) => part !== '');
    kept.push({
      relation,
      type: type.join('.'),
      address: textOf(lock['address'], 64) || textOf(address, 64),
      thread: threadId(lock['thread_id']),
    });
  }
  return kept;
}

/** About as long as its JSON. */
function charactersOf(frame: ErrorFrame): number {
  const texts = [
    frame.function,
    frame.file,
    frame.module,
    frame.contextLine,
    ...frame.preContext,
    ...frame.postContext,
  ];
  for (const [name, value] of Object.entries(frame.locals ?? {})) texts.push(name, value);
  return texts.reduce((sum, text) => sum + text.length + 3, 150);
}
