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
  readonly receivedMs: string;
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
  toString(toUnixTimestamp64Milli(received_at)) AS receivedMs, severity AS sev, severity_text AS severityText, body AS text,
  site, device, service, environment, release, ${hexId('trace_id', 16)} AS traceHex, ${hexId('span_id', 8)} AS spanHex,
  correlation_id AS correlationId, event_name AS eventName, attrs AS attributes, res AS resource`;

/** Milliseconds of a moment given in nanoseconds as text. */
export const msOf = (ns: string): number => Number(BigInt(ns) / 1_000_000n);

export function toLog(row: LogColumns): LogRecord {
  const { hash, receivedMs, sev, text, traceHex, spanHex, place, ...same } = row;
  return {
    ...same,
    // hex() leaves out leading zero bytes.
    id: `${row.tsNs}-${hash.padStart(16, '0')}`,
    at: msOf(row.tsNs),
    receivedAt: Number(receivedMs),
    severity: severityName(sev),
    body: text,
    traceId: traceHex,
    spanId: spanHex,
    ...(place ? { place } : {}),
  };
}

/** Where a page of logs ended. `skip`: rows of exactly this moment and hash that were already given. */
export interface LogCursor {
  readonly ns: bigint;
  readonly hash: bigint;
  readonly skip: number;
}

/** Reads a log's id (or a page's cursor); undefined when it is none. */
export function parseLogCursor(text: string): LogCursor | undefined {
  const parts = /^(\d{1,19})-([0-9a-f]{16})(?:-(\d{1,6}))?$/.exec(text);
  if (!parts) return undefined;
  const ns = BigInt(parts[1] ?? '0');
  // Past this the engine's 64-bit arithmetic on moments would wrap.
  if (ns > 9_000_000_000_000_000_000n) return undefined;
  return { ns, hash: BigInt(`0x${parts[2]}`), skip: Number(parts[3] ?? 0) };
}
