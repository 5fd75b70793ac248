/** At most so many are offered. */
const offered = 3;
const longest = 200;

/**
 * The known names that a misspelt one may mean, the likest first, at most three: those that differ in few characters (one in four, at least
 * one), in small and capital letters alike.
 */
export function nearNames(wanted: string, known: Iterable<string>): string[] {
  const name = wanted.toLowerCase().slice(0, longest);
  const most = Math.max(1, Math.floor(name.length / 4));
  return [...known]
    .map((one) => ({ one, away: distance(name, one.toLowerCase().slice(0, longest), most) }))
    .filter(({ away }) => away <= most)
    .toSorted((a, b) => a.away - b.away || (a.one < b.one ? -1 : 1))
    .slice(0, offered)
    .map(({ one }) => one);
}

/** Characters to put in, take out, exchange or swap with their neighbour; more than `most` where there are more. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? most + 1;
}
