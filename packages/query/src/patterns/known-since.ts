import { maskLine, placeholder } from './mask.ts';
import type { KnownTemplate } from './new-patterns.ts';

/**
 * Since when a kind of line is known, by a line of it and the templates that are known to be new: the youngest that holds the line; undefined
 * where none does. Milliseconds since the epoch.
 */
export function knownSince(line: string, templates: readonly KnownTemplate[]): number | undefined {
  const tokens = maskLine(line).trim().split(/\s+/);
  const born = templates.filter(({ form }) => holds(form.split(' '), tokens)).map(({ bornMs }) => bornMs);
  return born.length === 0 ? undefined : Math.max(...born);
}

function holds(form: readonly string[], tokens: readonly string[]): boolean {
  return (
    form.length === tokens.length &&
    form.every((part, index) => {
      const token = tokens[index] ?? '';
      if (part === token) return true;
      // `key=<_>` holds whatever begins so.
      return part.endsWith(placeholder) && token.startsWith(part.slice(0, -placeholder.length));
    })
  );
}
