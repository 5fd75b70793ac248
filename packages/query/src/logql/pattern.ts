import { fail, ok, type Result } from '@sightline/base';

/** Texts and captures in turn; a capture without a name is `''`. */
export type PatternPart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'capture'; readonly name: string };

const capture = /<([a-zA-Z_][a-zA-Z0-9_]*)>/g;

function partsOf(text: string): PatternPart[] {
  const parts: PatternPart[] = [];
  let at = 0;
  for (const found of text.matchAll(capture)) {
    if (found.index > at) parts.push({ kind: 'literal', text: text.slice(at, found.index) });
    parts.push({ kind: 'capture', name: found[1] === '_' ? '' : (found[1] ?? '') });
    at = found.index + found[0].length;
  }
  if (at < text.length) parts.push({ kind: 'literal', text: text.slice(at) });
  return parts;
}

/** The pattern of `| pattern "<ip> - <_>"` (https://grafana.com/docs/loki/latest/query/log_queries/#pattern). */
export function parsePattern(text: string): Result<readonly PatternPart[], string> {
  const parts = partsOf(text);
  const names = parts.flatMap((part) => (part.kind === 'capture' && part.name !== '' ? [part.name] : []));
  if (names.length === 0) return fail('at least one capture is required');
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) return fail(`duplicate capture name (${double})`);
  const consecutive = parts.findIndex((part, index) => part.kind === 'capture' && parts[index + 1]?.kind === 'capture');
  return consecutive < 0 ? ok(parts) : fail('found consecutive capture');
}

/** The literal texts of a line filter `|> "<_>text<_>"`, with '' where it begins or ends with a placeholder. */
export function parseLinePattern(text: string): Result<readonly string[], string> {
  const parts = partsOf(text);
  if (parts.some((part) => part.kind === 'capture' && part.name !== '')) return fail('named captures are not allowed');
  const literals = [''];
  for (const part of parts) {
    if (part.kind === 'literal') literals[literals.length - 1] += part.text;
    else literals.push('');
  }
  return ok(literals);
}

/**
 * Whether a line passes, as Loki reads it: each text is looked for once, behind the one before, and what a placeholder stands for is never empty. A
 * text at the pattern's beginning may stand anywhere; one at its end ends the line.
 */
export function matchesLinePattern(line: string, literals: readonly string[]): boolean {
  if (line === '') return literals.length === 1 && literals[0] === '';
  let at = 0;
  for (const [index, literal] of literals.entries()) {
    if (literal === '') continue;
    const found = line.indexOf(literal, at);
    if (found < 0 || (index > 0 && found === at)) return false;
    at = found + literal.length;
  }
  return endsOpen(literals) === at < line.length;
}

/** Whether a line pattern ends with a placeholder. */
export const endsOpen = (literals: readonly string[]): boolean => literals.length > 1 && literals.at(-1) === '';

/** What the named captures hold: as many as match from the line's start on. */
export function capturesOf(line: string, parts: readonly PatternPart[]): [string, string][] {
  const found: [string, string][] = [];
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'literal') {
      if (index > 0) continue;
      if (!line.startsWith(part.text)) return found;
      at = part.text.length;
      continue;
    }
    const next = parts[index + 1];
    const end = next?.kind === 'literal' ? line.indexOf(next.text, at) : line.length;
    const value = line.slice(at, end < 0 ? line.length : end);
    if (part.name !== '') found.push([part.name, value]);
    if (end < 0) return found;
    at = end + (next?.kind === 'literal' ? next.text.length : 0);
  }
  return found;
}
