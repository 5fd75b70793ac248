import { open, type FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { GroupingBook } from '../errors/grouping/grouping-book.ts';
import type { Decoded, DecodedRows, DecodePorts, Lane, Refusal, SpooledFrame } from '../protocol.ts';
import { failureOf, type LoadFailure } from './load-target.ts';
import { RowWriter } from './row-writer.ts';
import type { StoredFrame } from './segment-reader.ts';

type Table = DecodedRows['table'];

/** What a decoder refused of a frame. */
export interface Refused {
  readonly frame: StoredFrame;
  readonly refusals: readonly Refusal[];
}

export interface DecodeParts {
  readonly lane: Extract<Lane, { kind: 'decode' }>;
  readonly ports?: DecodePorts;
  readonly grouping?: GroupingBook;
  /** A frame's bytes, valid until the next are asked for. */
  readonly bytesOf: (frame: StoredFrame) => Buffer | Promise<Buffer>;
  /** Where the rows of a table go. */
  readonly pathOf: (table: Table) => string;
  /** Whether JSON is written to be scrubbed field by field (`insertDecoded`). */
  readonly byFields?: boolean;
  /** The only table to write; absent for all. */
  readonly only?: Table;
}

export interface DecodedFrames {
  /** Tables that have rows, and so a file. */
  readonly tables: ReadonlySet<Table>;
  readonly refused: readonly Refused[];
  /** Frames on which the decoder failed, or whose rows do not fit their tables; nothing of them was written. */
  readonly culprits: ReadonlyMap<StoredFrame, LoadFailure>;
}

/** Rows are written out at this size, and so often others get their turn: some ten milliseconds of decoding. */
const writeAtBytes = 256 * 1024;
const framesPerTurn = 100;

interface Output {
  readonly writer: RowWriter;
  file?: FileHandle;
}

/**
 * Decodes frames and writes their rows, one file for each table. Never holds more than some hundred kilobytes of rows. Throws
 * where a port cannot answer now or the disk fails.
 */
export async function decodeFrames(frames: readonly StoredFrame[], parts: DecodeParts): Promise<DecodedFrames> {
  const outputs = new Map<Table, Output>();
  const refused: Refused[] = [];
  const culprits = new Map<StoredFrame, LoadFailure>();
  try {
    for (const [at, frame] of frames.entries()) {
      try {
        const bytes = parts.bytesOf(frame);
        const decoded = await decode({ ...frame, bytes: bytes instanceof Promise ? await bytes : bytes }, parts);
        addRows(outputs, decoded.tables, frame, parts);
        if (decoded.refused.length > 0) refused.push({ frame, refusals: decoded.refused });
      } catch (error) {
        const failure = failureOf(error);
        if (failure.kind !== 'data') throw error;
        culprits.set(frame, failure);
      }
      if (at % framesPerTurn === framesPerTurn - 1) await setImmediate();
      for (const [table, output] of outputs)
        if (output.writer.sizeBytes >= writeAtBytes) await writeOut(output, parts.pathOf(table));
    }
    for (const [table, output] of outputs) await writeOut(output, parts.pathOf(table));
  } finally {
    for (const { file } of outputs.values()) await file?.close();
  }
  const written = [...outputs].filter(([, { file }]) => file !== undefined);
  return { tables: new Set(written.map(([table]) => table)), refused, culprits };
}

/**
 * A decoder must not throw on any input. If one does, it is our bug, but the frame alone must pay: quarantine keeps its bytes. Where
 * a port cannot answer now (a disk, a database), the frame waits.
 */
async function decode(frame: SpooledFrame, { lane, ports, grouping: book }: DecodeParts): Promise<Decoded> {
  try {
    const grouping = book?.of(frame.scope.organisation);
    return await lane.decode(frame, { ...ports, ...(grouping ? { grouping } : {}) });
  } catch (error) {
    if (failureOf(error).kind === 'wait') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw Object.assign(new Error(`the decoder failed: ${reason}`), { kind: 'bad-data' });
  }
}

/** All rows of a frame, or none. */
function addRows(
  outputs: Map<Table, Output>,
  tables: readonly DecodedRows[],
  frame: StoredFrame,
  { only, byFields }: DecodeParts,
): void {
  const before = new Map([...outputs].map(([table, { writer }]) => [table, writer.sizeBytes]));
  try {
    for (const { table, rows } of tables) {
      if (only !== undefined && table !== only) continue;
      let output = outputs.get(table);
      if (!output) outputs.set(table, (output = { writer: new RowWriter(table, byFields) }));
      for (const row of rows) output.writer.add(row, frame);
    }
  } catch (error) {
    for (const [table, { writer }] of outputs) writer.backTo(before.get(table) ?? 0);
    throw error;
  }
}

async function writeOut(output: Output, path: string): Promise<void> {
  if (output.writer.sizeBytes === 0) return;
  output.file ??= await open(path, 'w');
  await writeWhole(output.file, output.writer.take());
}

async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  let done = 0;
  // The system may write less than it was given.
  while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten;
}
