import { cutMark } from '@sightline/record';
import { objectOf, textOf, type JsonObject } from './json-reader.ts';
import { isSecretName, keepValue, redacted, setMember, withoutSecrets, type KeepLimits } from './secrets.ts';

/** Characters that the local variables of an event may take beyond the first `shortLocal` of each. */
export interface Room {
  characters: number;
}

/** Local variables of one frame; of more, the client's first. */
const maxLocals = 60;
/** Characters of a variable that are kept whatever else the event holds. */
const shortLocal = 300;
/** Characters of a variable where the event has room. */
const longLocal = 8192;
/** So much of an event in all: a few long variables whole, never megabytes of them. */
export const localsRoom = 65_536;

/** What lies below is cut by length alone, so that it is told. */
const localLimits: KeepLimits = { depth: 8, entries: longLocal, textLength: longLocal };
const registerAtMost = 64;

/** Local variables of a frame by name, as text; undefined where there are none. What is cut says so; `room` shrinks. */
export function localsOf(frame: JsonObject, room: Room): Record<string, string> | undefined {
  const given = objectOf(frame['vars']);
  const names = Object.keys(given);
  if (names.length === 0) return undefined;
  const texts: Record<string, string> = {};
  for (const name of names.length > maxLocals ? names.slice(0, maxLocals) : names)
    setMember(texts, textOf(name, 100), isSecretName(name) ? redacted : localText(given[name] ?? null, room));
  if (names.length > maxLocals) setMember(texts, '…', `${names.length - maxLocals} more variables were not kept`);
  return texts;
}

/** Registers of the processor at the innermost frame of a stack; undefined where there are none. */
export function registersOf(stacktrace: JsonObject): Record<string, string> | undefined {
  const given = objectOf(stacktrace['registers']);
  const names = Object.keys(given).slice(0, registerAtMost);
  if (names.length === 0) return undefined;
  const texts: Record<string, string> = {};
  for (const name of names) setMember(texts, textOf(name, 100), withoutSecrets(textOf(given[name], registerAtMost)));
  return texts;
}

function localText(value: unknown, room: Room): string {
  const whole = wholeText(value);
  if (whole.length <= shortLocal) return withoutSecrets(whole);
  const kept = Math.min(whole.length, longLocal, shortLocal + room.characters);
  room.characters -= kept - shortLocal;
  const text = withoutSecrets(whole.slice(0, kept).toWellFormed());
  return kept < whole.length ? text + cutMark(kept, whole.length) : text;
}

function wholeText(value: unknown): string {
  if (typeof value !== 'object') return textOf(value, Infinity);
  return (value === null ? 'null' : JSON.stringify(keepValue(value, localLimits))).toWellFormed();
}
