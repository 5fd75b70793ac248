import type { MetricType, ReceivedExemplar } from '@sightline/record';
import { metricTypes } from '@sightline/record';
import { ProtobufReader } from '../protobuf-reader.ts';
import { WireCursor } from '../protocols/prometheus-remote-write/wire-cursor.ts';
import { readHistogram, type WrittenHistogram } from './read-histogram.ts';

/** What a request says of a metric, beside its series. */
export interface WrittenMetadata {
  readonly metric: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** Numbers of `prometheus.MetricMetadata.MetricType`. */
const writtenTypes: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

/**
 * Where the labels end with which a series of a remote write 1.0 request begins, each shorter than 128 bytes, as all clients write them; beyond
 * `to` where the last is cut.
 */
export function endOfLabels(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at + 1 < to && bytes[at] === 0x0a && (bytes[at + 1] as number) < 128) at += 2 + (bytes[at + 1] as number);
  return at;
}

/**
 * Goes through a remote write 1.0 `WriteRequest`
 * (https://prometheus.io/docs/specs/prw/remote_write_spec/) series by series and makes no strings: labels are told as the bytes
 * between which they stand, values as their bits. Any bytes are safe to pass.
 */
export class WriteRequestCursor {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #end = 0;
  /** True once the bytes turned out to be no such message; what was told before stands. */
  bad = false;
  /** The labels' fields lie between these places; when they do not stand together, `scattered` is true. */
  labelsFrom = 0;
  labelsTo = 0;
  scattered = false;
  samples = 0;
  times: Float64Array = new Float64Array(64);
  /** Bits of the values: low and high half in turn. */
  bits: Uint32Array = new Uint32Array(128);
  /** Where exemplars and histograms of the series lie: from and to in turn. */
  readonly exemplarsAt: number[] = [];
  readonly histogramsAt: number[] = [];
  readonly metadata: WrittenMetadata[] = [];
  #seriesFrom = 0;
  #seriesTo = 0;

  open(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = 0;
    this.#end = bytes.length;
    this.bad = false;
    this.metadata.length = 0;
  }

  /** Moves to the next series; false at the end. */
  next(): boolean {
    while (!this.bad && this.#at < this.#end) {
      const tag = this.#varint(this.#end);
      if (tag === 0x0a) {
        const to = this.#sized(this.#end);
        if (to < 0) return false;
        this.#series(this.#at, to);
        this.#at = to;
        return !this.bad;
      }
      if (tag === 0x1a) {
        const to = this.#sized(this.#end);
        if (to < 0) return false;
        this.#metadata(this.#at, to);
        this.#at = to;
      } else this.#skip(tag, this.#end);
    }
    return false;
  }

