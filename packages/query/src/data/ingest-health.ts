import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { timeGrid } from '../metrics/time-grid.ts';

export interface DataRange {
  readonly organisation: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Arrival {
  readonly protocol: string;
  readonly signal: string;
  readonly lastAt: number;
  readonly records: number;
}

/** The newest arrivals since a moment (a month ago at most), per protocol and signal; `lastAt` is the start of the minute. */
export function readArrivals(
  reader: TelemetryReader,
  asked: { organisation: string; sinceMs: number; nowMs: number },
  limits: QueryLimits = {},
): Promise<Arrival[]> {
  const sinceMs = Math.min(Math.max(asked.sinceMs, asked.nowMs - 30 * 86_400_000, 0), asked.nowMs);
  return ask<Arrival>(
    reader,
    `SELECT toString(protocol) AS protocol, toString(signal) AS signal, toFloat64(toUnixTimestamp(max(minute))) * 1000 AS lastAt, toFloat64(sum(records)) AS records
    FROM ledger WHERE organisation = {organisation:String} AND minute >= toDateTime({sinceS:UInt32}) AND outcome = 'accepted'
    GROUP BY protocol, signal ORDER BY lastAt DESC, protocol, signal LIMIT 200`,
    { organisation: asked.organisation, sinceS: Math.floor(sinceMs / 60_000) * 60 },
    limits,
  );
}

/** received = accepted + dropped + rejected, by construction. */
export interface LedgerSum {
  readonly protocol: string;
  readonly signal: string;
  readonly keyId: string;
  readonly received: number;
  readonly accepted: number;
  readonly dropped: number;
  readonly rejected: number;
  /** Records by reason, of those not accepted. */
  readonly reasons: Record<string, number>;
  readonly bytes: number;
}

export interface IngestHealth {
  readonly rows: LedgerSum[];
  /** Records received per second, at most 120 points. */
  readonly rate: { at: number; value: number }[];
  readonly scrubbed: { rule: string; signal: string; removed: number }[];
  /** Spans that a sampling policy let go, by the rule that decided and the service they were of. */
  readonly sampled: { policy: string; rule: string; service: string; spans: number }[];
  readonly quarantined: number;
}

/** What became of everything received in the range, by protocol, signal and key, greatest first. Throws `StoreError`. */
export async function readIngestHealth(
  reader: TelemetryReader,
  range: DataRange,
  limits: QueryLimits = {},
): Promise<IngestHealth> {
  const grid = timeGrid(range, 120, 60_000);
  const parameters = {
    organisation: range.organisation,
    fromS: Math.floor(range.fromMs / 60_000) * 60,
    toS: Math.min(Math.ceil(range.toMs / 1000), 4_294_000_000),
  };
  const where =
    'organisation = {organisation:String} AND minute >= toDateTime({fromS:UInt32}) AND minute < toDateTime({toS:UInt32})';
  const [rows, rate, scrubbed, sampled, quarantined] = await Promise.all([
    ask<LedgerSum>(
      reader,
      `SELECT toString(protocol) AS protocol, toString(signal) AS signal, toString(key_id) AS keyId, toFloat64(sum(records)) AS received,
        toFloat64(sumIf(records, outcome = 'accepted')) AS accepted, toFloat64(sumIf(records, outcome = 'dropped')) AS dropped,
        toFloat64(sumIf(records, outcome = 'rejected')) AS rejected, toFloat64(sum(bytes)) AS bytes,
        CAST(mapFilter((k, v) -> v > 0, sumMap(map(if(reason = '', 'other', toString(reason)), if(outcome = 'accepted', 0, toFloat64(records))))), 'Map(String, Float64)') AS reasons
      FROM ledger WHERE ${where} GROUP BY protocol, signal, keyId ORDER BY received DESC, protocol, signal, keyId LIMIT 1000`,
      parameters,
      limits,
    ),
    ask<{ at: number; value: number }>(
      reader,
      `SELECT toFloat64(intDiv(toUnixTimestamp(minute), {stepS:UInt32}) * {stepS:UInt32}) * 1000 AS at, toFloat64(sum(records)) / {stepS:UInt32} AS value
      FROM ledger WHERE ${where} GROUP BY at ORDER BY at LIMIT 1000`,
      { ...parameters, stepS: grid.stepMs / 1000 },
      limits,
    ),
    ask<{ rule: string; signal: string; removed: number }>(
      reader,
      `SELECT toString(rule) AS rule, toString(signal) AS signal, toFloat64(sum(removed)) AS removed FROM scrubbed WHERE ${where}
      GROUP BY rule, signal HAVING removed > 0 ORDER BY removed DESC, rule, signal LIMIT 200`,
      parameters,
      { ...limits, settings: { prefer_column_name_to_alias: 0, ...limits.settings } },
    ),
    ask<{ policy: string; rule: string; service: string; spans: number }>(
      reader,
      `SELECT toString(policy) AS policy, toString(rule) AS rule, toString(lost.1) AS service, toFloat64(sum(lost.2)) AS spans
      FROM (SELECT policy, rule, arrayJoin(arrayZip(services, spans)) AS lost FROM sampled_traces
        WHERE organisation = {organisation:String} AND slot >= toDateTime({fromS:UInt32}) AND slot < toDateTime({toS:UInt32}))
      GROUP BY policy, rule, lost.1 ORDER BY sum(lost.2) DESC, policy, rule, service LIMIT 200`,
      parameters,
      limits,
    ),
    ask<{ records: number }>(
      reader,
      `SELECT toFloat64(sum(records)) AS records FROM quarantine WHERE organisation = {organisation:String}
        AND received_at >= toDateTime64({fromS:UInt32}, 3) AND received_at < toDateTime64({toS:UInt32}, 3)`,
      parameters,
      limits,
    ),
  ]);
  return { rows, rate, scrubbed, sampled, quarantined: quarantined[0]?.records ?? 0 };
}

export interface QuarantineRow {
  readonly id: string;
  readonly at: number;
  readonly protocol: string;
  readonly signal: string;
  readonly keyId: string;
  readonly reason: string;
  readonly records: number;
  readonly bytes: number;
  /** The first 2,000 bytes; what is no text shows as dots. */
  readonly preview: string;
}

/** One page of the quarantine, newest first; undefined for a cursor that is none. Throws `StoreError`. */
export async function listQuarantine(
  reader: TelemetryReader,
  asked: { organisation: string; limit: number; cursor: string },
  limits: QueryLimits = {},
): Promise<{ rows: QuarantineRow[]; next: string } | undefined> {
  const after = asked.cursor === '' ? undefined : /^(\d{1,13})-(.{0,200})$/su.exec(asked.cursor);
  if (after === null) return undefined;
  const found = await ask<Omit<QuarantineRow, 'preview'> & { start: string }>(
    reader,
    `SELECT id, toFloat64(toUnixTimestamp64Milli(received_at)) AS at, toString(protocol) AS protocol, toString(signal) AS signal, toString(key_id) AS keyId,
      reason, toFloat64(records) AS records, toFloat64(bytes) AS bytes, base64Encode(substring(content, 1, 2000)) AS start
    FROM quarantine WHERE organisation = {organisation:String}
      ${after ? 'AND (received_at, id) < (fromUnixTimestamp64Milli({afterMs:Int64}), {afterId:String})' : ''}
    ORDER BY received_at DESC, id DESC LIMIT {limit:UInt32}`,
    {
      organisation: asked.organisation,
      limit: asked.limit + 1,
      ...(after ? { afterMs: Number(after[1]), afterId: after[2] ?? '' } : {}),
    },
    { ...limits, settings: { prefer_column_name_to_alias: 0, ...limits.settings } },
  );
  const rows = found.slice(0, asked.limit).map(({ start, ...row }) => ({ ...row, preview: previewOf(start) }));
  const last = rows.at(-1);
  return { rows, next: found.length > asked.limit && last ? `${last.at}-${last.id}` : '' };
}

function previewOf(base64: string): string {
  // Bytes that print as nothing, and what was no UTF-8, show as dots.
  return Buffer.from(base64, 'base64')
    .toString('utf8')
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFFFD]/g, '·');
}
