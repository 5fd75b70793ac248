import type { ErrorException, ErrorFrame, GroupingPart } from '@sightline/record';
import type { Groupable, Parts } from '../groupable.ts';
import type { AppliedStackRules } from '../rules/stack-rules.ts';
import { frameKind, type FrameKind } from './classify-frame.ts';
import { isMinified, placeOf } from './frame-place.ts';
import { functionName } from './function-name.ts';
import { withoutParameters } from './message-parameters.ts';

const maxFrames = 10;
const maxForeignFrames = 3;
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

/**
 * Version 2 without fingerprints: types and the application's own frames along the chain of exceptions, with the source line
 * or the message's shape where frames alone say too little; else the message's shape; else the stack; else type and culprit. `rules` tells
 * which frames a person left out.
 */
export function defaultParts(event: Groupable, rules: AppliedStackRules): Parts {
  if (event.exceptions.length > 0) return chainParts(event.exceptions, rules);
  const message = withoutParameters(event.messageTemplate);
  if (message !== '') {
    const part = used('message', message, message === event.messageTemplate ? '' : 'what differs is replaced');
    return { keys: [`message ${message}`], parts: [part] };
  }
  const stack = event.stack ?? [];
  if (stack.some(({ frames }) => frames.length > 0)) return chainParts(stack, rules);
  const parts = [used('type', event.type), used('culprit', event.culprit)];
  return { keys: [`type ${event.type}`, `culprit ${event.culprit}`], parts };
}

const used = (kind: GroupingPart['kind'], value: string, why = ''): GroupingPart => ({ kind, value, used: true, why });
const left = (kind: GroupingPart['kind'], value: string, why: string): GroupingPart => ({
  kind,
  value,
  used: false,
  why,
});

/** The chain from the thrown exception to its root cause; equal members (of an aggregate) count once. */
function chainParts(exceptions: readonly ErrorException[], rules: AppliedStackRules): Parts {
  const keys: string[] = [];
  const parts: GroupingPart[] = [];
  const seen = new Set<string>();
  exceptions.forEach((exception, position) => {
    const kind = position === 0 ? 'type' : 'cause';
    if (position >= maxExceptions) {
      parts.push(left(kind, exception.type, `more than ${maxExceptions} exceptions`));
      return;
    }
    const own = exceptionParts(exception, kind, rules);
    const key = own.keys.join('\n');
    if (seen.has(key)) {
      parts.push(left(kind, exception.type, 'the same as one before'));
      return;
    }
    seen.add(key);
    keys.push(...own.keys);
    parts.push(...own.parts);
  });
  return { keys, parts };
}

function exceptionParts(exception: ErrorException, kind: 'type' | 'cause', rules: AppliedStackRules): Parts {
  const keys: string[] = [];
  const parts: GroupingPart[] = [];
  if (/^[A-Za-z_$]{1,2}$/.test(exception.type) && exception.frames.some((frame) => /\.(?:m|c)?js/.test(frame.file))) {
    parts.push(left(kind, exception.type, 'a name made by a minifier'));
  } else {
    keys.push(`type ${exception.type}`);
    parts.push(used(kind, exception.type));
  }
  const seen = exception.frames.map((frame) => see(frame));
  const chosen = chooseFrames(seen, rules);
  let shown = 0;
  seen.forEach((one, i) => {
    const why = chosen.reasons[i] ?? '';
    if (chosen.used.has(i)) {
      keys.push(`frame ${one.key}`);
      parts.push(used('frame', one.label, why));
    } else if (shown++ < maxShownFrames) parts.push(left('frame', one.label, why));
  });
  detail(exception, seen, chosen.used, keys, parts);
  return { keys, parts };
}

function see(frame: ErrorFrame): Seen {
  const plain = functionName(frame.function);
  const minified = isMinified(frame, plain);
  const name = minified ? '' : plain;
  const place = placeOf(frame);
  const label = `${name === '' ? 'anonymous function' : name} in ${place === '' ? 'unknown file' : place}`;
  return { frame, kind: frameKind(frame, name), key: `${name}|${place}`, label, named: name !== '', minified };
}

const reasonOf: Readonly<Record<Exclude<FrameKind, 'application'>, string>> = {
  library: 'not of the application',
  runtime: 'of the runtime itself',
  wrapper: 'made by a compiler around asynchronous code',
};

/**
 * Which frames make the group: the innermost of the application, each once, those with a name before anonymous ones; where
 * there are none, the few innermost of libraries.
 */
function chooseFrames(
  seen: readonly Seen[],
  rules: AppliedStackRules,
): { used: ReadonlySet<number>; reasons: string[] } {
  const reasons: string[] = Array.from({ length: seen.length }, () => '');
  const of = (wanted: (one: Seen) => boolean): number[] =>
    seen.flatMap((one, i) => (wanted(one) && !rules.leftOut.has(one.frame) ? [i] : []));
  let candidates = of((one) => one.kind === 'application');
  const foreign = candidates.length === 0;
  if (foreign) candidates = of((one) => one.kind === 'library').slice(0, maxForeignFrames);
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
      reasons[i] = foreign
        ? 'no frame is of the application: the nearest of libraries'
        : (rules.reasons.get(one.frame) ?? '');
    }
  }
  seen.forEach((one, i) => {
    if (chosen.has(i) || reasons[i] !== '') return;
    reasons[i] = rules.reasons.get(one.frame) ?? (one.kind === 'application' ? '' : reasonOf[one.kind]);
  });
  if (chosen.size < rules.minFrames) {
    for (const i of chosen) reasons[i] = `fewer than the ${rules.minFrames} frames that a rule asks for`;
    chosen.clear();
  }
  return { used: chosen, reasons };
}

/** What tells two bugs of one function apart: the source line that threw, else the shape of the message. */
function detail(
  exception: ErrorException,
  seen: readonly Seen[],
  chosen: ReadonlySet<number>,
  keys: string[],
  parts: GroupingPart[],
): void {
  const top = seen.find((_, i) => chosen.has(i));
  const source = top?.frame.contextLine.trim().replace(/\s+/g, ' ') ?? '';
  const message = withoutParameters(exception.value);
  if (top && source !== '' && !top.minified && source.length <= maxContextLine && !source.startsWith('{snip}')) {
    keys.push(`line ${source}`);
    parts.push(used('line', source));
    if (message !== '') parts.push(left('message', message, 'the source line tells it'));
    return;
  }
  if (message === '') return;
  keys.push(`message ${message}`);
  parts.push(used('message', message, message === exception.value ? '' : 'what differs is replaced'));
}
