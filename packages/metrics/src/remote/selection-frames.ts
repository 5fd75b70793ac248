/** A selection as bytes and back. Pages become the pieces that were named, open pieces are encoded: memory is not shared between machines. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { firstLater } from '../query/head-reader.ts';
import type { HeadPieces, Selection, SelectionRequest } from '../selection.ts';
import { frame, type Frame, type FrameKind } from './frames.ts';

/** Pieces that are encoded or copied before others have their turn. */
const turnPieces = 256;
/** Bytes of an open sample, before it is encoded. */
const openSampleBytes = 16;
/** Words of `HeadPieces.places` for each piece. */
const placeWords = 4;

interface SelectionHead {
  readonly metrics: readonly string[];
  readonly family?: number;
  readonly texts?: readonly string[];
  readonly groups?: NonNullable<Selection['groups']>['labels'];
  /** No number where there is no such block. */
  readonly stored?: { readonly firstMs: number | null; readonly lastMs: number | null };
}

/** Bytes that the samples of a selection are at most. */
export function pieceBytes({ places }: HeadPieces): number {
  let bytes = 0;
  for (let p = 0; p < places.length; p += placeWords)
    bytes += (places[p + 2] ?? 0) * (places[p + 3] === 0 ? 1 : openSampleBytes);
  return bytes;
}

/** Of which time samples are wanted: open pieces are cut to it. */
type Wanted = Pick<SelectionRequest, 'startMs' | 'endMs'>;

/** The frames of a selection; memory is looked at while they are taken. */
export async function* selectionFrames(selection: Selection, wanted: Wanted): AsyncGenerator<Uint8Array> {
  const { fps, metrics, metricEnds, family, labels, groups, stored, head } = selection;
  const told: SelectionHead = {
    metrics,
    ...(family === undefined ? {} : { family }),
    ...(labels ? { texts: labels.texts } : {}),
    ...(groups ? { groups: groups.labels } : {}),
    ...(stored ? { stored: { firstMs: stored.firstMs, lastMs: stored.lastMs } } : {}),
  };
  yield frame('json', JSON.stringify(told));
  yield frame('fps', fps);
  yield frame('metricEnds', metricEnds);
  if (labels) {
    yield frame('labelPairs', labels.pairs);
    yield frame('labelEnds', labels.ends);
  }
  if (groups) yield frame('groupOf', groups.of);
  if (stored) {
    yield frame('changedMs', stored.changedMs);
    yield frame('changes', stored.changes);
  }
  yield frame('pieceSeries', head.series);
  yield* pieceFrames(head, wanted);
}

async function* pieceFrames(
  { series, places, pages }: HeadPieces,
  { startMs, endMs }: Wanted,
): AsyncGenerator<Uint8Array> {
  const bytes = pages.map((page) => (page instanceof Uint8Array ? page : new Uint8Array(page)));
  const doubles: (Float64Array | undefined)[] = [];
  const buffer = new SampleBuffer(64);
  const lengths = new Uint32Array(series.length);
  for (let from = 0; from < series.length; from += turnPieces) {
    const some: Uint8Array[] = [];
    for (let p = from; p < Math.min(series.length, from + turnPieces); p++) {
      const [page = 0, at = 0, length = 0, capacity = 0] = places.subarray(placeWords * p, placeWords * (p + 1));
      const memory = bytes[page];
      if (!memory) throw new Error('a piece of the head has no page');
      let chunk = memory.subarray(at, at + length);
      if (capacity > 0) {
        const samples = (doubles[page] ??= new Float64Array(memory.buffer));
        const first = Math.min(firstLater(samples, at, at + length, startMs), at + length - 1);
        const end = Math.max(firstLater(samples, first, at + length, endMs), first + 1);
        buffer.clear();
        buffer.appendFloats(samples, first, first + capacity, end - first);
        chunk = encodeChunk(buffer);
      }
      lengths[p] = chunk.length;
      some.push(chunk);
    }
    yield frame('pieces', Buffer.concat(some));
    await nextTurn();
  }
  yield frame('pieceLengths', lengths);
}

/**
 * The selection that `frames` of `bytes` tell. Its one page is `bytes`' own memory, which therefore has to be shared. `process` names whose
 * numbers of changes they are. Throws what JSON throws, and where parts do not fit each other.
 */
export function readSelection(
  bytes: Uint8Array<SharedArrayBuffer>,
  frames: ReadonlyMap<FrameKind, readonly Frame[]>,
  process: string,
): Selection {
  // The first frame in JSON is about the answer, the second about the selection.
  const own = (kind: FrameKind, which = 0): ArrayBuffer => {
    const { at, length } = frames.get(kind)?.[which] ?? { at: 0, length: 0 };
    return Uint8Array.from(bytes.subarray(at, at + length)).buffer;
  };
  const words = (kind: FrameKind): Uint32Array<ArrayBuffer> => new Uint32Array(own(kind));
  const told = JSON.parse(Buffer.from(own('json', 1)).toString()) as SelectionHead;
  const fps = new BigUint64Array(own('fps'));
  const groupOf = words('groupOf');
  const labelEnds = words('labelEnds');
  if ((told.groups ? groupOf : labelEnds).length !== fps.length) throw new Error('a selection without labels');
  return {
    fps,
    metrics: told.metrics,
    metricEnds: words('metricEnds'),
    ...(told.family === undefined ? {} : { family: told.family }),
    ...(told.groups
      ? { groups: { labels: told.groups, of: groupOf } }
      : { labels: { texts: told.texts ?? [], pairs: words('labelPairs'), ends: labelEnds } }),
    head: readPieces(bytes, frames.get('pieces') ?? [], words('pieceSeries'), words('pieceLengths')),
    ...(told.stored
      ? {
          stored: {
            firstMs: told.stored.firstMs ?? Number.NaN,
            lastMs: told.stored.lastMs ?? Number.NaN,
            changedMs: new Float64Array(own('changedMs')),
            changes: words('changes'),
            process,
          },
        }
      : {}),
  };
}

function readPieces(
  bytes: Uint8Array<SharedArrayBuffer>,
  frames: readonly Frame[],
  series: Uint32Array,
  lengths: Uint32Array,
): HeadPieces {
  if (lengths.length !== series.length) throw new Error('pieces without lengths');
  const places = new Uint32Array(placeWords * series.length);
  let p = 0;
  for (const { at, length } of frames) {
    for (let from = at; from < at + length; p++) {
      places[placeWords * p + 1] = from;
      places[placeWords * p + 2] = lengths[p] ?? 0;
      if (!lengths[p] || (from += lengths[p]!) > at + length) throw new Error('a piece that leaves its frame');
    }
  }
  if (p !== series.length) throw new Error('fewer pieces than were told');
  return { series, places, pages: [bytes.buffer] };
}
