import type { ProtobufWriter } from './protobuf-writer.ts';

/** A value as JSON knows it, plus integers of 64 bits and bytes. `undefined` and `null` are an empty value. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/**
 * Writes an OTLP AnyValue as field `field`. Lists and objects are written as their JSON text, because the scrubber reads
 * text: nested values must not carry personal data past it.
 */
export function writeAnyValue(writer: ProtobufWriter, field: number, value: AttributeValue): void {
  const opened = writer.open(field);
  if (typeof value === 'string') writer.stringAlways(1, value);
  else if (typeof value === 'boolean') writer.integerAlways(2, value ? 1 : 0);
  else if (typeof value === 'bigint') writer.integerAlways(3, value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writer.integerAlways(3, value);
    else writer.double(4, value);
  } else if (value !== null && value !== undefined) writer.stringAlways(1, jsonText(value));
  writer.close(opened);
}

/** Writes key-value pairs as the repeated KeyValue field `field`. */
export function writeAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: Readonly<Record<string, AttributeValue>>,
): void {
  for (const key in attributes) {
    const opened = writer.open(field);
    writer.string(1, key);
    writeAnyValue(writer, 2, attributes[key]);
    writer.close(opened);
  }
}

/** JSON text of a value: integers of 64 bits as numbers' digits in text, bytes as `base64:…`. */
export function jsonText(value: AttributeValue): string {
  return JSON.stringify(value, (_, item: AttributeValue) => {
    if (typeof item === 'bigint') return item.toString();
    if (item instanceof Uint8Array) return `base64:${Buffer.from(item).toString('base64')}`;
    return item;
  });
}