  /** Labels of the series at hand: name and value in turn, as they came. */
  labels(): string[] {
    const labels: string[] = [];
    const series = new ProtobufReader(this.bytes, this.#seriesFrom, this.#seriesTo);
    while (series.next()) {
      if (!series.is(1, 2)) continue;
      const label = series.message();
      let [name, value] = ['', ''];
      while (label.next()) {
        if (label.is(1, 2)) name = label.text();
        else if (label.is(2, 2)) value = label.text();
      }
      labels.push(name, value);
    }
    return labels;
  }

  exemplars(): ReceivedExemplar[] {
    const exemplars: ReceivedExemplar[] = [];
    for (let i = 0; i < this.exemplarsAt.length; i += 2) {
      const reader = new ProtobufReader(this.bytes, this.exemplarsAt[i], this.exemplarsAt[i + 1]);
      const labels: string[] = [];
      let [value, atMs] = [0, 0];
      while (reader.next()) {
        if (reader.is(1, 2)) labels.push(...pairOf(reader.message()));
        else if (reader.is(2, 1)) value = reader.double();
        else if (reader.is(3, 0)) atMs = Number(reader.int64());
      }
      if (!reader.bad) exemplars.push({ labels, value, atMs });
    }
    return exemplars;
  }

  /** Histograms of the series; those that cannot be read are left out. */
  histograms(): WrittenHistogram[] {
    const found: WrittenHistogram[] = [];
    for (let i = 0; i < this.histogramsAt.length; i += 2) {
      const cursor = new WireCursor(this.bytes);
      const read = readHistogram(cursor, this.histogramsAt[i] as number, this.histogramsAt[i + 1] as number);
      if (read) found.push(read);
    }
    return found;
  }

  #series(from: number, to: number): void {
    this.#seriesFrom = from;
    this.#seriesTo = to;
    this.samples = 0;
    this.scattered = false;
    if (this.exemplarsAt.length > 0) this.exemplarsAt.length = 0;
    if (this.histogramsAt.length > 0) this.histogramsAt.length = 0;
    const { bytes } = this;
    const at = endOfLabels(bytes, from, to);
    if (at > to) {
      this.bad = true;
      return;
    }
    this.labelsFrom = from;
    this.labelsTo = at;
    this.#at = at;
    while (this.#at < to && !this.bad) {
      const start = this.#at;
      const tag = bytes[start] as number;
      if (tag === 0x12 && this.#usualSample(start, to)) continue;
      this.#at = start;
      this.#field(start, to);
    }
  }

  /** A sample of value and time, in this order, as all clients write it; false when it is another and was not read. */
  #usualSample(start: number, to: number): boolean {
    const { bytes } = this;
    const size = bytes[start + 1] as number;
    const end = start + 2 + size;
    if (size < 11 || size > 20 || end > to || bytes[start + 2] !== 0x09 || bytes[start + 11] !== 0x10) return false;
    let low = 0;
    let at = start + 12;
    // Times of now have six bytes: four of them fit into 28 bits.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++] as number;
      low |= (byte & 127) << shift;
      if (byte < 128) {
        if (at !== end) return false;
        this.#push(low, start + 3);
        this.#at = end;
        return true;
      }
    }
    let high = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = bytes[at++] as number;
      high |= (byte & 127) << shift;
      if (byte < 128) {
        if (at !== end) return false;
        this.#push(high * 268_435_456 + low, start + 3);
        this.#at = end;
        return true;
      }
    }
    return false;
  }

  #push(atMs: number, valueAt: number): void {
    if (this.samples === this.times.length) this.#grow();
    const at = this.samples++;
    this.times[at] = atMs;
    this.bits[at * 2] = this.view.getUint32(valueAt, true);
    this.bits[at * 2 + 1] = this.view.getUint32(valueAt + 4, true);
  }

  #field(start: number, to: number): void {
    const tag = this.#varint(to);
    if (tag === 0x0a) {
      const end = this.#sized(to);
      if (end < 0) return;
      this.#at = end;
      if (this.labelsTo === start) this.labelsTo = end;
      else this.scattered = true;
    } else if (tag === 0x12) {
      const end = this.#sized(to);
      if (end < 0) return;
      this.#sample(end);
      this.#at = end;
    } else if (tag === 0x1a || tag === 0x22) {
      const end = this.#sized(to);
      if (end < 0) return;
      (tag === 0x1a ? this.exemplarsAt : this.histogramsAt).push(this.#at, end);
      this.#at = end;
    } else this.#skip(tag, to);
  }

  #sample(end: number): void {
    if (this.samples === this.times.length) this.#grow();
    let atMs = 0;
    let lo = 0;
    let hi = 0;
    while (this.#at < end && !this.bad) {
      const tag = this.#varint(end);
      if (tag === 0x09 && this.#at + 8 <= end) {
        lo = this.view.getUint32(this.#at, true);
        hi = this.view.getUint32(this.#at + 4, true);
        this.#at += 8;
      } else if (tag === 0x10) atMs = this.#int64(end);
      else this.#skip(tag, end);
    }
    const at = this.samples++;
    this.times[at] = atMs;
    this.bits[at * 2] = lo;
    this.bits[at * 2 + 1] = hi;
  }

  #metadata(from: number, to: number): void {
    const reader = new ProtobufReader(this.bytes, from, to);
    let [type, metric, help, unit] = [0, '', '', ''];
    while (reader.next()) {
      if (reader.is(1, 0)) type = reader.bytes[reader.start] ?? 0;
      else if (reader.is(2, 2)) metric = reader.text();
      else if (reader.is(4, 2)) help = reader.text();
      else if (reader.is(5, 2)) unit = reader.text();
    }
    if (!reader.bad && metric !== '')
      this.metadata.push({ type: writtenTypes[type] ?? metricTypes[0], metric, help, unit });
  }

  #skip(tag: number, end: number): void {
    const wire = tag & 7;
    if (wire === 0) this.#varint(end);
    else if (wire === 1) this.#at += 8;
    else if (wire === 5) this.#at += 4;
    else if (wire === 2) {
      const to = this.#sized(end);
      if (to >= 0) this.#at = to;
    } else this.bad = true;
    if (tag < 8 || this.#at > end) this.bad = true;
  }

  /** The end of a field whose length comes next; -1 when it reaches too far. */
  #sized(limit: number): number {
    const to = this.#varint(limit) + this.#at;
    if (this.bad || to > limit) {
      this.bad = true;
      return -1;
    }
    return to;
  }

  #varint(limit: number): number {
    let value = 0;
    let scale = 1;
    while (this.#at < limit) {
      const byte = this.bytes[this.#at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
      if (scale > 2 ** 70) break;
    }
    this.bad = true;
    return 0;
  }

  #int64(limit: number): number {
    const from = this.#at;
    const value = this.#varint(limit);
    if (value < 2 ** 53) return value;
    let exact = 0n;
    for (let i = from, shift = 0n; i < this.#at; i++, shift += 7n)
      exact |= BigInt((this.bytes[i] as number) & 127) << shift;
    return Number(BigInt.asIntN(64, exact));
  }

  #grow(): void {
    const [times, bits] = [new Float64Array(this.times.length * 2), new Uint32Array(this.bits.length * 2)];
    times.set(this.times);
    bits.set(this.bits);
    [this.times, this.bits] = [times, bits];
  }
}

function pairOf(label: ProtobufReader): [name: string, value: string] {
  let [name, value] = ['', ''];
  while (label.next()) {
    if (label.is(1, 2)) name = label.text();
    else if (label.is(2, 2)) value = label.text();
  }
  return [name, value];
}
