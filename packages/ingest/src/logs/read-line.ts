import { isObject, parseJson, type JsonObject } from '../errors/json-reader.ts';
import { levelOfLine } from './level.ts';
import { readLogObject, type ReadLog } from './read-log.ts';

/** Longer lines stay as they came. */
const maxParsedLength = 65_536;

/**
 * A line of text with what its shipper says about it. A line that is one JSON object (also behind syslog's `@cee:` cookie) gives its message
 * and fields; `about` counts before them wherever both name the same. Otherwise the line is the message, and its level what it says of itself
 * where `about` has none. `about` holds well-known names as `readLogObject` reads them.
 */
export function readLogLine(line: string, about: JsonObject, receivedAtMs: number): ReadLog {
  const object = lineObject(line);
  if (object) {
    const read = readLogObject({ ...object, ...about }, receivedAtMs);
    if (read.kind === 'refused') return read;
    // Without a message the whole object would be the body, with what the shipper added: then the line itself is.
    const { body } = read.record;
    if (typeof body === 'string' && !body.startsWith('{')) return read;
  }
  const read = readLogObject({ message: line, ...about }, receivedAtMs);
  if (read.kind === 'refused' || (read.record.severityNumber ?? 0) > 0) return read;
  const level = levelOfLine(line);
  return { ...read, record: { ...read.record, severityNumber: level.number, severityText: level.text } };
}

function lineObject(line: string): JsonObject | undefined {
  const text = line.startsWith('@cee:') ? line.slice(5).trimStart() : line;
  if (!text.startsWith('{') || text.length > maxParsedLength) return undefined;
  const value = parseJson(text);
  return isObject(value) ? value : undefined;
}
