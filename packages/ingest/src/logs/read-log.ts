import { msToNs, timeJudgement, timeNs } from '../errors/event-time.ts';
import { type FieldKind, fieldsByKind } from './field-kinds.ts';
import { hexIdOf, isObject, textOf, type JsonObject } from '../errors/json-reader.ts';
import { levelOf } from './level.ts';
import type { LogRecordInput } from '../otlp/build-logs.ts';
import type { Refusal } from '../protocol.ts';

/** Days that logs are kept. */
export const logsKeptDays = 30;
const maxAttributes = 256;
const maxDepth = 5;
/** Characters of a text that tells an origin. */
export const longestOrigin = 300;

type Scalar = string | number | boolean;

export type ReadLog =
  | { readonly kind: 'log'; readonly resource: Readonly<Record<string, string>>; readonly record: LogRecordInput }
  | { readonly kind: 'refused'; readonly reason: Refusal['reason']; readonly message: string };

/**
 * One JSON object as a log record. Well-known names, in any spelling, become time, level, message, ids and origin; all others
 * become attributes, nested ones with dotted names, and `also` stands beside them. Refused: a time that cannot be read or kept, and an object that says nothing.
 */
export function readLogObject(
  given: JsonObject,
  receivedAtMs: number,
  also: Readonly<Record<string, string>> = {},
): ReadLog {
  const fields = new Map<string, Scalar>();
  flatten(given, '', 0, fields);
  const kinds = fieldsByKind(fields.keys());
  const take = (kind: FieldKind): Scalar | undefined => {
    const name = kinds[kind];
    if (name === undefined) return undefined;
    const value = fields.get(name);
    fields.delete(name);
    return value;
  };
  const time = takeTime(kinds.time, fields, receivedAtMs);
  if (typeof time !== 'bigint') return time;
  const level = levelOf(take('level'));
  const message = take('message');
  const body = message === undefined ? jsonBody(given) : String(message);
  if (body === '') return { kind: 'refused', reason: 'no-value', message: 'the object is empty' };
  const resource: Record<string, string> = {};
  for (const [attribute, kind] of originKinds) {
    const value = take(kind);
    if (value !== undefined) resource[attribute] = textOf(value, longestOrigin);
  }
  const traceId = hexIdOf(kinds.traceId === undefined ? undefined : fields.get(kinds.traceId), 32);
  const spanId = hexIdOf(kinds.spanId === undefined ? undefined : fields.get(kinds.spanId), 16);
  // What is no id stays an attribute.
  if (traceId !== '') take('traceId');
  if (spanId !== '') take('spanId');
  const correlationId = take('correlationId');
  const attributes: Record<string, Scalar> = { ...also };
  let room = maxAttributes;
  for (const [name, value] of fields) {
    if (room-- === 0) break;
    attributes[name] = value;
  }
  if (correlationId !== undefined) attributes['correlation.id'] = String(correlationId);
  return {
    kind: 'log',
    resource,
    record: { timeNs: time, severityNumber: level.number, severityText: level.text, body, attributes, traceId, spanId },
  };
}

/** Attributes of a record's origin, and the fields that tell them. */
export const originKinds: readonly (readonly [attribute: string, kind: FieldKind])[] = [
  ['service.name', 'service'],
  ['store.id', 'site'],
  ['device.id', 'device'],
  ['deployment.environment.name', 'environment'],
  ['service.version', 'release'],
];

/** A line of plain text as a log record. */
export function readLogText(line: string, receivedAtMs: number): ReadLog {
  return { kind: 'log', resource: {}, record: { timeNs: msToNs(receivedAtMs), body: line } };
}

function flatten(value: JsonObject, prefix: string, depth: number, into: Map<string, Scalar>): void {
  for (const [name, item] of Object.entries(value)) {
    if (item === null || item === undefined || item === '') continue;
    const path = prefix + (name.length > 200 ? name.slice(0, 200) : name);
    if (isObject(item) && depth < maxDepth) flatten(item, `${path}.`, depth + 1, into);
    else if (typeof item === 'object') into.set(path, jsonBody(item));
    else if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') into.set(path, item);
  }
}

/** JSON text of a value; '' for an empty object and for what nests too deep to be written. */
function jsonBody(value: object): string {
  try {
    const text = JSON.stringify(value);
    return text === '{}' ? '' : text;
  } catch {
    return '';
  }
}

function takeTime(
  name: string | undefined,
  fields: Map<string, Scalar>,
  receivedAtMs: number,
): bigint | Extract<ReadLog, { kind: 'refused' }> {
  if (name === undefined) return msToNs(receivedAtMs);
  const value = fields.get(name);
  fields.delete(name);
  const ns = timeNs(value);
  const shown = textOf(value, 40);
  if (ns === undefined) {
    const message = `"${name}": expected ISO 8601 or seconds, milliseconds, microseconds or nanoseconds since 1970, got "${shown}"`;
    return { kind: 'refused', reason: 'malformed', message };
  }
  const judged = timeJudgement(ns, receivedAtMs, logsKeptDays);
  if (judged === 'good') return ns;
  return {
    kind: 'refused',
    reason: judged,
    message: `"${name}": ${shown} is ${judged}: kept are ${logsKeptDays} days back and one ahead`,
  };
}
