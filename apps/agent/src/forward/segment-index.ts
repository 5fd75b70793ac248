import { open, readFile } from 'node:fs/promises';
import { decodeSpooled, type Segment } from '@sightline/ingest/site';

/** Where the frames of a segment lie. */
export interface SegmentIndex {
  /** Beginning of each frame, and last the end of them all. */
  readonly offsets: readonly number[];
  /** Records of each frame. */
  readonly records: readonly number[];
  /** True when what lies behind the last frame could not be read: the disk has damaged it. */
  readonly damaged: boolean;
}

/** Reads a closed segment once and remembers where its frames lie. */
export async function indexOf(segment: Segment): Promise<SegmentIndex> {
  const content = await readFile(segment.path);
  const offsets = [0];
  const records: number[] = [];
  let at = 0;
  while (at < content.length) {
    const frame = decodeSpooled(content, at);
    if (!frame) break;
    at += frame.frame.length;
    offsets.push(at);
    records.push(frame.records);
  }
  return { offsets, records, damaged: at < content.length };
}

/** The bytes of frames `from` to `to` (excluded). */
export async function framesBetween(segment: Segment, index: SegmentIndex, from: number, to: number): Promise<Buffer> {
  const start = index.offsets[from] ?? 0;
  const bytes = Buffer.allocUnsafe((index.offsets[to] ?? start) - start);
  const file = await open(segment.path, 'r');
  try {
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new Error(`segment ${segment.name} is shorter than it was`);
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes;
}
