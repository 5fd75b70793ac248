import { fail, ok, type Result } from '@sightline/base';
import type { Matcher } from '@sightline/control';

const form = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s;
const longest = 1000;

/** Reads `site="STORE_047"`, `site=~STORE_.*` and their negations, as `filter` of Alertmanager's API holds them. */
export function readMatcher(text: string): Result<Matcher, string> {
  const [, name, operator = '', raw = ''] = form.exec(text.slice(0, longest)) ?? [];
  if (name === undefined || text.length > longest) return fail(`bad matcher format: ${text.slice(0, 100)}`);
  const value = unquote(raw);
  if (value === undefined) return fail(`matcher value contains unescaped double quote: ${raw.slice(0, 100)}`);
  return ok({ name, value, isRegex: operator.endsWith('~'), isEqual: operator.startsWith('=') });
}

const escapes: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/** Quotes may be left out; within them `\"`, `\\` and `\n` stand for themselves. */
function unquote(raw: string): string | undefined {
  const quoted = raw.length >= 2 && raw.startsWith('"') && raw.endsWith('"');
  const inner = quoted ? raw.slice(1, -1) : raw;
  if (/(^|[^\\])(\\\\)*"/.test(inner)) return undefined;
  return inner.replaceAll(/\\(.)/gs, (whole, one: string) => escapes[one] ?? whole);
}
