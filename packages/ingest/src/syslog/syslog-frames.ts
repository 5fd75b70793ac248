import { GrowingBuffer } from '../sockets/growing-buffer.ts';

/** Longer messages are refused; RFC 5424 asks for 2,048 bytes at least. */
export const maxSyslogBytes = 262_144;

const lineFeed = 10;

/** A message, or that one was too long to be kept. */
export type SyslogFrame = Buffer | 'too-large';

/**
 * Cuts a stream into messages (https://datatracker.ietf.org/doc/html/rfc6587): after their length in digits, or up to a line feed; each
 * message tells by its first byte which it is.
 */
export class SyslogFrames {
  readonly #waiting = new GrowingBuffer();
  /** Bytes of a counted message that is too long, still to come. */
  #skipBytes = 0;
  /** Whether the rest of a line that is too long is still to come. */
  #skipLine = false;

  *take(chunk: Buffer): Generator<SyslogFrame> {
    this.#waiting.append(chunk);
    for (;;) {
      const bytes = this.#waiting.view();
      if (bytes.length === 0) return;
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, bytes.length);
        this.#skipBytes -= skipped;
        this.#waiting.consume(skipped);
        continue;
      }
      const start = this.#skipLine ? 0 : countedFrom(bytes);
      if (start > 0) {
        const length = Number(bytes.toString('latin1', 0, start - 1));
        if (length > maxSyslogBytes) {
          this.#waiting.consume(start);
          this.#skipBytes = length;
          yield 'too-large';
        } else {
          if (bytes.length < start + length) return;
          yield bytes.subarray(start, start + length);
          this.#waiting.consume(start + length);
        }
        continue;
      }
      // Digits alone: the length itself may still be cut.
      if (!this.#skipLine && bytes.length < 10 && /^[1-9]\d*$/.test(bytes.toString('latin1'))) return;
      const end = bytes.indexOf(lineFeed);
      if (end < 0) {
        if (bytes.length <= maxSyslogBytes) return;
        if (!this.#skipLine) yield 'too-large';
        this.#skipLine = true;
        this.#waiting.consume(bytes.length);
        return;
      }
      if (!this.#skipLine && end > 0) yield end > maxSyslogBytes ? 'too-large' : bytes.subarray(0, end);
      this.#skipLine = false;
      this.#waiting.consume(end + 1);
    }
  }

  /** What the end of the connection leaves: a last line without its line feed, or a counted message that was cut. */
  end(): { readonly bytes: Buffer; readonly isCut: boolean } | undefined {
    const bytes = this.#waiting.view();
    if (bytes.length === 0 || this.#skipLine || this.#skipBytes > 0) return undefined;
    return { bytes, isCut: countedFrom(bytes) > 0 };
  }
}

const digitsAtMost = 9;

/** Where a message begins that its length stands before, in at most nine digits and a space; 0 where none does. */
function countedFrom(bytes: Buffer): number {
  for (let i = 0; i <= digitsAtMost; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 32) return i > 0 ? i + 1 : 0;
    if (byte < (i === 0 ? 49 : 48) || byte > 57) return 0;
  }
  return 0;
}
