import { memo, type ReactNode } from 'react';
import { litPieces } from './match-words.ts';
import './query-line.css';

/** Text with the searched words lit. */
export const LitText = memo(function LitText({
  text,
  words,
}: {
  readonly text: string;
  readonly words: readonly string[];
}): ReactNode {
  if (words.length === 0) return text;
  return litPieces(text, words).map((piece, index) =>
    piece.lit ? (
      <mark key={index} className="lit">
        {piece.text}
      </mark>
    ) : (
      piece.text
    ),
  );
});
