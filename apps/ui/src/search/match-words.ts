/** A piece of text; `lit` where a searched word matches. */
export interface TextPiece {
  readonly text: string;
  readonly lit: boolean;
}

const mostWords = 20;

/** Cuts text at the searched words, whatever their case, so that the matches can be lit. The pieces joined are the text. */
export function litPieces(text: string, words: readonly string[]): readonly TextPiece[] {
  const wanted = words
    .filter((word) => word.trim() !== '')
    .slice(0, mostWords)
    .toSorted((a, b) => b.length - a.length)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\*', '\\S*'));
  if (text === '' || wanted.length === 0) return [{ text, lit: false }];
  const pieces: TextPiece[] = [];
  let last = 0;
  for (const match of text.matchAll(new RegExp(wanted.join('|'), 'giu'))) {
    if (match[0] === '') continue;
    if (match.index > last) pieces.push({ text: text.slice(last, match.index), lit: false });
    pieces.push({ text: match[0], lit: true });
    last = match.index + match[0].length;
  }
  if (last < text.length) pieces.push({ text: text.slice(last), lit: false });
  return pieces;
}
