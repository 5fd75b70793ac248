import type { ErrorFrame } from '@sightline/record';
import type { FrameMark } from '../source-maps/frame-mark.ts';
import { FormedFrame, type FrameForm } from './formed-frame.ts';
import { isObject, listOf, parseJson, type JsonObject } from './json-reader.ts';
import { type Kept, Lately } from './lately.ts';
import { arrayOrObjectEnd, framesIn } from './scan-frames.ts';

/** A frame of a stack that was met lately, without its local variables. */
interface KnownFrame {
  /** As the client sent it; where it has local variables, `vars` is 0. */
  readonly given: JsonObject;
  readonly forms: { readonly origin: FormOrigin; readonly form: FrameForm }[];
}

/** What the form of a frame hangs on beside what the client sent. */
export interface FormOrigin {
  readonly debugId: string;
  /** Whether the client calls any frame of the event the application's. */
  readonly claims: boolean;
  readonly mark: FrameMark | undefined;
}

interface KnownStack extends Kept {
  /** The bytes of the frames: before, between and behind what stands under `vars`. */
  readonly segments: readonly Buffer[];
  readonly frames: readonly KnownFrame[];
}

/** Where a stack stands among the bytes of an event. */
interface AskedStack {
  readonly bytes: Buffer;
  /** Behind the bracket that opens the list of frames. */
  readonly from: number;
}

/** A stack that was found, with where the values of `vars` stand. */
interface FoundStack {
  readonly stack: KnownStack;
  readonly variables: readonly { readonly from: number; readonly to: number }[];
  /** At the bracket that closes the list. */
  readonly end: number;
}

/** Some two hundred stacks of two dozen frames with code around. */
const knownStacks = new Lately<string, AskedStack, KnownStack>(7_500_000, (stack, asked) => {
  lastFound = matched(stack, asked);
  return lastFound !== undefined;
});
let lastFound: FoundStack | undefined;

/** Only what is met again is worth to be known. */
const metOnce = new Lately<string, undefined, Kept>(400_000, () => true);

/** Names the known frame of a frame of an event. A symbol: no client can send it. */
const knownFrame: unique symbol = Symbol('the frame as it is known');
type SentFrame = JsonObject & { readonly [knownFrame]?: KnownFrame };

const framesOpen = Buffer.from('"frames":[');
const closeList = 93;
/** So many bytes of a list of frames tell it from most others. */
const keyBytes = 256;
const formsAtMost = 4;

/**
 * What `JSON.parse` makes of the bytes of an event. Events of one bug have the same stacks: the bytes of those that were met lately are compared,
 * and not read again. Undefined where the bytes are no JSON.
 */
export function parseEvent(bytes: Buffer): unknown {
  const found = stacksIn(bytes);
  if (found === undefined) return parseJson(bytes.toString('utf8'));
  const event = parseJson(restOf(bytes, found));
  if (isObject(event) && putBack(event, found)) return event;
  // Frames stand where none are looked for, or are written in two ways.
  return parseJson(bytes.toString('utf8'));
}

/** The stacks of an event, in their order; undefined where one is not known. */
function stacksIn(bytes: Buffer): FoundStack[] | undefined {
  const found: FoundStack[] = [];
  let all = true;
  let at = bytes.indexOf(framesOpen);
  // One that is not known is learnt, and so are those behind it.
  for (let place = 0; at >= 0 && place < stacksAtMost; place++) {
    const asked = { bytes, from: at + framesOpen.length };
    const one = knownAt(asked);
    if (one) found.push(one);
    else all = false;
    at = bytes.indexOf(framesOpen, one?.end ?? asked.from);
  }
  return all && at < 0 && found.length > 0 ? found : undefined;
}

const stacksAtMost = 50;
/** Longer ones, in bytes, are not worth the search for their end. */
const longestStack = 131_072;
const longestVariables = 65_536;

function knownAt(asked: AskedStack): FoundStack | undefined {
  const key = asked.bytes.toString('latin1', asked.from, asked.from + keyBytes);
  if (knownStacks.find(key, asked)) return lastFound;
  if (metOnce.find(key, undefined)) learn(key, asked);
  else metOnce.keep(key, { characters: key.length });
  return undefined;
}

function matched(stack: KnownStack, { bytes, from }: AskedStack): FoundStack | undefined {
  const variables: { from: number; to: number }[] = [];
  let at = from;
  for (const [place, segment] of stack.segments.entries()) {
    if (place > 0) {
      const to = arrayOrObjectEnd(bytes, at, at + longestVariables);
      if (to === undefined) return undefined;
      variables.push({ from: at, to });
      at = to;
    }
    const end = at + segment.length;
    if (end >= bytes.length || bytes.compare(segment, 0, segment.length, at, end) !== 0) return undefined;
    at = end;
  }
  return bytes[at] === closeList ? { stack, variables, end: at } : undefined;
}

