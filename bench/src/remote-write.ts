/** Requests of Prometheus remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/), written by hand. */

export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** One request's body: protobuf in a snappy block of literals, which every reader takes and nobody has to compress. */
export function writeRequest(all: readonly WrittenSeries[]): Buffer {
  const out = new Growing();
  for (const { labels, times, values } of all) {
    const series = new Growing();
    for (const [name, value] of Object.entries(labels)) {
      const label = new Growing();
      label.text(1, name);
      label.text(2, value);
      series.bytes(1, label.taken());
    }
    for (const [i, t] of times.entries()) {
      const sample = new Growing();
      sample.double(1, values[i] ?? 0);
      sample.tag(2, 0);
      sample.varint(t);
      series.bytes(2, sample.taken());
    }
    out.bytes(1, series.taken());
  }
  return literalBlock(out.taken());
}

const longestLiteral = 65_536;

function literalBlock(bytes: Buffer): Buffer {
  const head = new Growing();
  head.varint(bytes.length);
  const parts = [head.taken()];
  for (let at = 0; at < bytes.length; at += longestLiteral) {
    const literal = bytes.subarray(at, at + longestLiteral);
    // 61: the length less one follows in two bytes.
    parts.push(Buffer.from([61 << 2, (literal.length - 1) & 255, (literal.length - 1) >>> 8]), literal);
  }
  return Buffer.concat(parts);
}

class Growing {
  #buffer = Buffer.allocUnsafe(64);
  #length = 0;

  #room(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const wider = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + more));
    this.#buffer.copy(wider, 0, 0, this.#length);
    this.#buffer = wider;
  }

  taken(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire);
  }

  varint(value: number): void {
    this.#room(10);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#buffer[this.#length++] = (rest % 128) | 128;
    this.#buffer[this.#length++] = rest;
  }

  bytes(field: number, bytes: Buffer): void {
    this.tag(field, 2);
    this.varint(bytes.length);
    this.#room(bytes.length);
    this.#length += bytes.copy(this.#buffer, this.#length);
  }

  text(field: number, text: string): void {
    this.bytes(field, Buffer.from(text));
  }

  double(field: number, value: number): void {
    this.tag(field, 1);
    this.#room(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }
}
