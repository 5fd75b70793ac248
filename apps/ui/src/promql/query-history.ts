const kept = 50;
const longest = 4000;
const place = 'sightline-promql-history';

/** Queries that were run in this browser, the newest first. A browser that keeps nothing has none. */
export function readHistory(storage: Pick<Storage, 'getItem'>): readonly string[] {
  try {
    const found: unknown = JSON.parse(storage.getItem(place) ?? '[]');
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string').slice(0, kept) : [];
  } catch {
    return [];
  }
}

/** Puts a query first, once; the oldest of more than fifty goes, as does one that is too long to keep. Answers what is kept. */
export function noteQuery(storage: Pick<Storage, 'getItem' | 'setItem'>, query: string): readonly string[] {
  const old = readHistory(storage);
  const text = query.trim();
  if (text === '' || text.length > longest || old[0] === text) return old;
  const next = [text, ...old.filter((one) => one !== text)].slice(0, kept);
  try {
    storage.setItem(place, JSON.stringify(next));
  } catch {
    // Private windows and full stores refuse; the page works without.
    return old;
  }
  return next;
}

/** Forgets all queries of this browser. */
export function clearHistory(storage: Pick<Storage, 'removeItem'>): void {
  storage.removeItem(place);
}
