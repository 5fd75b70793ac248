import type { ErrorException, ErrorFrame, GroupingPart } from '@sightline/record';
import type { Groupable, Parts } from '../groupable.ts';
import { familyOf } from '../rules/family.ts';
import type { AppliedStackRules } from '../rules/stack-rules.ts';
import { FormedFrame, type FrameForm } from '../../formed-frame.ts';
import { type Kept, Lately } from '../../lately.ts';
import { isMinified } from '../version-2/frame-place.ts';
import { withoutParameters } from '../version-2/message-parameters.ts';
import { frameKind, type FrameKind } from './classify-frame.ts';
import { placeOf } from './frame-place.ts';
import { functionName } from './function-name.ts';

const maxFrames = 10;
const maxExceptions = 8;
const maxContextLine = 160;
const maxShownFrames = 40;

/** A frame as grouping sees it. */
interface Seen {
  readonly frame: ErrorFrame;
  readonly kind: FrameKind;
  readonly key: string;
  readonly label: string;
  readonly named: boolean;
  readonly minified: boolean;
}

/** What a page could not load: after each release old pages ask for files that are gone, on every way into them. */
const notLoaded =
  /^(?:Loading (?:CSS )?chunk \S+ failed|Failed to fetch dynamically imported module|error loading dynamically imported module|Importing a module script failed|Unable to preload CSS)/i;

/**
 * Version 3 without fingerprints: types and the application's own frames along the chain of exceptions, with the source line
 * or the message's shape where frames alone say too little; else the message's shape; else the stack; else type and culprit. `rules` tells
 * which frames a person left out or claimed.
 */
export function defaultParts(event: Groupable, rules: AppliedStackRules, platform: string): Parts {
  const [thrown] = event.exceptions;
  if (thrown && (thrown.type === 'ChunkLoadError' || notLoaded.test(thrown.value))) return notLoadedParts(thrown);
  if (event.exceptions.length > 0) return chainParts(event.exceptions, rules, platform);
  const message = withoutParameters(event.messageTemplate);
  if (message !== '') {
    const part = used('message', message, message === event.messageTemplate ? '' : 'what differs is replaced');
    return { keys: [`message ${message}`], parts: [part] };
  }
  const stack = event.stack ?? [];
  const ofStack = chainParts(stack, rules, platform);
  if (ofStack.parts.some((part) => part.kind === 'frame' && part.used)) return ofStack;
  const parts = [used('type', event.type), used('culprit', event.culprit)];
  return { keys: [`type ${event.type}`, `culprit ${event.culprit}`], parts };
}

function notLoadedParts({ type }: ErrorException): Parts {
  const why = 'after a release pages that are still open miss files of the one before: one issue, wherever it happens';
  return {
    keys: ['not loaded'],
    parts: [{ kind: 'rule', value: `${type}: code that could not be loaded`, used: true, why }],
  };
}

const used = (kind: GroupingPart['kind'], value: string, why = ''): GroupingPart => ({ kind, value, used: true, why });
const left = (kind: GroupingPart['kind'], value: string, why: string): GroupingPart => ({
  kind,
  value,
  used: false,
  why,
});

/**
 * The chain from the thrown exception to its root cause; equal ones count once. What only holds others together counts where
 * these differ: an aggregate of one kind of error is that error, however many there were.
 */
function chainParts(exceptions: readonly ErrorException[], rules: AppliedStackRules, platform: string): Parts {
  const keys: string[] = [];
  const parts: GroupingPart[] = [];
  const seen = new Set<string>();
  const each = exceptions.map((exception) => exceptionParts(exception, rules, platform));
  const members = new Set(exceptions.flatMap(({ group }, i) => (group === 'member' ? [each[i]?.keys.join('\n')] : [])));
  exceptions.forEach((exception, position) => {
    const kind = keys.length === 0 ? 'type' : 'cause';
    const leave = (why: string): unknown => parts.push(left(kind, exception.type, why));
    const own = each[position] ?? { keys: [], parts: [] };
    const key = own.keys.join('\n');
    if (position >= maxExceptions) leave(`more than ${maxExceptions} exceptions`);
    else if (exception.group === 'whole' && members.size === 1) leave('only holds the others together');
    else if (seen.has(key)) leave('the same as one before');
    else {
      seen.add(key);
      keys.push(...own.keys);
      parts.push(...own.parts.map((part): GroupingPart => (part.kind === 'type' ? { ...part, kind } : part)));
    }
  });
  return { keys, parts };
}

