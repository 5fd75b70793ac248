export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** Beyond this many comparisons the changed middle is shown as removed and added as a whole. */
const mostComparisons = 4_000_000;

/** What turns the lines of `before` into those of `after`, by their longest common subsequence. */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const old = before.split('\n');
  const now = after.split('\n');
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const kept = (from: number, to: number): DiffLine[] => old.slice(from, to).map((text) => ({ kind: 'same', text }));
  return [
    ...kept(0, start),
    ...middle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...kept(old.length - end, old.length),
  ];
}

function middle(old: readonly string[], now: readonly string[]): readonly DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: 'removed', text });
  const added = (text: string): DiffLine => ({ kind: 'added', text });
  if (old.length * now.length > mostComparisons) return [...old.map(removed), ...now.map(added)];
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        old[i] === now[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: 'same', text: old[i] ?? '' });
      i++;
      j++;
    } else if (
      i < old.length &&
      (j >= now.length || (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0))
    )
      lines.push(removed(old[i++] ?? ''));
    else lines.push(added(now[j++] ?? ''));
  }
  return lines;
}

/** The changes with a few lines around each; `undefined` stands where lines were left out. */
export function withContext(lines: readonly DiffLine[], around: number): readonly (DiffLine | undefined)[] {
  const shown = new Set<number>();
  lines.forEach(({ kind }, index) => {
    if (kind === 'same') return;
    for (let at = Math.max(0, index - around); at <= Math.min(lines.length - 1, index + around); at++) shown.add(at);
  });
  return lines.flatMap((line, index): (DiffLine | undefined)[] => {
    if (shown.has(index)) return [line];
    return shown.has(index - 1) ? [undefined] : [];
  });
}
