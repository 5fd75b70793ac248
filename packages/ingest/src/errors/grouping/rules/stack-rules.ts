import type { Result } from '@sightline/base';
import type { ErrorException, ErrorFrame } from '@sightline/record';
import { frameTest, isFrameMatcher, type FrameTest } from './frame-matcher.ts';
import { readMatchers, readRules, shown, type RulesFault, type Word } from './read-rules.ts';

/** What a rule does with the frame it matches, or with all on one side of it. */
interface FlagAction {
  readonly kind: 'app' | 'group';
  readonly value: boolean;
  /** `up` is towards the crash, `down` towards the first caller. */
  readonly range: 'frame' | 'up' | 'down';
}
interface CountAction {
  readonly kind: 'max-frames' | 'min-frames';
  readonly value: number;
  readonly range?: undefined;
}

interface StackRule {
  readonly text: string;
  readonly tests: readonly FrameTest[];
  /** Must hold for the frame that called the matched one, and for the one that it called. */
  readonly caller: FrameTest | undefined;
  readonly callee: FrameTest | undefined;
  readonly actions: readonly (FlagAction | CountAction)[];
}

/** Stack-trace rules as https://docs.sentry.io/concepts/data-management/event-grouping/stack-trace-rules/ describes them. */
export type StackRules = readonly StackRule[];

const examples = 'stack.function:pay*, stack.module:shop.*, stack.abs_path:**/vendor/**, app:yes, family:javascript';

/** Reads stack-trace rules; tells the faults by line. */
export function readStackRules(text: string): Result<StackRules, readonly RulesFault[]> {
  return readRules<StackRule>(text, (words, line) => readStackRule(words, line));
}

function readStackRule(words: readonly Word[], line: string): StackRule | string {
  const firstAction = words.findIndex((word) => isAction(word));
  if (firstAction < 0) return 'a rule ends with what to do: +app, -app, +group, -group, max-frames=N or min-frames=N';
  const sides = readSides(words.slice(0, firstAction));
  if (typeof sides === 'string') return sides;
  const matchers = readMatchers(sides.own, isFrameMatcher, examples);
  if (typeof matchers === 'string') return matchers;
  const tests: FrameTest[] = [];
  for (const matcher of matchers) {
    const test = frameTest(matcher);
    if (typeof test === 'string') return test;
    tests.push(test);
  }
  const actions: (FlagAction | CountAction)[] = [];
  for (const word of words.slice(firstAction)) {
    const action = readAction(word);
    if (typeof action === 'string') return action;
    actions.push(action);
  }
  const caller = readNeighbour(sides.caller);
  const callee = readNeighbour(sides.callee);
  if (typeof caller === 'string') return caller;
  if (typeof callee === 'string') return callee;
  return { text: line, tests, caller, callee, actions };
}

const isAction = (word: Word): boolean => /^[\^v]?[+-]|^(?:max|min)-frames=|^\w+=/.test(word);

function readAction(word: Word): FlagAction | CountAction | string {
  const flag = /^([\^v]?)([+-])(app|group)$/.exec(word);
  if (flag) {
    const range = flag[1] === '^' ? 'up' : flag[1] === 'v' ? 'down' : 'frame';
    return { kind: flag[3] === 'app' ? 'app' : 'group', value: flag[2] === '+', range };
  }
  const count = /^(max|min)-frames=(\d{1,3})$/.exec(word);
  if (count) return { kind: count[1] === 'max' ? 'max-frames' : 'min-frames', value: Number(count[2]) };
  return `"${shown(word)}" is nothing that a rule can do: +app, -app, +group, -group, max-frames=N, min-frames=N`;
}

/** `[ caller ] | matchers | [ callee ]`, both sides optional. */
function readSides(
  words: readonly Word[],
): { readonly own: readonly Word[]; readonly caller: string; readonly callee: string } | string {
  const parts = words.join('\u0001').split(/\u0001?\|\u0001?/);
  if (parts.length > 3) return 'a rule has at most one caller and one callee: [ caller ] | matchers | [ callee ]';
  const inside = (part: string): string | undefined => /^\[\u0001?(.*?)\u0001?\]$/.exec(part)?.[1];
  const caller = parts.length > 1 ? inside(parts[0] ?? '') : undefined;
  const callee = parts.length > 1 ? inside(parts.at(-1) ?? '') : undefined;
  const own = parts.filter(
    (part, i) => !(i === 0 && caller !== undefined) && !(i > 0 && i === parts.length - 1 && callee !== undefined),
  );
  if (own.length !== 1)
    return 'around a | one side stands in brackets: [ stack.function:caller ] | stack.function:callee';
  return {
    own: (own[0] ?? '').split('\u0001').filter((word) => word !== ''),
    caller: caller ?? '',
    callee: callee ?? '',
  };
}

