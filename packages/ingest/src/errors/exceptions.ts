import type { ErrorBreadcrumb, ErrorException, ErrorFrame } from '@sightline/record';
import { isObject, listOf, objectOf, positionOf, textOf, type JsonObject } from './json-reader.ts';
import { timeMs } from './event-time.ts';
import { localsOf, registersOf, type Room } from './named-texts.ts';
import { keepValue, withoutSecrets } from './secrets.ts';
import { frameMark, type FrameMark } from '../source-maps/frame-mark.ts';
import { FormedFrame } from './formed-frame.ts';
import { frameFormOf, type FormOrigin } from './known-stacks.ts';

const maxExceptions = 20;
const maxInnerFrames = 60;
const maxOuterFrames = 40;
const maxBreadcrumbs = 100;
const maxContextLines = 8;

/** Debug ids by the file they belong to, from an event's `debug_meta`. */
export function debugIdsOf(event: JsonObject): ReadonlyMap<string, string> {
  const images = listOf(objectOf(event['debug_meta'])['images']).slice(0, 500).map(objectOf);
  return new Map(images.map((image) => [textOf(image['code_file'], 2048), textOf(image['debug_id'], 64)]));
}

/**
 * The exceptions of an event, thrown first. Sentry sends the oldest cause first and the innermost frame last; both are turned.
 * `room` is what its local variables may take beyond the first of each.
 */
export function exceptionsOf(event: JsonObject, room: Room = { characters: 0 }): ErrorException[] {
  const debugIds = debugIdsOf(event);
  const given = listOf(event['exception'] ?? event['sentry.interfaces.Exception']);
  const single = given.length === 0 && isObject(event['exception']) ? [event['exception']] : given;
  const kept = single.slice(-maxExceptions).reverse().map(objectOf);
  const claims = kept.some((exception) => claimsFrames(stackOf(exception)));
  return withGroups(
    kept,
    kept.map((value) => exceptionOf(value, debugIds, claims, room)),
  );
}

/** Whether an exception only holds others together (`AggregateException`, `ExceptionGroup`), or is one of those that such a one holds. */
function withGroups(given: readonly JsonObject[], exceptions: readonly ErrorException[]): ErrorException[] {
  const mechanisms = given.map((one) => objectOf(one['mechanism']));
  const groups = new Set(
    mechanisms.flatMap((one) => (one['is_exception_group'] === true ? [one['exception_id']] : [])).filter(isId),
  );
  if (groups.size === 0) return [...exceptions];
  return exceptions.map((exception, i) => {
    const { is_exception_group: isGroup, parent_id: parent } = mechanisms[i] ?? {};
    if (isGroup === true) return { ...exception, group: 'whole' };
    return isId(parent) && groups.has(parent) ? { ...exception, group: 'member' } : exception;
  });
}

const isId = (value: unknown): boolean => typeof value === 'number';

const stackOf = (exception: JsonObject): JsonObject => objectOf(exception['stacktrace'] ?? exception['raw_stacktrace']);

/** Whether the client calls any frame the application's: where it does, it was told what is, and silence means that the rest is not. */
export function claimsFrames(stacktrace: JsonObject): boolean {
  return listOf(stacktrace['frames']).some((frame) => objectOf(frame)['in_app'] === true);
}

function exceptionOf(
  exception: JsonObject,
  debugIds: ReadonlyMap<string, string>,
  claims: boolean,
  room: Room,
): ErrorException {
  const mechanism = objectOf(exception['mechanism']);
  const handled = mechanism['handled'];
  const stacktrace = stackOf(exception);
  const registers = registersOf(stacktrace);
  return {
    type: textOf(exception['type'], 256) || textOf(exception['module'], 256) || 'Error',
    value: withoutSecrets(textOf(exception['value'], 8192)),
    mechanism: textOf(mechanism['type'], 128),
    handled: typeof handled === 'boolean' ? handled : null,
    frames: framesOf(stacktrace, { debugIds, claims, room }),
    ...codeOf(objectOf(objectOf(mechanism['meta'])['ns_error'])),
    ...(registers ? { registers } : {}),
  };
}

/** The number of an error of Apple's systems, whose message is in the language of the device. */
function codeOf(nsError: JsonObject): { readonly code?: string } {
  const [domain, code] = [textOf(nsError['domain'], 200), textOf(nsError['code'], 30)];
  return domain === '' || code === '' ? {} : { code: `${domain} ${code}` };
}

/** What the frames of a stack are read with. */
export interface FramesReading {
  readonly debugIds: ReadonlyMap<string, string>;
  /** See `claimsFrames`. */
  readonly claims: boolean;
  readonly room: Room;
  /** How many of each end of a very deep stack are kept. */
  readonly most?: { readonly inner: number; readonly outer: number };
}

