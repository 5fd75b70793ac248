import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeSpooled, type MetricSegment } from '@sightline/ingest/metric-formats';
import { ProtobufWriter } from '@sightline/ingest/otlp';

/** Samples of one series, as a test writes them. */
export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly (readonly [atMs: number, value: number])[];
  readonly exemplars?: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
    readonly atMs: number;
  }[];
}

/** A remote write 1.0 `WriteRequest`. */
export function writeRequest(series: readonly WrittenSeries[]): Buffer {
  const writer = new ProtobufWriter(4096);
  const labelsOf = (labels: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(labels)) {
      const label = writer.open(1);
      writer.string(1, name);
      writer.string(2, value);
      writer.close(label);
    }
  };
  for (const { labels, samples, exemplars } of series) {
    const opened = writer.open(1);
    labelsOf(labels);
    for (const [atMs, value] of samples) {
      const sample = writer.open(2);
      writer.double(1, value);
      writer.integer(2, atMs);
      writer.close(sample);
    }
    for (const { labels: pairs, value, atMs } of exemplars ?? []) {
      const exemplar = writer.open(3);
      labelsOf(pairs);
      writer.double(2, value);
      writer.integer(3, atMs);
      writer.close(exemplar);
    }
    writer.close(opened);
  }
  return writer.finish();
}

export interface WrittenFrame {
  readonly bytes: Uint8Array;
  readonly records: number;
  readonly receivedAtMs: number;
  readonly organisation?: string;
  readonly site?: string;
}

/** Writes frames as a closed spool segment. */
export function writeSegment(
  folder: string,
  name: string,
  frames: readonly WrittenFrame[],
  format: MetricSegment['format'] = 'rw1',
): MetricSegment {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.segment`);
  const encoded = frames.map(({ bytes, records, receivedAtMs, organisation = 'acme', site = '' }) =>
    encodeSpooled(
      { bytes, records, signal: 'metrics' },
      { organisation, keyId: 'k1', site, device: '', service: '', environment: '' },
      { protocol: 'prometheus-remote-write', project: 0, receivedAtMs },
      [],
    ),
  );
  writeFileSync(file, Buffer.concat(encoded));
  return { name, path: file, format };
}
