import { encodeChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import type { HeadPieces } from '../selection.ts';
import type { HeadBlocks } from './head-blocks.ts';
import { inOrder } from './in-order.ts';
import type { MatchedFamily } from './selected-labels.ts';

/** Samples of the selected series that are in memory, as chunks: pieces as they are, open ones encoded, late samples put in their place. */
export function headPieces(
  blocks: HeadBlocks,
  matched: readonly MatchedFamily[],
  afterMs: number,
  endMs: number,
): HeadPieces {
  const wanted = blocks.all().filter((block) => block.endMs > afterMs && block.startMs <= endMs);
  const chunks: Uint8Array[] = [];
  const numbers: number[] = [];
  let bytes = 0;
  let series = 0;
  const gathered = new SampleBuffer(1024);
  for (const { family, members } of matched) {
    for (const member of members) {
      const sid = (family.sid[member] as number) - 1;
      const before = chunks.length;
      if (sid >= 0 && wanted.length > 0) {
        let start = -1;
        let inTurn = true;
        for (const block of wanted) {
          // Two blocks of one time: the second may hold samples of before the last of the first.
          inTurn &&= block.startMs !== start || !block.has(sid);
          if (block.has(sid)) start = block.startMs;
          inTurn &&= block.piecesOf(sid, afterMs, endMs, chunks);
        }
        if (!inTurn) {
          chunks.length = before;
          gathered.clear();
          for (const block of wanted) block.gather(sid, gathered);
          if (gathered.count > 0) chunks.push(encodeChunk(inOrder(gathered)));
        }
      }
      for (let i = before; i < chunks.length; i++) {
        numbers.push(series);
        bytes += (chunks[i] as Uint8Array).length;
      }
      series++;
    }
  }
  const packed = new Uint8Array(bytes);
  const ends = new Uint32Array(chunks.length);
  let at = 0;
  for (const [index, chunk] of chunks.entries()) {
    packed.set(chunk, at);
    at += chunk.length;
    ends[index] = at;
  }
  return { series: Uint32Array.from(numbers), ends, bytes: packed };
}