function exceptionParts(exception: ErrorException, rules: AppliedStackRules, platform: string): Parts {
  const keys: string[] = [];
  const parts: GroupingPart[] = [];
  if (/^[A-Za-z_$]{1,2}$/.test(exception.type) && exception.frames.some((frame) => /\.(?:m|c)?js/.test(frame.file))) {
    parts.push(left('type', exception.type, 'a name made by a minifier'));
  } else {
    keys.push(`type ${exception.type}`);
    parts.push(used('type', exception.type));
  }
  const frames = framesParts(exception.frames, rules, platform);
  keys.push(...frames.keys);
  parts.push(...frames.parts);
  detail(exception, frames.line, keys, parts);
  return { keys, parts };
}

/** What the frames of one stack give. */
interface FrameParts extends Parts {
  /** The source line of the innermost that counts; '' where a minifier wrote it, or there is none. */
  readonly line: string;
}

interface AskedStack {
  readonly frames: readonly ErrorFrame[];
  readonly platform: string;
}

interface KnownStack extends Kept {
  readonly forms: readonly (FrameForm | undefined)[];
  readonly platform: string;
  readonly parts: FrameParts;
}

const knownStacks = new Lately<FrameForm, AskedStack, KnownStack>(
  6_000_000,
  ({ forms, platform }, asked) =>
    platform === asked.platform &&
    forms.length === asked.frames.length &&
    asked.frames.every((frame, i) => FormedFrame.formOf(frame) === forms[i]),
);

/** Each event of a bug has the same stack: what was made of one lately holds for the next, where no rule has its say. */
function framesParts(frames: readonly ErrorFrame[], rules: AppliedStackRules, platform: string): FrameParts {
  const innermost = frames[0] && FormedFrame.formOf(frames[0]);
  if (innermost === undefined || isRuled(rules)) return readFrames(frames, rules, platform);
  const known = knownStacks.find(innermost, { frames, platform });
  if (known) return known.parts;
  const parts = readFrames(frames, rules, platform);
  const forms = frames.map((frame) => FormedFrame.formOf(frame));
  const characters = forms.reduce((sum, form) => sum + (form?.json.bytes.length ?? Number.POSITIVE_INFINITY), 0);
  knownStacks.keep(innermost, { forms, platform, parts, characters });
  return parts;
}

function isRuled({ leftOut, reasons, claimed, maxFrames: most, minFrames }: AppliedStackRules): boolean {
  return leftOut.size > 0 || reasons.size > 0 || claimed.size > 0 || most > 0 || minFrames > 0;
}

function readFrames(frames: readonly ErrorFrame[], rules: AppliedStackRules, platform: string): FrameParts {
  const keys: string[] = [];
  const parts: GroupingPart[] = [];
  const seen = frames.map((frame) => see(frame, platform, rules.claimed.has(frame)));
  const chosen = chooseFrames(seen, rules);
  let shown = 0;
  seen.forEach((one, i) => {
    const why = chosen.reasons[i] ?? '';
    if (chosen.used.has(i)) {
      keys.push(`frame ${one.key}`);
      parts.push(used('frame', one.label, why));
    } else if (shown++ < maxShownFrames) parts.push(left('frame', one.label, why));
  });
  const top = seen.find((_, i) => chosen.used.has(i));
  return { keys, parts, line: top && !top.minified ? top.frame.contextLine.trim().replace(/\s+/g, ' ') : '' };
}

