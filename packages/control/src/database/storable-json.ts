/** An escape for NUL or for half a character, or an escaped backslash, which is passed over as a whole. */
const escapes = /\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/g;

/**
 * JSON that jsonb takes: it stores neither NUL nor half characters (https://www.postgresql.org/docs/current/datatype-json.html),
 * and one such text of one sender would fail the statement for all that share it. Each becomes U+FFFD, in names too.
 */
export function storableJson(value: unknown): string {
  // Whole characters stand as they are in what `JSON.stringify` writes: only halves are escaped.
  return JSON.stringify(value).replaceAll(escapes, (escape) => (escape === '\\\\' ? escape : '\\ufffd'));
}

/** The same value without what jsonb does not take. */
export function storableValue<T>(value: T): T {
  return JSON.parse(storableJson(value)) as T;
}
