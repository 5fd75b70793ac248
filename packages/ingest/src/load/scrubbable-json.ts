import { readJson } from '@sightline/base';
import { hasSecretName } from './secret-name.ts';

/**
 * JSON in which the scrubber can work on the text: no number that it might take for a card, no secret that is not a text, no
 * escape other than those it knows. In parts, where its maker knows them: each holds whole names with their values, so that
 * the scrubber may see it alone, and most parts of most texts hold nothing for it.
 */
export class ScrubbableJson {
  /** Joined, the text. */
  readonly parts: readonly JsonPart[];

  private constructor(parts: readonly JsonPart[]) {
    this.parts = parts;
  }

  /** Any text, in one part; what is no JSON becomes the only value of an object. */
  static of(text: string): ScrubbableJson {
    return new ScrubbableJson([isScrubbable(text) ? text : rewritten(text)]);
  }

  /**
   * Parts of one JSON text, as `JSON.stringify` writes them. `known` says of each that its numbers and booleans are of our own making: none of thirteen digits,
   * none a secret. One part that does not fit costs the others: then the text is written anew in one piece.
   */
  static ofParts(parts: readonly { readonly text: JsonPart; readonly known: boolean }[]): ScrubbableJson {
    const fits = parts.every(({ text, known }) => {
      if (!known) return hasPlainValues(String(text));
      return typeof text === 'string' ? isPlain(text) : text.head.plain && isPlain(text.rest);
    });
    const texts = parts.map(({ text }) => text);
    return new ScrubbableJson(fits ? texts : [rewritten(texts.join(''))]);
  }

  toString(): string {
    return this.parts.join('');
  }
}

/** A text, or one that begins with what many have in common. */
export type JsonPart = string | SharedPart;

/** What many texts begin with: looked at once, and kept as it is written. */
export class SharedHead {
  readonly bytes: Buffer;
  readonly plain: boolean;

  constructor(text: string) {
    // Memory of its own: a piece of a pool would keep all that lies beside it.
    this.bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    this.bytes.write(text);
    this.plain = isPlain(text);
  }
}

/** A part of JSON that begins with what many have in common. */
export class SharedPart {
  readonly head: SharedHead;
  readonly rest: string;

  constructor(head: SharedHead, rest: string) {
    this.head = head;
    this.rest = rest;
  }

  toString(): string {
    return this.head.bytes.toString('utf8') + this.rest;
  }
}

function rewritten(text: string): string {
  let value: unknown;
  try {
    value = readJson(text);
  } catch {
    return JSON.stringify({ unreadable: text });
  }
  return JSON.stringify(value, (key, item: unknown) => {
    if (typeof item === 'string') return item.toWellFormed().replace(controlCharacters, ' ');
    if (typeof item === 'number' && Math.abs(item) >= 1e12) return String(item);
    if ((typeof item === 'number' || typeof item === 'boolean' || item === null) && hasSecretName(key))
      return String(item);
    return item;
  });
}

/**
 * True for the text of most payloads: JSON of our own making in which nothing has to change. It is read once, where writing it anew
 * costs as much as all else that is done with an event. A text that only looks like more is written anew for nothing.
 */
function isScrubbable(text: string): boolean {
  return text.startsWith('{') && text.endsWith('}') && hasPlainValues(text);
}

function hasPlainValues(text: string): boolean {
  if (unusual.test(text)) return false;
  for (const [, name = ''] of text.matchAll(plainValues)) if (hasSecretName(name)) return false;
  return text.isWellFormed();
}

/** As `hasPlainValues`, where only texts are in question: `JSON.stringify` writes no control character and no lone surrogate as it is. */
function isPlain(text: string): boolean {
  return !text.includes('\\') || !oddEscape.test(text);
}

const oddEscape = /\\[ubf]/;
/** An escape that the scrubber does not know, a control character, a number of thirteen digits or with an exponent. */
// oxlint-disable-next-line no-control-regex
const unusual = /\\[ubf/]|[\u0000-\u001F]|[:,[]\s*-?(?:\d{13}|\d[\d.]*[eE])/;
/** Names of numbers, booleans and nulls. */
const plainValues = /"([^"\\]{1,200})":(?=[-\dtfn])/g;

// Everything that JSON.stringify would write as \uXXXX, \b or \f.
// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u0008\u000B\u000C\u000E-\u001F]/g;
