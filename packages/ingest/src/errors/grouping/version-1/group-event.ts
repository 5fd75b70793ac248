import { createHash } from 'node:crypto';
import type { ErrorException, ErrorFrame } from '@sightline/record';
import type { Groupable } from '../groupable.ts';
import { frameKey, isRuntimeFrame, type FrameKey } from './frame-key.ts';
import { messageTemplate } from './message-template.ts';

/** Frozen: issues of this version are found again by it. A better algorithm is a new version beside it. */
const groupingVersion = 1;

const maxFrames = 8;
const maxForeignFrames = 3;
const maxExceptions = 8;
const maxContextLine = 160;

export interface Grouping {
  /** The issue's id as the store writes a UInt64: decimal text. */
  readonly issue: string;
  /** The same for people and addresses: sixteen hexadecimal digits. */
  readonly issueHex: string;
  readonly version: typeof groupingVersion;
  /** Why, one line each. */
  readonly lines: readonly string[];
}

interface Component {
  readonly key: string;
  readonly line: string;
}

/**
 * Version 1: an explicit fingerprint (in which `{{ default }}` stands for the rest of this rule); else types and in-app
 * frames of the exception chain, with the source line or the message's template where frames alone say too little; else
 * the message's template; else type and culprit. The same event always gives the same issue.
 */
export function groupEvent(event: Groupable): Grouping {
  const components = fingerprintComponents(event) ?? defaultComponents(event);
  const text = [`v${groupingVersion}`, `project ${event.project}`, ...components.map((c) => c.key)].join('\n');
  const issueHex = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const lines = components.map((c) => c.line);
  return { issue: BigInt(`0x${issueHex}`).toString(), issueHex, version: groupingVersion, lines };
}

function fingerprintComponents(event: Groupable): Component[] | undefined {
  const parts = event.fingerprint.filter((part) => part !== '');
  if (parts.every(isDefault)) return undefined;
  return parts.flatMap((part) => {
    if (isDefault(part)) return defaultComponents(event);
    const value = filledIn(part, event);
    return [{ key: `fingerprint ${value}`, line: `fingerprint ${value}` }];
  });
}

function isDefault(part: string): boolean {
  return /^\{\{\s*default\s*\}\}$/i.test(part);
}

/** Sentry's fingerprint variables (https://docs.sentry.io/concepts/data-management/event-grouping/fingerprint-rules/). */
function filledIn(part: string, event: Groupable): string {
  const known: Readonly<Record<string, string>> = {
    type: event.type,
    'error.type': event.type,
    message: event.messageTemplate,
    'error.value': event.exceptions[0]?.value ?? '',
    transaction: event.transaction,
    level: event.level,
    function: event.exceptions[0]?.frames[0]?.function ?? '',
  };
  return part
    .replace(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, name: string) => known[name.toLowerCase()] ?? whole)
    .slice(0, 500);
}

function defaultComponents(event: Groupable): Component[] {
  if (event.exceptions.length > 0) return chainComponents(event.exceptions.slice(0, maxExceptions));
  const template = messageTemplate(event.messageTemplate);
  if (template !== '') return [{ key: `message ${template}`, line: `message "${template}"` }];
  return [
    { key: `type ${event.type}`, line: `type ${event.type}` },
    { key: `culprit ${event.culprit}`, line: `culprit ${event.culprit}` },
  ];
}

/** The chain from the thrown exception to its root cause; equal members (of an aggregate) count once. */
function chainComponents(exceptions: readonly ErrorException[]): Component[] {
  const seen = new Set<string>();
  return exceptions.flatMap((exception, position) => {
    const components = exceptionComponents(exception, position > 0);
    const key = components.map((c) => c.key).join('\n');
    if (seen.has(key)) return [];
    seen.add(key);
    return components;
  });
}

function exceptionComponents(exception: ErrorException, isCause: boolean): Component[] {
  const type: Component = {
    key: `type ${exception.type}`,
    line: `${isCause ? 'caused by' : 'exception type'} ${exception.type}`,
  };
  const frames = groupingFrames(exception.frames);
  const keys = uniqueKeys(frames);
  const shown = keys.map((frame) => ({ key: `frame ${frame.key}`, line: `frame ${frame.label}` }));
  return [type, ...shown, ...detail(exception, frames[0], keys)];
}

/** The innermost in-app frames; where a stack has none, the few innermost of others' code. */
function groupingFrames(frames: readonly ErrorFrame[]): readonly ErrorFrame[] {
  const own = frames.filter((frame) => frame.inApp && !isRuntimeFrame(frame));
  return own.length > 0 ? own : frames.filter((frame) => !isRuntimeFrame(frame)).slice(0, maxForeignFrames);
}

/** Each frame once, so that the depth of a recursion does not matter. Anonymous ones only where nothing else is known. */
function uniqueKeys(frames: readonly ErrorFrame[]): readonly FrameKey[] {
  const keys = new Map(frames.map(frameKey).map((key) => [key.key, key]));
  const telling = [...keys.values()].filter((key) => key.telling);
  return (telling.length > 0 ? telling : [...keys.values()]).slice(0, maxFrames);
}

/** What tells two bugs of one function apart: the source line that threw, else the shape of the message. */
function detail(exception: ErrorException, top: ErrorFrame | undefined, keys: readonly FrameKey[]): Component[] {
  const source = top?.contextLine.trim().replace(/\s+/g, ' ') ?? '';
  if (source !== '' && source.length <= maxContextLine && !source.startsWith('{snip}') && keys.length > 0) {
    return [{ key: `line ${source}`, line: `source line ${source}` }];
  }
  const template = messageTemplate(exception.value);
  return template === '' ? [] : [{ key: `message ${template}`, line: `message "${template}"` }];
}
