/**
 * Texts by their bytes: clients say the same few names and values over and over, and finding a text by its bytes is quicker than
 * decoding it. Direct-mapped: a newcomer takes the place of whoever stood there.
 */
const slots = 8192;
const longest = 64;

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
}
const entries: (Entry | undefined)[] = Array.from({ length: slots });

/** The UTF-8 text at `start` to `end`; what is no UTF-8 becomes U+FFFD. */
export function internedText(bytes: Buffer, start: number, end: number): string {
  const size = end - start;
  if (size > longest) return bytes.toString('utf8', start, end);
  let hash = size;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  const slot = (hash ^ (hash >>> 13)) & (slots - 1);
  const entry = entries[slot];
  if (entry !== undefined && same(entry.bytes, bytes, start, size)) return entry.text;
  const text = bytes.toString('utf8', start, end);
  entries[slot] = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), text };
  return text;
}

function same(known: Uint8Array, bytes: Buffer, start: number, size: number): boolean {
  if (known.length !== size) return false;
  for (let n = 0; n < size; n++) if (known[n] !== bytes[start + n]) return false;
  return true;
}