function readNeighbour(text: string): FrameTest | undefined | string {
  if (text === '') return undefined;
  const matchers = readMatchers(text.split('\u0001'), isFrameMatcher, examples);
  if (typeof matchers === 'string') return matchers;
  const tests = matchers.map((matcher) => frameTest(matcher));
  const fault = tests.find((test) => typeof test === 'string');
  if (typeof fault === 'string') return fault;
  return (frame, platform) => tests.every((test) => typeof test === 'function' && test(frame, platform));
}

/** What the rules made of one event's frames. */
export interface AppliedStackRules {
  readonly exceptions: readonly ErrorException[];
  /** Frames that a rule took out of the group. */
  readonly leftOut: ReadonlySet<ErrorFrame>;
  readonly reasons: ReadonlyMap<ErrorFrame, string>;
  /** Frames of which a rule said whose code they are. */
  readonly claimed: ReadonlySet<ErrorFrame>;
  /** 0 where no rule says so. */
  readonly maxFrames: number;
  readonly minFrames: number;
}

/** No rules: everything as it came. */
export function unchanged(exceptions: readonly ErrorException[]): AppliedStackRules {
  return { exceptions, leftOut: new Set(), reasons: new Map(), claimed: new Set(), maxFrames: 0, minFrames: 0 };
}

/** Runs all rules, in order, over all frames. The frames of the answer carry the rules' word on whose code they are. */
export function applyStackRules(
  exceptions: readonly ErrorException[],
  platform: string,
  rules: StackRules,
): AppliedStackRules {
  if (rules.length === 0) return unchanged(exceptions);
  const leftOut = new Set<ErrorFrame>();
  const reasons = new Map<ErrorFrame, string>();
  const claimed = new Set<ErrorFrame>();
  let maxFrames = 0;
  let minFrames = 0;
  const changed = exceptions.map((exception) => {
    const frames = exception.frames.map((frame) => ({
      frame,
      inApp: frame.inApp,
      group: true,
      why: '',
      claimed: false,
    }));
    for (const rule of rules) {
      frames.forEach((_, i) => {
        if (!holdsAt(rule, frames, i, platform)) return;
        for (const action of rule.actions) {
          if (action.range !== undefined) setFlags(frames, i, action, rule.text);
          else if (action.kind === 'max-frames') maxFrames = action.value;
          else minFrames = action.value;
        }
      });
    }
    return {
      ...exception,
      frames: frames.map(({ frame, inApp, group, why, claimed: said }) => {
        const next = inApp === frame.inApp ? frame : { ...frame, inApp };
        if (!group) leftOut.add(next);
        if (why !== '') reasons.set(next, why);
        if (said) claimed.add(next);
        return next;
      }),
    };
  });
  return { exceptions: changed, leftOut, reasons, claimed, maxFrames, minFrames };
}

interface Flagged {
  readonly frame: ErrorFrame;
  inApp: boolean;
  group: boolean;
  why: string;
  claimed: boolean;
}

/** Frames stand innermost first: the caller of a frame is the next one. */
function holdsAt(rule: StackRule, frames: readonly Flagged[], i: number, platform: string): boolean {
  const at = (place: number): ErrorFrame | undefined => {
    const flagged = frames[place];
    return (
      flagged && (flagged.inApp === flagged.frame.inApp ? flagged.frame : { ...flagged.frame, inApp: flagged.inApp })
    );
  };
  const frame = at(i);
  if (!frame || !rule.tests.every((test) => test(frame, platform))) return false;
  const [caller, callee] = [at(i + 1), at(i - 1)];
  if (rule.caller && !(caller && rule.caller(caller, platform))) return false;
  return !rule.callee || (callee !== undefined && rule.callee(callee, platform));
}

function setFlags(frames: readonly Flagged[], i: number, action: FlagAction, text: string): void {
  const [from, to] = action.range === 'frame' ? [i, i + 1] : action.range === 'up' ? [0, i] : [i + 1, frames.length];
  for (const flagged of frames.slice(from, to)) {
    if (action.kind === 'app') {
      flagged.inApp = action.value;
      flagged.claimed = true;
    } else flagged.group = action.value;
    flagged.why = `by the rule ${shown(text)}`;
  }
}
