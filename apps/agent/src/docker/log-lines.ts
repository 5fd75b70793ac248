/** A line that a container wrote. */
export interface LogLine {
  /** Milliseconds since the epoch as the engine noted it; null when it noted none. */
  readonly at: number | null;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Characters of one line that are kept. */
const lineLimit = 16_384;

/** Colours and cursor moves that programs write for terminals (ECMA-48). */
const escapes = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/**
 * Reads the engine's log stream: frames of an 8-byte head (stream, three zeros, big-endian length) and their text, or the
 * bytes of a terminal as they came (https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerAttach).
 * Bytes may be cut anywhere. Keeps the newest lines within `limitLines` and `limitBytes`.
 */
export class LogReader {
  readonly #tty: boolean;
  readonly #limitLines: number;
  readonly #limitBytes: number;
  /** Bytes of a frame that has not come whole. */
  #rest: Buffer = Buffer.alloc(0);
  readonly #open = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) } as Record<LogLine['stream'], Buffer>;
  #lines: LogLine[] = [];
  #sizeBytes = 0;
  #cut = false;

  constructor(options: { readonly tty: boolean; readonly limitLines: number; readonly limitBytes: number }) {
    this.#tty = options.tty;
    this.#limitLines = options.limitLines;
    this.#limitBytes = options.limitBytes;
  }

  push(chunk: Buffer): void {
    if (this.#tty) return this.#take('stdout', chunk);
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    while (this.#rest.length - at >= 8) {
      const sizeBytes = this.#rest.readUInt32BE(at + 4);
      if (this.#rest.length - at - 8 < sizeBytes) break;
      this.#take(this.#rest[at] === 2 ? 'stderr' : 'stdout', this.#rest.subarray(at + 8, at + 8 + sizeBytes));
      at += 8 + sizeBytes;
    }
    this.#rest = this.#rest.subarray(at);
    // A frame longer than anything an engine writes: the stream is not what we took it for.
    if (this.#rest.length > 4 * this.#limitBytes)
      throw new Error('the log stream is not framed as the engine frames it');
  }

  /** Lines read so far, oldest first, and whether older ones were left off. */
  finish(): { readonly lines: readonly LogLine[]; readonly cut: boolean } {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#open[stream].length > 0) this.#add(stream, this.#open[stream]);
      this.#open[stream] = Buffer.alloc(0);
    }
    this.#trim();
    return { lines: this.#lines, cut: this.#cut };
  }

  #take(stream: LogLine['stream'], bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      const piece = bytes.subarray(from, end);
      this.#add(stream, this.#open[stream].length > 0 ? Buffer.concat([this.#open[stream], piece]) : piece);
      this.#open[stream] = Buffer.alloc(0);
      from = end + 1;
    }
    const left = bytes.subarray(from);
    // A line without an end would grow without bound: what is past the limit would be cut off anyway.
    if (left.length > 0 && this.#open[stream].length < 4 * lineLimit)
      this.#open[stream] = Buffer.concat([this.#open[stream], left]);
  }

  #add(stream: LogLine['stream'], bytes: Buffer): void {
    const whole = bytes.toString('utf8');
    const space = whole.indexOf(' ');
    const at = space > 18 && space < 40 ? Date.parse(whole.slice(0, space)) : Number.NaN;
    const text = Number.isNaN(at) ? whole : whole.slice(space + 1);
    const shown = text.replaceAll(escapes, '').replace(/\r$/, '');
    const kept = shown.length > lineLimit ? `${shown.slice(0, lineLimit)} …` : shown;
    this.#lines.push({ at: Number.isNaN(at) ? null : at, stream, text: kept });
    this.#sizeBytes += kept.length + 60;
    // Not with each line: taking from the front of an array costs as much as it is long.
    if (this.#lines.length > 2 * this.#limitLines + 100 || this.#sizeBytes > 2 * this.#limitBytes) this.#trim();
  }

  #trim(): void {
    let drop = Math.max(0, this.#lines.length - this.#limitLines);
    for (let i = 0; i < drop; i++) this.#sizeBytes -= (this.#lines[i]?.text.length ?? 0) + 60;
    while (this.#sizeBytes > this.#limitBytes && drop < this.#lines.length - 1)
      this.#sizeBytes -= (this.#lines[drop++]?.text.length ?? 0) + 60;
    if (drop === 0) return;
    this.#cut = true;
    this.#lines = this.#lines.slice(drop);
  }
}
