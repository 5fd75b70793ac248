import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import { ProtobufReader } from '../protobuf-reader.ts';

/** What a log is worth when not all can be kept. */
export const logClasses = ['debug', 'info', 'error'] as const;
export type LogClass = (typeof logClasses)[number];

export interface LogPart {
  readonly of: LogClass;
  readonly bytes: Buffer;
  readonly records: number;
}

const errorWords = /^(?:err|fatal|crit|severe|alert|emerg|panic)/i;
const debugWords = /^(?:trace|debug|verbose|silly|fine)/i;

/**
 * Parts an OTLP log request (already checked: `checkOtlp`) by what its records are worth; each part keeps resources and scopes,
 * and the order of its records. A request of one class comes back as it is.
 */
export function splitLogs(request: Buffer): LogPart[] {
  const counts = countClasses(request);
  const present = logClasses.filter((of) => counts[of] > 0);
  const [only] = present;
  if (present.length === 1 && only) return [{ of: only, bytes: request, records: counts[only] }];
  return present.map((of) => ({ of, bytes: onlyOf(request, of), records: counts[of] }));
}

function countClasses(request: Buffer): Record<LogClass, number> {
  const counts = { debug: 0, info: 0, error: 0 };
  for (const resource of fields(request, 1)) {
    for (const scope of fields(resource, 2)) for (const record of fields(scope, 2)) counts[classOf(record)]++;
  }
  return counts;
}

/** The sub-messages `field` of a message. */
function fields(message: Buffer, field: number): Buffer[] {
  const reader = new ProtobufReader(message);
  const found: Buffer[] = [];
  while (reader.next())
    if (reader.field === field && reader.wire === 2) found.push(message.subarray(reader.start, reader.end));
  return found;
}

/** By the severity's number, else by its word (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber). */
function classOf(record: Buffer): LogClass {
  const reader = new ProtobufReader(record);
  let number = 0;
  let word = '';
  while (reader.next()) {
    if (reader.field === 2 && reader.wire === 0) number = Number(reader.int64());
    else if (reader.field === 3 && reader.wire === 2) word = reader.text().trim();
  }
  if (number >= 17 || (number <= 0 && errorWords.test(word))) return 'error';
  if ((number > 0 && number <= 8) || (number <= 0 && debugWords.test(word))) return 'debug';
  return 'info';
}

/** The request with the records of one class; groups that would be empty are left out. */
function onlyOf(request: Buffer, of: LogClass): Buffer {
  const writer = new ProtobufWriter(request.length);
  copyGroups(writer, request, 1, (resource) =>
    copyGroups(writer, resource, 2, (scope) => {
      const reader = new ProtobufReader(scope);
      let kept = false;
      while (reader.next()) {
        const isRecord = reader.field === 2 && reader.wire === 2;
        if (isRecord && classOf(scope.subarray(reader.start, reader.end)) !== of) continue;
        kept ||= isRecord;
        writer.raw(scope.subarray(reader.fieldStart, reader.end));
      }
      return kept;
    }),
  );
  return writer.finish();
}

/** Copies a message; each sub-message `field` by `copy`, unless that finds nothing in it. True when something was found. */
function copyGroups(writer: ProtobufWriter, message: Buffer, field: number, copy: (group: Buffer) => boolean): boolean {
  const reader = new ProtobufReader(message);
  let kept = false;
  while (reader.next()) {
    if (reader.field !== field || reader.wire !== 2) {
      writer.raw(message.subarray(reader.fieldStart, reader.end));
      continue;
    }
    const before = writer.size;
    const opened = writer.open(field);
    if (copy(message.subarray(reader.start, reader.end))) {
      writer.close(opened);
      kept = true;
    } else writer.backTo(before);
  }
  return kept;
}
