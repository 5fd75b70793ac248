import type { FoundEntry } from './run-log-query.ts';
import { parseJson, parseLogfmt } from './parsers.ts';
import { parseBytes, parseSeconds } from './units.ts';

export interface DetectedField {
  readonly label: string;
  readonly type: 'string' | 'int' | 'float' | 'boolean' | 'duration' | 'bytes';
  /** Different values among the lines that were looked at. */
  readonly cardinality: number;
  /** The parsers that find it; none for structured metadata. */
  readonly parsers: readonly string[];
  readonly values: readonly string[];
}

const mostFields = 1000;
const mostValues = 1000;

function typeOf(value: string): DetectedField['type'] {
  if (/^[+-]?\d+$/.test(value)) return 'int';
  if (/^[+-]?\d*\.\d+(?:e[+-]?\d+)?$/i.test(value)) return 'float';
  if (/^(?:true|false)$/i.test(value)) return 'boolean';
  if (parseSeconds(value) !== undefined) return 'duration';
  return /[a-z]$/i.test(value) && parseBytes(value) !== undefined ? 'bytes' : 'string';
}

/** The fields that parsers would find in these lines, and what stands in their structured metadata. */
export function detectFields(entries: readonly FoundEntry[]): DetectedField[] {
  const fields = new Map<string, { values: Set<string>; parsers: Set<string>; type: DetectedField['type'] }>();
  const add = (label: string, value: string, parser: string | undefined): void => {
    let field = fields.get(label);
    if (!field) {
      if (fields.size >= mostFields) return;
      fields.set(label, (field = { values: new Set(), parsers: new Set(), type: typeOf(value) }));
    }
    if (field.values.size < mostValues) field.values.add(value);
    if (parser !== undefined) field.parsers.add(parser);
    if (field.type !== 'string' && typeOf(value) !== field.type) field.type = 'string';
  };
  for (const { line, stream, metadata, parsed } of entries) {
    for (const [label, value] of Object.entries(metadata)) add(label, value, undefined);
    for (const [label, value] of Object.entries(parsed))
      if (value !== '' && !label.startsWith('__error')) add(label, value, undefined);
    const json = parseJson(line);
    const [found, parser] = json.error === '' ? [json, 'json'] : [parseLogfmt(line, false, false), 'logfmt'];
    for (const [name, value] of found.fields) {
      if (value === '' || parsed[name] !== undefined) continue;
      add(stream[name] === undefined && metadata[name] === undefined ? name : `${name}_extracted`, value, parser);
    }
  }
  return [...fields]
    .map(([label, { values, parsers, type }]) => ({
      label,
      type,
      cardinality: values.size,
      parsers: [...parsers],
      values: [...values].toSorted(),
    }))
    .toSorted((a, b) => (a.label < b.label ? -1 : 1));
}
