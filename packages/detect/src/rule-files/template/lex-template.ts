import { fail, ok, type Result } from '@sightline/base';

export type TemplateToken =
  | { readonly kind: 'text' | 'string' | 'number' | 'word' | 'variable' | 'field'; readonly text: string }
  | { readonly kind: 'sign'; readonly text: string }
  | { readonly kind: 'open' | 'close' };

const inside =
  /\s+|("(?:[^"\\\n]|\\.)*"|`[^`]*`)|([+-]?(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))(?![\w.])|(\$\w*)|(\.[\p{L}_][\p{L}\p{N}_]*)|([\p{L}_][\p{L}\p{N}_]*)|(:=|[|().,=])/iuy;

/** Splits a template into text and what stands in `{{ }}`; `{{-` and `-}}` take the space beside them away. */
export function lexTemplate(source: string): Result<TemplateToken[], string> {
  const tokens: TemplateToken[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const end = open < 0 ? source.length : open;
    const trimmed = open >= 0 && /^\{\{-\s/u.test(source.slice(open, open + 4));
    let text = source.slice(at, end);
    if (trimNext) text = text.trimStart();
    if (trimmed) text = text.trimEnd();
    if (text !== '') tokens.push({ kind: 'text', text });
    if (open < 0) return ok(tokens);
    at = open + (trimmed ? 3 : 2);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*(-?)\}\}/u.exec(source.slice(at));
    if (comment !== null) {
      at += comment[0].length;
      trimNext = comment[1] === '-';
      continue;
    }
    tokens.push({ kind: 'open' });
    for (;;) {
      const close = /^(?:\s+-)?\}\}/u.exec(source.slice(at, at + 200)) ?? /^\s*\}\}/u.exec(source.slice(at, at + 200));
      if (close !== null) {
        at += close[0].length;
        trimNext = close[0].includes('-');
        tokens.push({ kind: 'close' });
        break;
      }
      inside.lastIndex = at;
      const found = inside.exec(source);
      if (found === null)
        return fail(at >= source.length ? 'unclosed action' : `unexpected "${source[at] ?? ''}" in a template`);
      at = inside.lastIndex;
      const [, string, number, variable, field, word, sign] = found;
      if (string !== undefined) tokens.push({ kind: 'string', text: string });
      else if (number !== undefined) tokens.push({ kind: 'number', text: number });
      else if (variable !== undefined) tokens.push({ kind: 'variable', text: variable });
      else if (field !== undefined) tokens.push({ kind: 'field', text: field.slice(1) });
      else if (word !== undefined) tokens.push({ kind: 'word', text: word });
      else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
      // A space before a field tells `f .x` from `f.x`.
      else if (source[at] === '.') tokens.push({ kind: 'sign', text: ' ' });
    }
  }
  return ok(tokens);
}
