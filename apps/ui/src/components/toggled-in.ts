/** The set with this one where it was without, and without it where it had it. */
export function toggledIn<T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}
