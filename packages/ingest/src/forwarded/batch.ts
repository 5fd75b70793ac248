import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import { ProtobufReader } from '../protobuf-reader.ts';
import { decodeSpooled, type SpooledRecord } from '../spool/spooled.ts';

/** A segment of an agent's spool. Names sort by age. */
export interface SegmentName {
  readonly lane: string;
  readonly segment: string;
}

/** Frames of one segment, one behind the other as they lie in it. `first` is the place of the first one, from 0. */
export interface RunOfFrames extends SegmentName {
  readonly first: number;
  readonly frames: Uint8Array;
}

/** What an agent sends with one request. */
export interface ForwardBatch {
  /** True for what was kept before the link was last up: the server may ask to wait with it. */
  readonly backlog: boolean;
  /** Segments that the agent has removed for good: the server forgets how far they came. */
  readonly gone: readonly SegmentName[];
  /** The oldest segment of each lane that the agent still has: all before it are gone too. */
  readonly oldest: readonly SegmentName[];
  readonly runs: readonly RunOfFrames[];
}

export interface ReadRun extends SegmentName {
  readonly first: number;
  readonly frames: readonly SpooledRecord[];
}

export interface ReadBatch extends Omit<ForwardBatch, 'runs'> {
  readonly runs: readonly ReadRun[];
}

/** How far a segment came, as the server answers it: the place of the first frame that it does not have. */
export interface SegmentProgress extends SegmentName {
  readonly next: number;
}

/** A frame that was counted and thrown away: it will never be accepted. */
export interface RejectedFrame extends SegmentName {
  readonly index: number;
  readonly records: number;
  readonly reason: string;
  readonly message: string;
}

/** The server's answer, JSON. */
export interface ForwardReply {
  readonly segments: readonly SegmentProgress[];
  /** At most 100; all are in the ledger. */
  readonly rejected: readonly RejectedFrame[];
}

export const forwardPath = '/api/v1/agent/forward';
/** The site's clock when the request was sent, milliseconds since the epoch. */
export const sentAtHeader = 'x-sightline-sent-at';
export const forwardContentType = 'application/vnd.sightline.forward';
/** Bytes of a batch after unzipping; agents aim at 4 MB, a single frame may be larger. */
export const forwardBatchLimitBytes = 12 * 1024 * 1024;

const format = 1;
const framesLimit = 20_000;
const namesLimit = 2000;
const runsLimit = 500;
const laneName = /^[a-z0-9][a-z0-9-]{0,63}$/;
const segmentName = /^\d{17}-[0-9a-f]{8}$/;

/** Encodes a batch; what it takes is not copied but for the result. */
export function encodeBatch({ backlog, gone, oldest, runs }: ForwardBatch): Buffer {
  const size = runs.reduce((sum, run) => sum + run.frames.length + 128, 256 + 128 * (gone.length + oldest.length));
  const writer = new ProtobufWriter(size);
  writer.integer(1, format);
  writer.integer(2, backlog ? 1 : 0);
  for (const name of gone) writeName(writer, 3, name);
  for (const name of oldest) writeName(writer, 4, name);
  for (const run of runs) {
    // Fields of one run stand beside each other and not within a message: the frames are copied once.
    writeName(writer, 5, run);
    writer.integer(6, run.first);
    writer.bytes(7, run.frames);
  }
  return writer.finish();
}

function writeName(writer: ProtobufWriter, field: number, { lane, segment }: SegmentName): void {
  const opened = writer.open(field);
  writer.string(1, lane);
  writer.string(2, segment);
  writer.close(opened);
}

/** Why a batch cannot be read. `frameBroken`: sent again it will fail again, but its other frames may be good. */
export interface BatchFault {
  readonly message: string;
  readonly frameBroken: boolean;
}

/** Reads a batch; any bytes may be passed. */
export function readBatch(bytes: Buffer): ReadBatch | BatchFault {
  const reader = new ProtobufReader(bytes);
  const gone: SegmentName[] = [];
  const oldest: SegmentName[] = [];
  const runs: ReadRun[] = [];
  let said = 0;
  let backlog = false;
  let frames = 0;
  let run: { name: SegmentName; first: number } | undefined;
  while (reader.next()) {
    if (reader.is(1, 0)) said = Number(reader.int64());
    else if (reader.is(2, 0)) backlog = reader.int64() !== 0n;
    else if (reader.is(6, 0) && run) run.first = Number(reader.int64());
    else if (reader.is(7, 2) && run) {
      if (!Number.isSafeInteger(run.first) || run.first < 0) return fault('a run begins at no place of a segment');
      const read = readFrames(bytes.subarray(reader.start, reader.end));
      if (!read) return { message: `a frame of segment ${run.name.segment} is broken`, frameBroken: true };
      runs.push({ ...run.name, first: run.first, frames: read });
      frames += read.length;
      run = undefined;
    } else if (reader.is(3, 2) || reader.is(4, 2) || reader.is(5, 2)) {
      const name = readName(reader.message());
      if (!name) return fault('a segment is named as none can be');
      if (reader.field === 5) run = { name, first: 0 };
      else (reader.field === 3 ? gone : oldest).push(name);
    }
    if (frames > framesLimit || gone.length + oldest.length > namesLimit || runs.length > runsLimit)
      return fault('the batch holds more than a batch may');
  }
  if (reader.bad) return fault('the batch is cut or malformed');
  if (said !== format) return fault(`batches of format ${said} are not known here; this server takes format ${format}`);
  return { backlog, gone, oldest, runs };
}

function fault(message: string): BatchFault {
  return { message, frameBroken: false };
}

function readName(reader: ProtobufReader): SegmentName | undefined {
  let lane = '';
  let segment = '';
  while (reader.next()) {
    if (reader.is(1, 2)) lane = reader.text();
    else if (reader.is(2, 2)) segment = reader.text();
  }
  return !reader.bad && laneName.test(lane) && segmentName.test(segment) ? { lane, segment } : undefined;
}

/** The frames that lie one behind the other in `bytes`; undefined when one is cut or does not fit its checksum. */
function readFrames(bytes: Buffer): SpooledRecord[] | undefined {
  const frames: SpooledRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const frame = decodeSpooled(bytes, at);
    if (!frame) return undefined;
    frames.push(frame);
    at += frame.frame.length;
  }
  return frames;
}
