import type { ErrorException, ErrorFrame } from '@sightline/record';
import { debugIdsOf } from '../errors/exceptions.ts';
import { forgetKnown } from '../errors/known-stacks.ts';
import { isObject, listOf, objectOf, positionOf, textOf, type JsonObject } from '../errors/json-reader.ts';
import { frameMark, type FrameMark } from './frame-mark.ts';
import type { FrameFate, FrameOrigin, GeneratedFrame, SourceMaps } from './source-maps.ts';

const mostFrames = 500;
const platforms = new Set(['javascript', 'node', '']);

/**
 * A Sentry event with the frames of its stacks as they were written, before it is grouped. Frames that stay say why under
 * `frameMark`. An event of another platform, or without frames, comes back as it is. Throws what the look-ups throw.
 */
export async function symbolicateEvent(
  event: JsonObject,
  maps: Pick<SourceMaps, 'resolve'>,
  origin: FrameOrigin,
): Promise<JsonObject> {
  if (!platforms.has(textOf(event['platform']))) return event;
  const stacks = stacksOf(event);
  const debugIds = debugIdsOf(event);
  const raw = stacks.flatMap((stack) => listOf(stack['frames']).slice(-mostFrames).toReversed()).slice(0, mostFrames);
  if (raw.length === 0) return event;
  const fates = await maps.resolve(
    origin,
    raw.map((frame) => generatedFrame(objectOf(frame), debugIds)),
  );
  const mended = new Map(raw.map((frame, index) => [frame, fates[index]]));
  const mend = (stack: unknown): unknown => {
    if (!isObject(stack)) return stack;
    const frames = listOf(stack['frames']).map((frame) => mendedFrame(objectOf(frame), mended.get(frame)));
    return { ...stack, frames };
  };
  const withStacks = (list: unknown): unknown =>
    list === undefined
      ? undefined
      : { values: listOf(list).map((one) => (isObject(one) ? { ...one, stacktrace: mend(one['stacktrace']) } : one)) };
  return {
    ...event,
    ...(event['exception'] !== undefined && { exception: withStacks(exceptionList(event)) }),
    ...(event['threads'] !== undefined && { threads: withStacks(event['threads']) }),
    ...(event['stacktrace'] !== undefined && { stacktrace: mend(event['stacktrace']) }),
  };
}

/** `exception` as a list; some clients send the one exception bare. */
function exceptionList(event: JsonObject): readonly unknown[] {
  const list = listOf(event['exception']);
  return list.length === 0 && isObject(event['exception']) && !('values' in event['exception'])
    ? [event['exception']]
    : list;
}

function stacksOf(event: JsonObject): JsonObject[] {
  const holders = [...exceptionList(event), ...listOf(event['threads']), event];
  return holders.map((holder) => objectOf(objectOf(holder)['stacktrace'])).filter((stack) => 'frames' in stack);
}

function generatedFrame(frame: JsonObject, debugIds: ReadonlyMap<string, string>): GeneratedFrame {
  const [path, name] = [textOf(frame['abs_path'], 2048), textOf(frame['filename'], 2048)];
  return {
    file: path === '' ? name : path,
    function: textOf(frame['function'], 256),
    line: positionOf(frame['lineno']),
    column: positionOf(frame['colno']),
    debugId: plainDebugId(debugIds.get(path) ?? debugIds.get(name) ?? ''),
  };
}

/** Debug ids as they are kept: 32 digits in lower case, whatever a UUID was written like; others as they are. */
export function plainDebugId(id: string): string {
  return id.replaceAll('-', '').toLowerCase();
}

function mendedFrame(frame: JsonObject, fate: FrameFate | undefined): JsonObject {
  if (fate === undefined || fate.kind === 'none') return frame;
  if (fate.kind === 'unresolved') return { ...frame, [frameMark]: { unresolved: fate.reason } satisfies FrameMark };
  const { place, note } = fate;
  const minified = {
    function: textOf(frame['function'], 256),
    file: textOf(frame['filename'], 512) || textOf(frame['abs_path'], 512),
    line: positionOf(frame['lineno']),
    column: positionOf(frame['colno']),
  };
  return {
    ...forgetKnown(frame),
    filename: place.file,
    abs_path: place.file,
    module: '',
    function: place.function,
    lineno: place.line,
    colno: place.column,
    in_app: place.inApp,
    context_line: place.code?.contextLine ?? '',
    pre_context: place.code?.preContext ?? [],
    post_context: place.code?.postContext ?? [],
    [frameMark]: { minified, ...(note !== '' && { unresolved: note }) } satisfies FrameMark,
  };
}

/**
 * Stored exceptions read again, for maps that were uploaded after the event: frames that were not resolved then are looked up
 * now. `changed` says whether any was. Throws what the look-ups throw.
 */
export async function symbolicateStored<Exception extends Pick<ErrorException, 'frames'> | { frames: ErrorFrame[] }>(
  exceptions: readonly Exception[],
  maps: Pick<SourceMaps, 'resolve'>,
  origin: FrameOrigin,
): Promise<{ readonly exceptions: Exception[]; readonly changed: boolean }> {
  const open = exceptions
    .flatMap(({ frames }) => [...frames])
    .filter((frame) => frame.minified === undefined && frame.unresolved !== undefined)
    .slice(0, mostFrames);
  if (open.length === 0) return { exceptions: [...exceptions], changed: false };
  const fates = await maps.resolve(
    origin,
    open.map((frame) => ({ ...frame, debugId: plainDebugId(frame.debugId) })),
  );
  const found = new Map(open.map((frame, index) => [frame, fates[index]]));
  let changed = false;
  const again = (frame: ErrorFrame): ErrorFrame => {
    const fate = found.get(frame);
    if (fate === undefined || fate.kind === 'none') return frame;
    if (fate.kind === 'unresolved') return { ...frame, unresolved: fate.reason };
    changed = true;
    const { place, note } = fate;
    const { function: name, file, line, column } = frame;
    return {
      ...frame,
      function: place.function,
      file: place.file,
      line: place.line,
      column: place.column,
      inApp: place.inApp,
      contextLine: place.code?.contextLine ?? '',
      preContext: place.code?.preContext ?? [],
      postContext: place.code?.postContext ?? [],
      minified: { function: name, file, line, column },
      unresolved: note,
    };
  };
  const read = exceptions.map((exception) => ({ ...exception, frames: exception.frames.map(again) }));
  return { exceptions: read, changed };
}