function learn(key: string, { bytes, from }: AskedStack): void {
  const spans = framesIn(bytes.subarray(0, from + longestStack), from);
  const end = spans?.at(-1)?.to;
  if (!spans || end === undefined) return;
  // Memory of its own: a piece of a pool would keep all that lies beside it.
  const kept = Buffer.allocUnsafeSlow(end - from);
  const segments: Buffer[] = [];
  let at = from;
  let size = 0;
  const keep = (to: number): unknown => segments.push(kept.subarray(size, (size += bytes.copy(kept, size, at, to))));
  for (const { vars } of spans) {
    if (!vars) continue;
    keep(vars.from);
    at = vars.to;
  }
  keep(end);
  const frames = parseJson(`[${segments.map((segment) => segment.toString('utf8')).join('0')}]`);
  if (!Array.isArray(frames) || !frames.every(isObject)) return;
  knownStacks.keep(key, {
    segments,
    frames: frames.map((given) => ({ given, forms: [] })),
    // The bytes, what was made of them, and the JSON of their forms.
    characters: key.length + 3 * (end - from),
  });
}

/** The event's text with `[<number of the stack>, <values of vars>…]` for each list of frames. */
function restOf(bytes: Buffer, found: readonly FoundStack[]): string {
  let text = '';
  let at = 0;
  for (const [place, { stack, variables, end }] of found.entries()) {
    const first = stack.segments[0]?.length ?? 0;
    const from = (variables[0]?.from ?? end) - first;
    text += `${bytes.toString('utf8', at, from)}${place}`;
    for (const one of variables) text += `,${bytes.toString('utf8', one.from, one.to)}`;
    at = end;
  }
  return text + bytes.toString('utf8', at);
}

/** False where the stacks of the event are not, one by one, those that were taken out. */
function putBack(event: JsonObject, found: readonly FoundStack[]): boolean {
  const holders = stackHolders(event);
  if (holders.length !== found.length) return false;
  for (const [place, { frames: rest }] of holders.entries()) {
    if (!Array.isArray(rest) || rest[0] !== place || rest.length !== 1 + (found[place]?.variables.length ?? 0))
      return false;
  }
  for (const [place, holder] of holders.entries()) {
    let variable = 1;
    const rest = holder.frames as readonly unknown[];
    holder.frames = found[place]?.stack.frames.map((known): SentFrame => {
      if (known.given['vars'] !== 0) return { ...known.given, [knownFrame]: known };
      return { ...known.given, vars: rest[variable++], [knownFrame]: known };
    });
  }
  return true;
}

/** Whatever of an event has frames and is looked at, in the order of its text. */
function stackHolders(event: JsonObject): { frames: unknown }[] {
  const holders: { frames: unknown }[] = [];
  const add = (stack: unknown): unknown =>
    isObject(stack) && 'frames' in stack && holders.push(stack as { frames: unknown });
  for (const [name, value] of Object.entries(event)) {
    if (name === 'stacktrace') add(value);
    if (name !== 'exception' && name !== 'threads' && name !== 'sentry.interfaces.Exception') continue;
    const list = listOf(value);
    for (const one of list.length === 0 && isObject(value) ? [value] : list) {
      if (!isObject(one)) continue;
      for (const [member, stack] of Object.entries(one))
        if (member === 'stacktrace' || member === 'raw_stacktrace') add(stack);
    }
  }
  return holders;
}

/** The form of a frame of an event, where its stack is known; undefined elsewhere. `read` makes the frame where its form is not known yet. */
export function frameFormOf(
  given: JsonObject,
  origin: FormOrigin,
  read: (given: JsonObject, origin: FormOrigin) => ErrorFrame,
): FrameForm | undefined {
  const known = (given as SentFrame)[knownFrame];
  if (!known) return undefined;
  const { forms } = known;
  for (const { origin: other, form } of forms) if (isSameOrigin(other, origin)) return form;
  const form = FormedFrame.form(read(given, origin));
  if (forms.length >= formsAtMost) forms.shift();
  forms.push({ origin, form });
  return form;
}

/** A frame that is no longer as the client sent it. */
export function forgetKnown(frame: JsonObject): JsonObject {
  return { ...frame, [knownFrame]: undefined };
}

function isSameOrigin(known: FormOrigin, given: FormOrigin): boolean {
  return known.claims === given.claims && known.debugId === given.debugId && isSameMark(known.mark, given.mark);
}

function isSameMark(known: FrameMark | undefined, given: FrameMark | undefined): boolean {
  if (known === undefined || given === undefined) return known === given;
  // Of a frame that a source map resolved the mark does not tell all that it changed.
  return known.minified === undefined && given.minified === undefined && known.unresolved === given.unresolved;
}
