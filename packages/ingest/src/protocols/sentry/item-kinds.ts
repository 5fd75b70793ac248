import { isObject, parseJson, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { scanObject, type ScannedObject } from '../../errors/scan-json.ts';
import type { EnvelopeItem } from './envelope.ts';

/** Bytes of one attachment, recording or profile at most: what an envelope may hold. */
export const fileLimitBytes = 100 * 1_048_576;
/** An item of JSON larger than this is refused: no SDK sends one. */
export const jsonItemLimitBytes = 16 * 1_048_576;

/** What a check says of one item. */
export type ItemJudgement =
  | { readonly kind: 'keep'; readonly records: number }
  | {
      readonly kind: 'refuse';
      readonly reason: 'malformed' | 'too-large';
      readonly records: number;
      readonly message: string;
    };

export interface ItemKind {
  readonly signal: string;
  readonly judge: (item: EnvelopeItem) => ItemJudgement;
}

const keep = (records: number): ItemJudgement => ({ kind: 'keep', records });
const malformed = (message: string): ItemJudgement => ({ kind: 'refuse', reason: 'malformed', records: 1, message });

/**
 * A kind whose payload is one JSON object; `count` gives its records, or says what is wrong with it. Without it the object is one record
 * and is not made here.
 */
function jsonKind(signal: string, count?: (value: JsonObject) => number | string): ItemKind {
  const judge = (item: EnvelopeItem): ItemJudgement => {
    if (item.payload.length > jsonItemLimitBytes)
      return {
        kind: 'refuse',
        reason: 'too-large',
        records: 1,
        message: `item "${item.type}" of ${item.payload.length} bytes; at most ${jsonItemLimitBytes}`,
      };
    const value = count ? itemJson(item) : scanItem(item);
    if (value === undefined) return malformed(`item "${item.type}": expected a JSON object`);
    if (!count) return keep(1);
    const counted = count(value as JsonObject);
    return typeof counted === 'number' ? keep(counted) : malformed(`item "${item.type}": ${counted}`);
  };
  return { signal, judge };
}

/** The `event_id` that a JSON item itself names; undefined where it names none. */
export function itemEventId(item: EnvelopeItem): unknown {
  return scanItem(item)?.member;
}

function scanItem(item: EnvelopeItem): ScannedObject | undefined {
  if (lastScanned?.item !== item) lastScanned = { item, scanned: scanObject(item.payload, 'event_id') };
  return lastScanned.scanned;
}

/** A check asks twice in turn. */
let lastScanned: { readonly item: EnvelopeItem; readonly scanned: ScannedObject | undefined } | undefined;

/** The payload of a JSON item; undefined when it is no JSON object. */
export function itemJson(item: EnvelopeItem): JsonObject | undefined {
  if (last?.item === item) return last.payload;
  const value = parseJson(item.payload.toString('utf8'));
  const payload = isObject(value) ? value : undefined;
  if (item.payload.length <= rememberedBytes) last = { item, payload };
  return payload;
}

/** A check asks twice in turn for what most envelopes hold alone. One is remembered: more would live on as long as the collector lets them. */
let last: { readonly item: EnvelopeItem; readonly payload: JsonObject | undefined } | undefined;
const rememberedBytes = 256 * 1024;

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

/** A kind whose payload is bytes. */
function fileKind(signal: string): ItemKind {
  return {
    signal,
    judge: (item) => {
      if (item.payload.length <= fileLimitBytes) return keep(1);
      const message = `item "${item.type}" of ${item.payload.length} bytes; at most ${fileLimitBytes} are kept`;
      return { kind: 'refuse', reason: 'too-large', records: 1, message };
    },
  };
}

/** Every item type that ends in a table. Logs, metrics and `client_report` have their own paths in the check. */
export const itemKinds: Readonly<Record<string, ItemKind>> = {
  event: jsonKind('errors'),
  transaction: jsonKind('spans', (value) => 1 + lengthOf(value['spans'])),
  span: jsonKind('spans', (value) => (Array.isArray(value['items']) ? value['items'].length : 1)),
  session: jsonKind('sessions', (value) => (textOf(value['started']) === '' ? 'expected "started"' : 1)),
  sessions: jsonKind('sessions', (value) =>
    Array.isArray(value['aggregates']) ? value['aggregates'].length : 'expected a list "aggregates"',
  ),
  check_in: jsonKind('checks', (value) => (textOf(value['monitor_slug']) === '' ? 'expected "monitor_slug"' : 1)),
  user_report: jsonKind('feedback'),
  feedback: jsonKind('feedback'),
  attachment: fileKind('attachments'),
  replay_event: jsonKind('replays'),
  replay_recording: fileKind('replays'),
  replay_video: fileKind('replays'),
  profile: jsonKind('profiles'),
  profile_chunk: jsonKind('profiles'),
};

/** Item types of Sentry that we know and do not keep: counted under these names. Any other type counts as `other`. */
const unsupportedSignals: Readonly<Record<string, string>> = {
  metric_buckets: 'metrics',
  form_data: 'attachments',
  raw_security: 'errors',
  unreal_report: 'errors',
};

/** The signal under which an item of a type that we do not keep is counted. */
export function unsupportedSignal(type: string): string {
  return Object.hasOwn(unsupportedSignals, type) ? (unsupportedSignals[type] ?? 'other') : 'other';
}

/** Sentry's data categories in client reports, as our signals. */
const categorySignals: Readonly<Record<string, string>> = {
  error: 'errors',
  default: 'errors',
  security: 'errors',
  transaction: 'spans',
  span: 'spans',
  log_item: 'logs',
  session: 'sessions',
  attachment: 'attachments',
  monitor: 'checks',
  feedback: 'feedback',
  user_report_v2: 'feedback',
  replay: 'replays',
  profile: 'profiles',
  profile_chunk: 'profiles',
  metric_bucket: 'metrics',
  trace_metric: 'metrics',
};

/** The signal that a client report's category speaks of; undefined for categories that count bytes or the same records twice. */
export function categorySignal(category: string): string | undefined {
  if (category === 'log_byte' || category.endsWith('_indexed') || category.endsWith('_byte')) return undefined;
  return Object.hasOwn(categorySignals, category) ? categorySignals[category] : 'other';
}