function see(frame: ErrorFrame, platform: string, ruled: boolean): Seen {
  const plain = functionName(frame.function, platform === 'javascript');
  const minified = isMinified(frame, plain);
  const name = minified ? '' : plain;
  const place = placeOf(frame);
  const label = `${name === '' ? 'anonymous function' : name} in ${place === '' ? 'unknown file' : place}`;
  const kind = frameKind(frame, { name, native: familyOf(platform) === 'native', ruled });
  return { frame, kind, key: `${name}|${place}`, label, named: name !== '', minified };
}

const reasonOf: Readonly<Record<Exclude<FrameKind, 'application'>, string>> = {
  unclaimed: 'not of the application, says the client',
  library: 'not of the application',
  runtime: 'of the runtime itself',
  wrapper: 'made by a compiler around asynchronous code',
};

const chosenFrom = [
  ['application', ''],
  ['unclaimed', 'the client calls no frame its own, and this is of no library that is known'],
  ['library', 'no frame is of the application: the nearest of libraries'],
] as const;

/**
 * Which frames make the group: the innermost of the application, each once, those with a name before anonymous ones. Where
 * there are none, those of which only the client says that they are others'; where there are none of these, libraries'.
 */
function chooseFrames(
  seen: readonly Seen[],
  rules: AppliedStackRules,
): { used: ReadonlySet<number>; reasons: string[] } {
  const reasons: string[] = Array.from({ length: seen.length }, () => '');
  const byKind: Record<string, number[]> = { application: [], unclaimed: [], library: [] };
  seen.forEach((one, i) => {
    if (one.key !== '|' && !rules.leftOut.has(one.frame)) byKind[one.kind]?.push(i);
  });
  const from = chosenFrom.find(([kind]) => byKind[kind]?.length !== 0);
  const candidates = (from && byKind[from[0]]) ?? [];
  const said = from?.[1] ?? '';
  const named = candidates.some((i) => seen[i]?.named === true);
  const keys = new Set<string>();
  const chosen = new Set<number>();
  const most = rules.maxFrames > 0 ? rules.maxFrames : maxFrames;
  for (const i of candidates) {
    const one = seen[i];
    if (!one) continue;
    if (keys.has(one.key)) reasons[i] = 'seen already: a recursion counts once';
    else if (named && !one.named) reasons[i] = one.minified ? 'a name made by a minifier' : 'a function without a name';
    else if (chosen.size >= most) reasons[i] = `beyond the ${most} innermost`;
    else {
      keys.add(one.key);
      chosen.add(i);
      reasons[i] = rules.reasons.get(one.frame) ?? said;
    }
  }
  seen.forEach((one, i) => {
    if (chosen.has(i) || reasons[i] !== '') return;
    if (one.key === '|') reasons[i] = 'tells neither function nor file';
    else reasons[i] = rules.reasons.get(one.frame) ?? (one.kind === 'application' ? '' : reasonOf[one.kind]);
  });
  if (chosen.size < rules.minFrames) {
    for (const i of chosen) reasons[i] = `fewer than the ${rules.minFrames} frames that a rule asks for`;
    chosen.clear();
  }
  return { used: chosen, reasons };
}

/** What tells two bugs of one function apart: the source line that threw, else the shape of the message. */
function detail(exception: ErrorException, source: string, keys: string[], parts: GroupingPart[]): void {
  const message = withoutParameters(exception.value);
  if (source !== '' && source.length <= maxContextLine && !source.startsWith('{snip}')) {
    keys.push(`line ${source}`);
    parts.push(used('line', source));
    if (message !== '') parts.push(left('message', message, 'the source line tells it'));
    return;
  }
  if (exception.code !== undefined) {
    keys.push(`code ${exception.code}`);
    parts.push(used('message', exception.code, 'the number of the error'));
    if (message !== '') parts.push(left('message', message, 'the number of the error tells it, in whatever language'));
    return;
  }
  if (message === '') return;
  keys.push(`message ${message}`);
  parts.push(used('message', message, message === exception.value ? '' : 'what differs is replaced'));
}
