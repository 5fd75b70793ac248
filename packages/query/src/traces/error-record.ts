import { severityName, type SeverityName } from '@sightline/record';
import { hexId, msOf } from '../logs/log-row.ts';

/** An error event in a list. */
export interface ErrorRecord {
  readonly eventId: string;
  /** Sixteen hexadecimal digits. */
  readonly issue: string;
  readonly at: number;
  readonly tsNs: string;
  readonly type: string;
  readonly message: string;
  readonly culprit: string;
  readonly severity: SeverityName | '';
  readonly site: string;
  readonly device: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly correlationId: string;
}

/** What `errorColumns` selects. */
export interface ErrorColumns {
  readonly eventId: string;
  readonly issueHex: string;
  readonly tsNs: string;
  readonly type: string;
  readonly message: string;
  readonly culprit: string;
  readonly sev: number;
  readonly site: string;
  readonly device: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
  readonly traceHex: string;
  readonly spanHex: string;
  readonly correlationId: string;
}

/** The columns of an error event in a list; names differ from the table's where the value does. */
export const errorColumns = `event_id AS eventId, lower(hex(issue)) AS issueHex, toString(toUnixTimestamp64Nano(ts)) AS tsNs, type, message,
  culprit, severity AS sev, site, device, service, environment, release, ${hexId('trace_id', 16)} AS traceHex, ${hexId('span_id', 8)} AS spanHex,
  correlation_id AS correlationId`;

export function toError(row: ErrorColumns): ErrorRecord {
  const { issueHex, sev, traceHex, spanHex, ...same } = row;
  return {
    ...same,
    issue: issueHex.padStart(16, '0'),
    at: msOf(row.tsNs),
    severity: severityName(sev),
    traceId: traceHex,
    spanId: spanHex,
  };
}
