import { ProtobufReader } from '../protobuf-reader.ts';
import type { Checked } from '../protocol.ts';

export type Attributes = Record<string, string | number | boolean>;

/** A span of an OTLP request, in words that a test compares. */
export interface DecodedSpan {
  readonly resource: Attributes;
  readonly scope: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly durationNs: bigint;
  readonly attributes: Attributes;
  readonly events: { readonly name: string; readonly attributes: Attributes }[];
  readonly links: { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[];
  readonly status: { readonly code: number; readonly message: string };
}

/** The spans that a check let pass. Throws where it refused the request. */
export function spansOf(checked: Checked): DecodedSpan[] {
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return checked.frames.flatMap(({ bytes }) => fields(new ProtobufReader(Buffer.from(bytes)), 1).flatMap(ofResource));
}

export function fields(reader: ProtobufReader, field: number): ProtobufReader[] {
  const found: ProtobufReader[] = [];
  while (reader.next()) if (reader.is(field, 2)) found.push(reader.message());
  if (reader.bad) throw new Error('not a well-formed message');
  return found;
}

function ofResource(group: ProtobufReader): DecodedSpan[] {
  let resource: Attributes = {};
  const spans: DecodedSpan[] = [];
  while (group.next()) {
    if (group.is(1, 2)) resource = attributes(group.message(), 1);
    else if (group.is(2, 2)) {
      let scope = '';
      const inside = group.message();
      while (inside.next()) {
        if (inside.is(1, 2)) scope = texts(inside.message())[1] ?? '';
        else if (inside.is(2, 2)) spans.push(spanOf(inside.message(), resource, scope));
      }
    }
  }
  return spans;
}

function spanOf(reader: ProtobufReader, resource: Attributes, scope: string): DecodedSpan {
  const ids: Record<number, string> = {};
  const times: Record<number, bigint> = {};
  const own: Attributes = {};
  const events: DecodedSpan['events'] = [];
  const links: DecodedSpan['links'] = [];
  let name = '';
  let kind = 0;
  let status = { code: 0, message: '' };
  while (reader.next()) {
    const { field, wire, bytes, start, end } = reader;
    if (field === 1 || field === 2 || field === 4) ids[field] = bytes.toString('hex', start, end);
    else if (field === 5) name = reader.text();
    else if (field === 6) kind = Number(reader.int64());
    else if (wire === 1) times[field] = bytes.readBigUInt64LE(start);
    else if (field === 9) pair(reader.message(), own);
    else if (field === 11)
      events.push({ name: texts(reader.message())[2] ?? '', attributes: attributes(reader.message(), 3) });
    else if (field === 13) {
      const link = reader.message();
      const of: Record<number, string> = {};
      while (link.next()) if (link.field < 3) of[link.field] = link.bytes.toString('hex', link.start, link.end);
      links.push({ traceId: of[1] ?? '', spanId: of[2] ?? '', attributes: attributes(reader.message(), 4) });
    } else if (field === 15) {
      const inside = reader.message();
      let code = 0;
      let message = '';
      while (inside.next()) {
        if (inside.is(3, 0)) code = Number(inside.int64());
        else if (inside.is(2, 2)) message = inside.text();
      }
      status = { code, message };
    }
  }
  return {
    resource,
    scope,
    traceId: ids[1] ?? '',
    spanId: ids[2] ?? '',
    parentId: ids[4] ?? '',
    name,
    kind,
    startNs: times[7] ?? 0n,
    durationNs: (times[8] ?? 0n) - (times[7] ?? 0n),
    attributes: own,
    events,
    links,
    status,
  };
}

function texts(reader: ProtobufReader): Record<number, string> {
  const found: Record<number, string> = {};
  while (reader.next()) if (reader.wire === 2) found[reader.field] = reader.text();
  return found;
}

export function attributes(reader: ProtobufReader, field: number): Attributes {
  const found: Attributes = {};
  while (reader.next()) if (reader.field === field && reader.wire === 2) pair(reader.message(), found);
  return found;
}

export function pair(reader: ProtobufReader, into: Attributes): void {
  let key = '';
  while (reader.next()) {
    if (reader.is(1, 2)) key = reader.text();
    else if (reader.is(2, 2)) {
      const value = reader.message();
      while (value.next()) {
        if (value.field === 1) into[key] = value.text();
        else if (value.field === 2) into[key] = value.int64() !== 0n;
        else if (value.field === 3) into[key] = Number(value.int64());
        else if (value.field === 4) into[key] = value.double();
      }
    }
  }
}
