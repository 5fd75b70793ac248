import { readJson } from '@sightline/base';
import { timeJudgement } from '../../errors/event-time.ts';
import { pick } from '../../errors/identity.ts';
import { hexIdOf, isObject } from '../../errors/json-reader.ts';
import type { BoundedRefusals } from '../../logs/bounded-refusals.ts';
import {
  correlationIdNames,
  deviceNames,
  environmentNames,
  releaseNames,
  serviceNames,
  siteNames,
  spanIdNames,
  traceIdNames,
} from '../../logs/identity-names.ts';
import { levelNames, levelOf, levelOfLine, type Level } from '../../logs/level.ts';
import type { LogRecordInput, LogsRequestBuilder } from '../../otlp/build-logs.ts';
import { logsKeptDays, readLogObject } from '../../logs/read-log.ts';
import type { Labels } from './labels.ts';
import type { PushEntry, PushStream } from './push-request.ts';

const maxLineLength = 262_144;
/** Longer lines stay as they came. */
const maxParsedLength = 65_536;

/**
 * Adds a stream's entries to the request: labels become the resource, structured metadata the attributes. A line that is a
 * JSON object, as pino and winston write it, gives its message and fields; what labels and metadata say counts before it. A stream whose
 * labels cannot be read loses its entries, an entry of an impossible time is lost alone.
 */
export function addStream(
  stream: PushStream,
  receivedAtMs: number,
  builder: LogsRequestBuilder,
  refusals: BoundedRefusals,
): void {
  const problem =
    stream.problem ??
    (Object.keys(stream.labels).length === 0 ? 'error at least one label pair is required per stream' : undefined);
  if (problem !== undefined) {
    if (stream.entries.length > 0) refusals.add('malformed', problem, stream.entries.length);
    return;
  }
  const open = new OpenStream(stream.labels, resourceOf(stream.labels), receivedAtMs, builder, refusals);
  for (const entry of stream.entries) open.add(entry);
}

/** A stream whose entries are added one after the other. */
export class OpenStream {
  readonly #labels: Labels;
  readonly #resource: Readonly<Record<string, string>>;
  readonly #receivedAtMs: number;
  readonly #builder: LogsRequestBuilder;
  readonly #refusals: BoundedRefusals;
  #isOpen = false;

  /** `resource`: what `resourceOf` makes of the labels. */
  constructor(
    labels: Labels,
    resource: Readonly<Record<string, string>>,
    receivedAtMs: number,
    builder: LogsRequestBuilder,
    refusals: BoundedRefusals,
  ) {
    this.#labels = labels;
    this.#resource = resource;
    this.#receivedAtMs = receivedAtMs;
    this.#builder = builder;
    this.#refusals = refusals;
  }

  /** Keeps an entry or counts why it was refused. */
  add(entry: PushEntry): void {
    const refused = refusalOf(entry, this.#receivedAtMs);
    if (refused) {
      this.#refusals.add(refused[0], `${refused[1]}, stream ${labelText(this.#labels)}`);
      return;
    }
    this.open();
    this.#builder.add(recordOf(entry, this.#labels, this.#receivedAtMs));
  }

  /** Has records of the builder belong to this stream from now on. A stream of which nothing is kept must leave no trace. */
  open(): void {
    if (!this.#isOpen) this.#builder.resource(this.#resource, 'loki');
    this.#isOpen = true;
  }
}

function refusalOf(
  entry: PushEntry,
  receivedAtMs: number,
): ['malformed' | 'too-large' | 'too-old' | 'too-new', string] | undefined {
  if (entry.problem !== undefined) return ['malformed', entry.problem];
  if (entry.line.length > maxLineLength) return ['too-large', `max entry size ${maxLineLength} exceeded`];
  const judged = timeJudgement(entry.timeNs, receivedAtMs, logsKeptDays);
  if (judged === 'too-old') return [judged, `entry has timestamp too old: ${entry.timeNs}`];
  return judged === 'too-new' ? [judged, `entry has timestamp too new: ${entry.timeNs}`] : undefined;
}

function labelText(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`.slice(0, 300);
}

/** All labels, with our names for the origin added. */
export function resourceOf(labels: Labels): Record<string, string> {
  const named = {
    'service.name': pick(labels, serviceNames),
    'store.id': pick(labels, siteNames),
    'device.id': pick(labels, deviceNames),
    'deployment.environment.name': pick(labels, environmentNames),
    'service.version': pick(labels, releaseNames),
  };
  return { ...labels, ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== '')) };
}

function recordOf(entry: PushEntry, labels: Labels, receivedAtMs: number): LogRecordInput {
  const { metadata } = entry;
  const correlationId = pick(metadata, correlationIdNames) || pick(labels, correlationIdNames);
  const line = lineObject(entry.line, labels, receivedAtMs);
  const level = levelFor(entry, labels, line);
  return {
    timeNs: entry.timeNs,
    body: line?.body ?? entry.line,
    severityText: level.text,
    severityNumber: level.number,
    traceId: hexIdOf(pick(metadata, traceIdNames), 32) || (line?.traceId ?? ''),
    spanId: hexIdOf(pick(metadata, spanIdNames), 16) || (line?.spanId ?? ''),
    attributes: {
      ...line?.attributes,
      ...metadata,
      ...originOf(metadata),
      ...(correlationId === '' ? {} : { 'correlation.id': correlationId }),
    },
  };
}

/** A line that is one JSON object with a message, read; undefined where it is to stay as it came. */
function lineObject(line: string, labels: Labels, receivedAtMs: number): LogRecordInput | undefined {
  if (!line.startsWith('{') || line.length > maxParsedLength) return undefined;
  let parsed: unknown;
  try {
    parsed = readJson(line);
  } catch {
    return undefined;
  }
  if (!isObject(parsed)) return undefined;
  const read = readLogObject(parsed, receivedAtMs);
  // Without a message the whole object is the body: then the line itself is, byte for byte.
  if (read.kind === 'refused') return undefined;
  const { body } = read.record;
  if (typeof body === 'string' && body.startsWith('{')) return undefined;
  const named = resourceOf(labels);
  const origin = Object.entries(read.resource).filter(([name]) => named[name] === undefined);
  return { ...read.record, attributes: { ...Object.fromEntries(origin), ...read.record.attributes } };
}

/** Names of a device that single entries come from. */
export const entryDeviceNames: readonly string[] = ['terminal', 'terminal.id', 'device.id'];

/** Origins that come with single entries, under the names that the loading statement looks for. */
function originOf(metadata: Labels): Record<string, string> {
  const named = {
    'store.id': pick(metadata, siteNames),
    'device.id': pick(metadata, entryDeviceNames),
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ''));
}

/** From metadata, labels, or the line itself; the first that is known. */
function levelFor(entry: PushEntry, labels: Labels, line: LogRecordInput | undefined): Level {
  const told = levelOf(pick(entry.metadata, levelNames) || pick(labels, levelNames));
  if (told.number > 0) return told;
  const found = line ? { number: line.severityNumber ?? 0, text: line.severityText ?? '' } : levelOfLine(entry.line);
  return found.number > 0 ? found : told;
}
