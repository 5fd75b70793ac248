/**
 * Matches as Sentry's rules do: `*` stands for any text (in paths: within a folder), `**` for any text, `?` for one character.
 * Case does not matter. Answers in time proportional to text and pattern; never backtracks.
 */
export function compileGlob(pattern: string, paths: boolean): (text: string) => boolean {
  const lower = pattern.toLowerCase();
  if (!/[*?]/.test(lower)) return (text) => text.toLowerCase() === lower;
  const chunks = lower.split(/\*+/);
  const simple = !lower.includes('?');
  const exact = simple && (!paths || !/(?<!\*)\*(?!\*)/.test(lower));
  const holds = (value: string): boolean =>
    (!simple || holdsInOrder(value, chunks)) && (exact || walk(value, lower, paths));
  return (text) => {
    const value = text.toLowerCase();
    // A path without its root is matched as if it had one: `**/vendor/**` finds `vendor/a.js`.
    return holds(value) || (paths && !value.startsWith('/') && holds(`/${value.replaceAll('\\', '/')}`));
  };
}

/** Whether the chunks stand in the text one after the other, the first at its beginning, the last at its end. */
function holdsInOrder(text: string, chunks: readonly string[]): boolean {
  const first = chunks[0] ?? '';
  const last = chunks.at(-1) ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const chunk of chunks.slice(1, -1)) {
    const found = text.indexOf(chunk, at);
    if (found < 0 || found + chunk.length > end) return false;
    at = found + chunk.length;
  }
  return true;
}

/** All places of the pattern that the text read so far may have reached, at once. */
function walk(text: string, pattern: string, paths: boolean): boolean {
  const tokens = pattern.match(/\*+|\?|[^*?]/g) ?? [];
  const step = (reached: Set<number>): Set<number> => {
    for (const at of reached) if (tokens[at]?.startsWith('*') === true) reached.add(at + 1);
    return reached;
  };
  let reached = step(new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const at of reached) {
      const token = tokens[at];
      if (token === undefined) continue;
      if (token === character || token === '?') next.add(at + 1);
      else if (token === '*' && paths ? character !== '/' : token.startsWith('*')) {
        next.add(at);
      }
    }
    reached = step(next);
    if (reached.size === 0) return false;
  }
  return reached.has(tokens.length);
}
