/** A message in one piece, nothing yet, or why there will be none. */
export type Assembled = Buffer | undefined | { readonly refused: string };

const headerBytes = 12;
const chunksLimit = 128;
const messagesLimit = 1024;
const bytesLimit = 32 * 1024 * 1024;
const patienceMs = 5000;

interface Partial {
  readonly chunks: (Buffer | undefined)[];
  readonly beganAtMs: number;
  missing: number;
  bytes: number;
}

/** Puts chunked datagrams of GELF together: those of one id and one sender, within five seconds and within bounds. */
export class GelfChunks {
  readonly #partials = new Map<string, Partial>();
  #bytes = 0;

  /** A datagram that is no chunk is a message by itself. */
  add(datagram: Buffer, sender: string, nowMs: number): Assembled {
    if (datagram[0] !== 0x1e || datagram[1] !== 0x0f) return datagram;
    const number = datagram[10] ?? 0;
    const count = datagram[11] ?? 0;
    if (datagram.length <= headerBytes || count === 0 || count > chunksLimit || number >= count)
      return { refused: `chunk ${number + 1} of ${count} is none of a message of 1 to ${chunksLimit} chunks` };
    const id = `${sender} ${datagram.toString('hex', 2, 10)}`;
    let partial = this.#partials.get(id);
    if (!partial) {
      if (this.#partials.size >= messagesLimit || this.#bytes >= bytesLimit)
        return { refused: 'too many messages in chunks are under way' };
      partial = { chunks: Array.from({ length: count }), beganAtMs: nowMs, missing: count, bytes: 0 };
      this.#partials.set(id, partial);
    }
    if (partial.chunks.length !== count || partial.chunks[number]) return undefined;
    partial.chunks[number] = datagram.subarray(headerBytes);
    partial.missing--;
    partial.bytes += datagram.length;
    this.#bytes += datagram.length;
    if (partial.missing > 0) return undefined;
    this.#forget(id, partial);
    return Buffer.concat(partial.chunks.filter((chunk) => chunk !== undefined));
  }

  /** Gives up messages whose chunks did not all come in time; how many there were. */
  expire(nowMs: number): number {
    let expired = 0;
    for (const [id, partial] of this.#partials) {
      // In the order they began.
      if (nowMs - partial.beganAtMs < patienceMs) break;
      this.#forget(id, partial);
      expired++;
    }
    return expired;
  }

  #forget(id: string, partial: Partial): void {
    this.#partials.delete(id);
    this.#bytes -= partial.bytes;
  }
}
