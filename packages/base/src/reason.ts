import { withoutBindings } from './redact.ts';

const mostCauses = 8;
const longestContext = 160;

/**
 * Why something failed, in one line for a log or a person: what the first of its causes says, then in brackets what
 * failed by it (of a statement of the control plane its beginning, never the values that were bound to it).
 */
export function reasonOf(error: unknown): string {
  const messages: string[] = [];
  for (let one = error; one !== undefined && one !== null && messages.length < mostCauses;) {
    const message = one instanceof Error ? one.message || one.name : typeof one === 'string' ? one : typeof one;
    messages.push(withoutBindings(message).replaceAll(/\s+/g, ' ').trim());
    one = one instanceof Error ? one.cause : undefined;
  }
  const [outer, root] = [messages[0] ?? '', messages.at(-1) ?? ''];
  if (messages.length < 2 || outer === root) return outer;
  const context = outer.length > longestContext ? `${outer.slice(0, longestContext)}…` : outer;
  return `${root} (${context})`;
}
