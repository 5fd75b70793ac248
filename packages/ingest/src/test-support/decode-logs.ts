import { ProtobufReader } from '../protobuf-reader.ts';
import type { Checked, Frame, ProtocolRequest } from '../protocol.ts';
import { type Attributes, attributes, fields, pair } from './decode-traces.ts';

/** A log record of an OTLP request, in words that a test compares. */
export interface DecodedLog {
  readonly resource: Attributes;
  readonly timeNs: bigint;
  readonly severity: number;
  readonly level: string;
  readonly body: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
  readonly attributes: Attributes;
}

export const testNow = Date.parse('2026-11-20T12:00:00Z');
const scope = { organisation: 'acme', keyId: 'k1', site: '', device: '', service: '', environment: '' };

/** A request as a check sees it. */
export function requestOf(body: Buffer | string, more: Partial<ProtocolRequest> = {}): ProtocolRequest {
  return {
    method: 'POST',
    params: {},
    query: new URLSearchParams(),
    headers: {},
    contentType: 'application/json',
    body: Buffer.from(body),
    scope,
    receivedAtMs: testNow,
    ...more,
  };
}

/** The records that a check let pass. Throws where it refused the request. */
export function logsOf(checked: Checked): DecodedLog[] {
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return logsIn(checked.frames);
}

export function logsIn(frames: readonly Frame[]): DecodedLog[] {
  return frames.flatMap(({ bytes }) => fields(new ProtobufReader(Buffer.from(bytes)), 1).flatMap(ofResource));
}

function ofResource(group: ProtobufReader): DecodedLog[] {
  let resource: Attributes = {};
  const logs: DecodedLog[] = [];
  while (group.next()) {
    if (group.is(1, 2)) resource = attributes(group.message(), 1);
    else if (group.is(2, 2)) for (const log of fields(group.message(), 2)) logs.push(ofRecord(log, resource));
  }
  return logs;
}

function ofRecord(reader: ProtobufReader, resource: Attributes): DecodedLog {
  const own: Attributes = {};
  const found = { timeNs: 0n, severity: 0, level: '', body: '', traceId: '', spanId: '', eventName: '' };
  while (reader.next()) {
    const { field, bytes, start, end } = reader;
    if (field === 1) found.timeNs = bytes.readBigUInt64LE(start);
    else if (field === 2) found.severity = Number(reader.int64());
    else if (field === 3) found.level = reader.text();
    else if (field === 5) {
      const value = reader.message();
      while (value.next()) if (value.field === 1) found.body = value.text();
    } else if (field === 6) pair(reader.message(), own);
    else if (field === 9) found.traceId = bytes.toString('hex', start, end);
    else if (field === 10) found.spanId = bytes.toString('hex', start, end);
    else if (field === 12) found.eventName = reader.text();
  }
  return { resource, ...found, attributes: own };
}
