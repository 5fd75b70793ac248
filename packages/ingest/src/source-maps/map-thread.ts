/** The thread that reads source maps, so that a large one holds up nobody: bounded by the bytes of the maps that it keeps. */
import { parentPort, workerData } from 'node:worker_threads';
import { type GeneratedPlace, type OriginalPlace, ReadMap } from './map-reader.ts';

export interface MapQuestion {
  readonly id: number;
  /** Hash of the map's bytes. */
  readonly map: string;
  /** Absent as long as the thread may still know the map. */
  readonly bytes?: Uint8Array;
  readonly places: readonly GeneratedPlace[];
}

export type MapAnswer =
  | { readonly id: number; readonly kind: 'unknown' }
  | { readonly id: number; readonly kind: 'unreadable'; readonly message: string }
  | { readonly id: number; readonly kind: 'places'; readonly places: readonly (OriginalPlace | undefined)[] };

const { keptBytes } = workerData as { readonly keptBytes: number };
const maps = new Map<string, { readonly map: ReadMap; readonly sizeBytes: number }>();
let held = 0;

function answer({ id, map: hash, bytes, places }: MapQuestion): MapAnswer {
  let known = maps.get(hash);
  if (known) maps.delete(hash);
  else if (!bytes) return { id, kind: 'unknown' };
  else {
    try {
      known = { map: new ReadMap(new TextDecoder().decode(bytes)), sizeBytes: bytes.length };
    } catch (error) {
      return { id, kind: 'unreadable', message: error instanceof Error ? error.message.slice(0, 200) : 'no JSON' };
    }
    held += known.sizeBytes;
  }
  // The newest stands last: what was not asked for longest leaves first.
  maps.set(hash, known);
  for (const [oldest, { sizeBytes }] of maps) {
    if (held <= keptBytes || oldest === hash) break;
    maps.delete(oldest);
    held -= sizeBytes;
  }
  try {
    return { id, kind: 'places', places: places.map((place) => known.map.lookUp(place)) };
  } catch (error) {
    // Mappings are decoded when first asked for.
    return { id, kind: 'unreadable', message: error instanceof Error ? error.message.slice(0, 200) : 'bad mappings' };
  }
}

parentPort?.on('message', (question: MapQuestion) => parentPort?.postMessage(answer(question), []));
