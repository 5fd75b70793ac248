import { severityName, type SeverityName } from '@sightline/record';
import type { LogPlace } from './log-reach.ts';

/** A log as the reads answer it. */
export interface LogRecord {
  /** `<ts in ns>-<hash>`. */
  readonly id: string;
  readonly tsNs: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly receivedAt: number;
  readonly severity: SeverityName | '';
  readonly severityText: string;
  readonly body: string;
  readonly site: string;
  readonly device: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly correlationId: string;
  readonly eventName: string;
  readonly attributes: Record<string, string>;
  readonly resource: Record<string, string>;
  /** Where it was read; absent for the engine's own table. */
  readonly place?: LogPlace;
}

/** What `logColumns` selects. */
export interface LogColumns {
  readonly tsNs: string;
  readonly hash: string;
  readonly receivedNs: string;
  readonly sev: number;
  readonly severityText: string;
  readonly text: string;
  readonly site: string;
  readonly device: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
  readonly traceHex: string;
  readonly spanHex: string;
  readonly correlationId: string;
  readonly eventName: string;
  readonly attributes: Record<string, string>;
  readonly resource: Record<string, string>;
  readonly place?: LogPlace | '';
}

/** Hexadecimal of a fixed-size id; '' when it is all zeros. */
export const hexId = (column: string, bytes: number): string =>
  `if(${column} = toFixedString('', ${bytes}), '', lower(hex(${column})))`;

/** Every column of a log. The names differ from the table's, so that no condition meets an alias. */
export const logColumns = `toString(toUnixTimestamp64Nano(ts)) AS tsNs, lower(hex(id)) AS hash,
  toString(toUnixTimestamp64Nano(received_at)) AS receivedNs, severity AS sev, severity_text AS severityText, body AS text,
  site, device, service, environment, release, ${hexId('trace_id', 16)} AS traceHex, ${hexId('span_id', 8)} AS spanHex,
  correlation_id AS correlationId, event_name AS eventName, attrs AS attributes, res AS resource`;

/** The id of a log. hex() leaves out leading zero bytes. */
const idOf = ({ tsNs, hash }: LogColumns): string => `${tsNs}-${hash.padStart(16, '0')}`;

/** Milliseconds of a moment given in nanoseconds as text. */
export const msOf = (ns: string): number => Number(BigInt(ns) / 1_000_000n);

export function toLog(row: LogColumns): LogRecord {
  const { hash: _hash, receivedNs, sev, text, traceHex, spanHex, place, ...same } = row;
  return {
    ...same,
    id: idOf(row),
    at: msOf(row.tsNs),
    receivedAt: msOf(receivedNs),
    severity: severityName(sev),
    body: text,
    traceId: traceHex,
    spanId: spanHex,
    ...(place ? { place } : {}),
  };
}

/** Which log: its moment in nanoseconds, and the hash of what it holds. */
export interface LogKey {
  readonly ns: bigint;
  readonly hash: bigint;
}

/** Where a page of logs ended. `skip`: rows that are the same in all of this and were already given. */
export interface LogCursor extends LogKey {
  /** When it came, in nanoseconds. */
  readonly receivedNs: bigint;
  readonly skip: number;
}

/** Reads a log's id; undefined when it is none. */
export function parseLogId(text: string): LogKey | undefined {
  const parts = /^(\d{1,19})-([0-9a-f]{16})$/.exec(text);
  const ns = nsOf(parts?.[1]);
  return ns === undefined ? undefined : { ns, hash: BigInt(`0x${parts?.[2]}`) };
}

/** Reads what `logCursor` wrote; undefined when it is none. */
export function parseLogCursor(text: string): LogCursor | undefined {
  const parts = /^(\d{1,19}-[0-9a-f]{16})-(\d{1,19})-(\d{1,6})$/.exec(text);
  const key = parseLogId(parts?.[1] ?? '');
  const receivedNs = nsOf(parts?.[2]);
  return key && receivedNs !== undefined ? { ...key, receivedNs, skip: Number(parts?.[3]) } : undefined;
}

/** The cursor of what stands behind a log of which `skip` were given. */
export const logCursor = (row: LogColumns, skip: number): string => `${idOf(row)}-${row.receivedNs}-${skip}`;

/** Past this the engine's 64-bit arithmetic on moments would wrap. */
const latestNs = 9_000_000_000_000_000_000n;

function nsOf(text = ''): bigint | undefined {
  return text === '' || BigInt(text) > latestNs ? undefined : BigInt(text);
}
