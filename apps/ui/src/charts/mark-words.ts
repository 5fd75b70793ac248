/** A mark on a chart that has words: where its line stands, and how wide the words are; pixels. */
export interface WordedMark {
  readonly x: number;
  readonly width: number;
}

/**
 * Where the words of each mark begin, pixels, so that none stand on others: at the right of the line where they fit between `left` and
 * `right`, else at its left; undefined where there is no room. Earlier ones in the list go first.
 */
export function placeWords(
  marks: readonly WordedMark[],
  room: { readonly left: number; readonly right: number; readonly gap: number },
): readonly (number | undefined)[] {
  const taken: { from: number; to: number }[] = [];
  return marks.map(({ x, width }) => {
    if (width <= 0) return undefined;
    const begin = [x + room.gap, x - room.gap - width].find(
      (from) =>
        from >= room.left &&
        from + width <= room.right &&
        taken.every((other) => from + width + room.gap <= other.from || from >= other.to + room.gap),
    );
    if (begin !== undefined) taken.push({ from: begin, to: begin + width });
    return begin;
  });
}
