import type { AgentMessage } from './link.ts';

type Answer = Extract<AgentMessage, { type: 'answer' }>;

/** Longest piece of JSON text in one part, UTF-16 units: three bytes each at the most, and escaped, it still fits a frame. */
const pieceLength = 40_000;

/**
 * Cuts the reply to request `id` into `answer` frames. A short reply is one frame whose `data` is the reply itself. A
 * longer one is cut as JSON text: every frame's `data` is then a string, and joined they are the reply's JSON.
 */
export function cutAnswer(id: string, reply: unknown): Answer[] {
  const text = JSON.stringify(reply) ?? 'null';
  if (text.length <= pieceLength) return [{ type: 'answer', id, part: 0, done: true, data: reply }];
  const frames: Answer[] = [];
  for (let at = 0; at < text.length; at += pieceLength) {
    const done = at + pieceLength >= text.length;
    frames.push({ type: 'answer', id, part: frames.length, done, data: text.slice(at, at + pieceLength) });
  }
  return frames;
}