const allOfMost = { inner: maxInnerFrames, outer: maxOuterFrames };

/** Frames of a Sentry stack trace, innermost first; of a very deep stack both ends are kept. */
export function framesOf(stacktrace: JsonObject, reading: FramesReading): ErrorFrame[] {
  const frames = listOf(stacktrace['frames']);
  const { inner, outer } = reading.most ?? allOfMost;
  const kept = frames.length > inner + outer ? [...frames.slice(0, outer), ...frames.slice(-inner)] : frames.slice();
  return kept.reverse().map((frame) => frameOf(objectOf(frame), reading));
}

function frameOf(frame: JsonObject, { debugIds, claims, room }: FramesReading): ErrorFrame {
  const debugId =
    debugIds.size === 0
      ? ''
      : (debugIds.get(textOf(frame['abs_path'], 512)) ?? debugIds.get(textOf(frame['filename'], 2048)) ?? '');
  const mark = (frame as { readonly [frameMark]?: FrameMark })[frameMark];
  const origin = { debugId, claims, mark };
  const form = frameFormOf(frame, origin, frameWithoutLocals);
  const locals = localsOf(frame, room);
  if (form) return new FormedFrame(form, locals);
  return { ...frameWithoutLocals(frame, origin), ...(locals ? { locals } : {}) };
}

function frameWithoutLocals(frame: JsonObject, { debugId, claims, mark }: FormOrigin): ErrorFrame {
  const path = textOf(frame['abs_path'], 512);
  const file = textOf(frame['filename'], 512) || path || textOf(frame['package'], 512);
  return {
    function: textOf(frame['function'], 256),
    file: withoutSecrets(file),
    line: positionOf(frame['lineno']),
    column: positionOf(frame['colno']),
    ...ownershipOf(frame['in_app'], path || file, claims),
    module: textOf(frame['module'], 256),
    contextLine: withoutSecrets(textOf(frame['context_line'], 300)),
    preContext: linesOf(frame['pre_context'], 'before'),
    postContext: linesOf(frame['post_context'], 'after'),
    debugId,
    ...mark,
  };
}

/** Lines of code beside the frame's own, those that are nearest to it. */
function linesOf(value: unknown, side: 'before' | 'after'): string[] {
  const list = listOf(value);
  const from = side === 'before' ? Math.max(0, list.length - maxContextLines) : 0;
  const to = Math.min(list.length, from + maxContextLines);
  const lines: string[] = [];
  for (let at = from; at < to; at++) lines.push(withoutSecrets(textOf(list[at], 300)));
  return lines;
}

function ownershipOf(said: unknown, file: string, claims: boolean): Pick<ErrorFrame, 'inApp' | 'unsaid'> {
  if (typeof said === 'boolean') return { inApp: said };
  if (isForeign(file)) return { inApp: false };
  return claims ? { inApp: false, unsaid: true } : { inApp: true };
}

/** Code of others, where the client did not say: dependencies and the runtime. */
function isForeign(file: string): boolean {
  return /(?:^|[/\\])node_modules[/\\]|^node:|^internal\/|site-packages|dist-packages|^<anonymous>$|\[native code\]|^(?:chrome|moz)-extension:/.test(
    file,
  );
}

/** Oldest first; of many, the newest. */
export function breadcrumbsOf(event: JsonObject): ErrorBreadcrumb[] {
  return listOf(event['breadcrumbs'] ?? event['sentry.interfaces.Breadcrumbs'])
    .slice(-maxBreadcrumbs)
    .map((value) => {
      const crumb = objectOf(value);
      const ms = timeMs(crumb['timestamp']);
      const data = isObject(crumb['data']) ? JSON.stringify(keepValue(crumb['data'])) : '';
      return {
        at: ms === undefined ? '' : isoTime(ms),
        category: textOf(crumb['category'], 128) || textOf(crumb['type'], 128),
        level: textOf(crumb['level'], 32) || 'info',
        message: withoutSecrets(textOf(crumb['message'], 2048)),
        data: data === '{}' ? '' : data.slice(0, 4096).toWellFormed(),
      };
    });
}

/** ISO 8601 with milliseconds; '' beyond what a date can say. */
function isoTime(ms: number): string {
  const minute = Math.floor(ms / 60_000);
  if (minute !== lastMinute.minute) {
    const date = new Date(minute * 60_000);
    if (Number.isNaN(date.getTime())) return '';
    lastMinute = { minute, text: date.toISOString().slice(0, -'00.000Z'.length) };
  }
  const rest = ms - minute * 60_000;
  const second = Math.floor(rest / 1000);
  return `${lastMinute.text}${second < 10 ? '0' : ''}${second}.${String(rest - second * 1000).padStart(3, '0')}Z`;
}

/** The breadcrumbs of one event are mostly of one minute. */
let lastMinute = { minute: Number.NaN, text: '' };
