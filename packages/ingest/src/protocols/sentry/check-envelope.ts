import type { Reason } from '@sightline/record';
import { eventIdOf } from '../../errors/normalise-event.ts';
import { hexIdOf, listOf, objectOf, textOf, type JsonObject } from '../../errors/json-reader.ts';
import type { Checked, Frame, ProtocolRequest, Refusal } from '../../protocol.ts';
import { parseEnvelope, writeEnvelope, type EnvelopeFault, type EnvelopeItem } from './envelope.ts';
import { categorySignal, itemEventId, itemJson, itemKinds, unsupportedSignal } from './item-kinds.ts';
import { logsFrame } from './items/log.ts';
import { metricsFrame } from './items/trace-metric.ts';
import { laneOf } from './lane.ts';

const maxReported = 1_000_000_000;

/**
 * Splits an envelope by signal, so that each frame has one count. Items whose payload is malformed are left out and named;
 * items of a type that we do not keep are counted; log items go to the lane of OTLP logs, metrics to that of OTLP metrics.
 */
export function checkEnvelope(request: ProtocolRequest): Checked {
  const envelope = parseEnvelope(request.body);
  if (!envelope.ok) return { kind: 'refuse', status: 400, reason: 'malformed', message: envelope.error, records: 1 };
  const { header, items, faults } = envelope.value;
  return checkItems(header, items, request, faults);
}

/** As `checkEnvelope`, of items that were read. */
export function checkItems(
  header: JsonObject,
  items: readonly EnvelopeItem[],
  request: ProtocolRequest,
  faults: readonly EnvelopeFault[] = [],
): Checked {
  const sorted = sortItems(items);
  const logs = logsFrame(sorted.logs, request, header);
  const metrics = metricsFrame(sorted.metrics, request, header);
  const refused = [
    ...faults.map((fault) => refusal('other', 'malformed', 1, fault.message)),
    ...sorted.refused,
    ...logs.refused,
    ...metrics.refused,
  ];
  const named = { ...header, event_id: envelopeId(header, sorted.kept) };
  const frames = [...signalFrames(named, sorted.kept), ...logs.frames, ...metrics.frames];
  return { kind: 'accept', frames, refused };
}

/** The header's id, else that of the first event: reply, rows and attachments must name the same one. */
function envelopeId(header: JsonObject, kept: readonly KeptItem[]): string {
  const given = hexIdOf(header['event_id'], 32);
  const event =
    given === '' ? kept.find(({ item }) => item.type === 'event' || item.type === 'transaction') : undefined;
  if (event === undefined) return given;
  // Nearly every event names its id: then nobody has to read more of it here.
  return hexIdOf(itemEventId(event.item), 32) || eventIdOf(itemJson(event.item) ?? {}, { eventId: '' });
}

export interface KeptItem {
  readonly signal: string;
  readonly records: number;
  readonly item: EnvelopeItem;
}

interface Sorted {
  readonly kept: readonly KeptItem[];
  readonly logs: readonly EnvelopeItem[];
  readonly metrics: readonly EnvelopeItem[];
  readonly refused: readonly Refusal[];
}

function sortItems(items: readonly EnvelopeItem[]): Sorted {
  const kept: KeptItem[] = [];
  const logs: EnvelopeItem[] = [];
  const metrics: EnvelopeItem[] = [];
  const refused: Refusal[] = [];
  for (const item of items) {
    if (item.type === 'log' || item.type === 'otel_log') logs.push(item);
    else if (item.type === 'trace_metric' || item.type === 'statsd') metrics.push(item);
    else if (item.type === 'client_report') refused.push(...clientReport(item));
    else if (Object.hasOwn(itemKinds, item.type)) {
      const kind = itemKinds[item.type] ?? { signal: 'other', judge: () => ({ kind: 'keep', records: 1 }) as const };
      const judged = kind.judge(item);
      if (judged.kind === 'refuse') refused.push(refusal(kind.signal, judged.reason, judged.records, judged.message));
      else if (judged.records > 0) kept.push({ signal: kind.signal, records: judged.records, item });
    } else refused.push(unsupported(item));
  }
  return { kept, logs, metrics, refused };
}

function unsupported(item: EnvelopeItem): Refusal {
  const count = item.header['item_count'];
  const records = typeof count === 'number' && Number.isSafeInteger(count) && count > 0 && count < 100_000 ? count : 1;
  return refusal(
    unsupportedSignal(item.type),
    'unsupported-type',
    records,
    `item type "${item.type.slice(0, 64)}" is not kept`,
  );
}

function refusal(signal: string, reason: Reason, records: number, message: string): Refusal {
  return { signal, reason, records, message };
}

/** What the client itself threw away (rate limits, sampling, full buffers), by its own account. */
function clientReport(item: EnvelopeItem): Refusal[] {
  const report = itemJson(item);
  if (report === undefined) return [refusal('other', 'malformed', 1, 'item "client_report": expected a JSON object')];
  return listOf(report['discarded_events'])
    .slice(0, 1000)
    .flatMap((value) => {
      const entry = objectOf(value);
      const category = textOf(entry['category'], 64);
      const signal = categorySignal(category);
      const quantity = entry['quantity'];
      const counts =
        typeof quantity === 'number' && Number.isSafeInteger(quantity) && quantity > 0 && quantity < maxReported;
      if (signal === undefined || !counts) return [];
      return [
        refusal(signal, 'client-report', quantity, `the client dropped ${category}: ${textOf(entry['reason'], 64)}`),
      ];
    });
}

/** One frame per signal, in the order in which the signals came. */
export function signalFrames(header: JsonObject, kept: readonly KeptItem[]): Frame[] {
  const bySignal = new Map<string, KeptItem[]>();
  for (const item of kept) {
    const members = bySignal.get(item.signal);
    if (members) members.push(item);
    else bySignal.set(item.signal, [item]);
  }
  const safe = safeHeader(header);
  return [...bySignal].map(([signal, members]) => ({
    lane: laneOf(signal),
    signal,
    records: members.reduce((sum, member) => sum + member.records, 0),
    bytes: writeEnvelope(
      safe,
      members.map((member) => member.item),
    ),
  }));
}

/** What the decoder needs of an envelope's header; the DSN carries the key and must not reach the disk. */
function safeHeader(header: JsonObject): JsonObject {
  const sdk = objectOf(header['sdk']);
  return {
    event_id: hexIdOf(header['event_id'], 32),
    sdk: { name: textOf(sdk['name'], 100), version: textOf(sdk['version'], 50) },
  };
}
