import { encodeChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import type { HeadBlocks } from './head-blocks.ts';
import { inOrder } from './in-order.ts';
import { PieceList } from './piece-list.ts';
import type { MatchedFamily } from './selected-labels.ts';

/** Where samples of the selected series lie in memory; those of series with late samples or histograms are encoded in their order. */
export function headPieces(
  blocks: HeadBlocks,
  matched: readonly MatchedFamily[],
  afterMs: number,
  endMs: number,
): PieceList {
  const list = new PieceList();
  const wanted = blocks.all().filter((block) => block.endMs > afterMs && block.startMs <= endMs);
  if (wanted.length === 0) return list;
  const gathered = new SampleBuffer(1024);
  for (const { family, members } of matched) {
    for (const member of members) {
      const sid = (family.sid[member] as number) - 1;
      const before = list.count;
      let start = -1;
      let inTurn = true;
      for (const block of sid < 0 ? [] : wanted) {
        // Two blocks of one time: the second may hold samples of before the last of the first.
        inTurn &&= block.startMs !== start || !block.has(sid);
        if (block.has(sid)) start = block.startMs;
        inTurn &&= block.piecesOf(sid, afterMs, endMs, list);
      }
      if (!inTurn) {
        list.rewind(before);
        gathered.clear();
        for (const block of wanted) block.gather(sid, gathered);
        if (gathered.count > 0) list.own(encodeChunk(inOrder(gathered)));
      }
      list.series++;
    }
  }
  return list;
}
