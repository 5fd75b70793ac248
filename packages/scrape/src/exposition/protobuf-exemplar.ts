import type { ProtobufReader } from '@sightline/base/protobuf';
import type { ReceivedExemplar } from '@sightline/record';

/** Reads a `LabelPair`; false when it is malformed. */
export function readPair(reader: ProtobufReader, into: string[]): boolean {
  let [name, value] = ['', ''];
  while (reader.next()) {
    if (reader.is(1, 2)) name = reader.text();
    else if (reader.is(2, 2)) value = reader.text();
  }
  if (value !== '') into.push(name, value);
  return !reader.bad;
}

/** Undefined when it is malformed: an exemplar is no reason to give up its sample. */
export function readExemplar(reader: ProtobufReader): ReceivedExemplar | undefined {
  const labels: string[] = [];
  let [value, atMs] = [0, 0];
  while (reader.next()) {
    if (reader.is(1, 2)) {
      if (!readPair(reader.message(), labels)) return undefined;
    } else if (reader.is(2, 1)) value = reader.double();
    else if (reader.is(3, 2)) atMs = readTimestamp(reader.message());
  }
  return reader.bad ? undefined : { labels, value, atMs };
}

/** `google.protobuf.Timestamp` as milliseconds; 0 when it is malformed. */
export function readTimestamp(reader: ProtobufReader): number {
  let [seconds, nanos] = [0, 0];
  while (reader.next()) {
    if (reader.is(1, 0)) seconds = Number(reader.int64());
    else if (reader.is(2, 0)) nanos = Number(reader.int64());
  }
  return reader.bad ? 0 : seconds * 1000 + Math.floor(nanos / 1e6);
}
