import { levelOf, type Level } from '../level.ts';
import { encodedLevel } from './encode-log.ts';
import type { FlatFields } from './flat-fields.ts';

interface KnownLevel {
  readonly bytes: Uint8Array;
  readonly level: Level;
  readonly encoded: Uint8Array;
}

const longest = 32;
const knownAtMost = 32;
const known: KnownLevel[] = [];
/** Those of syslog and pino. */
const numbersAtMost = 64;
const numbers: (KnownLevel | undefined)[] = Array.from({ length: numbersAtMost });

export const noLevel: KnownLevel = learned(levelOf(undefined), new Uint8Array(0));

function learned(level: Level, bytes: Uint8Array): KnownLevel {
  return { bytes, level, encoded: encodedLevel(level) };
}

/** The level that a text or a whole number tells, as `levelOf` reads it. */
export function flatLevel<P>(fields: FlatFields<P>, field: number): KnownLevel {
  if (!fields.isText(field)) {
    const number = fields.numbers[field] ?? 0;
    const numbered = numbers[number] ?? learned(levelOf(number), new Uint8Array(0));
    if (number < numbersAtMost) numbers[number] = numbered;
    return numbered;
  }
  const source = fields.sourceOf(field);
  const start = fields.starts[field] ?? 0;
  const length = fields.lengthOf(field);
  for (const candidate of known) if (isSame(candidate.bytes, source, start, length)) return candidate;
  const made = learned(levelOf(fields.text(field)), Buffer.from(source.subarray(start, start + length)));
  if (length <= longest && known.length < knownAtMost) known.push(made);
  return made;
}

function isSame(bytes: Uint8Array, source: Uint8Array, start: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== source[start + i]) return false;
  return true;
}
