/**
 * A trace id as a person types or pastes it: spaces, capitals and the dashes of a UUID are forgiven. Ids of 64 bits, as clients of Jaeger and
 * Zipkin make and print them (some without their first zeros), are filled up to 128, as they are stored. Undefined: it is none.
 */
export function readTraceId(text: string): string | undefined {
  const id = text.trim().toLowerCase().replaceAll('-', '');
  return /^(?:[0-9a-f]{32}|[0-9a-f]{14,16})$/.test(id) ? id.padStart(32, '0') : undefined;
}
