/** One function of a source: where its body lies, as offsets into the text, and what people call it. */
interface FunctionScope {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

const longestSource = 4_000_000;
const deepest = 2000;
const notFunctions = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await', 'return', 'else', 'do', 'try']);

/**
 * The functions of a JavaScript or TypeScript source, found by its brackets and not by parsing: what it does not understand it
 * leaves without a name. Linear in the source's length; sources beyond 4 MB have none.
 */
export class FunctionScopes {
  readonly #scopes: readonly FunctionScope[];
  readonly #lineStarts: readonly number[];

  constructor(source: string) {
    const lineStarts = [0];
    for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) lineStarts.push(at + 1);
    this.#lineStarts = lineStarts;
    this.#scopes = source.length > longestSource ? [] : scopesOf(withoutText(source));
  }

  /** Name of the innermost function around a place, `Class.method` within a class; '' at the top or where it has none. `line` counts from 1, `column` from 0. */
  nameAt(line: number, column: number): string {
    const start = this.#lineStarts[line - 1];
    if (start === undefined) return '';
    const at = start + column;
    let inner: FunctionScope | undefined;
    for (const scope of this.#scopes) {
      if (scope.start > at || scope.end < at) continue;
      if (!inner || scope.start >= inner.start) inner = scope;
    }
    return inner?.name ?? '';
  }
}

interface Open {
  readonly kind: 'function' | 'class' | 'other';
  readonly name: string;
  readonly start: number;
}

function scopesOf(code: string): FunctionScope[] {
  const scopes: FunctionScope[] = [];
  const open: Open[] = [];
  for (let at = 0; at < code.length; at++) {
    const char = code[at];
    if (char === '{') {
      if (open.length >= deepest) return scopes;
      open.push({ ...headOf(code, at, open), start: at });
    } else if (char === '}') {
      const closed = open.pop();
      if (closed?.kind === 'function')
        scopes.push({ start: headStart(code, closed.start), end: at, name: closed.name });
    }
  }
  return scopes;
}

/** A call in a parameter's default belongs to the function too: its scope begins with its line. */
function headStart(code: string, brace: number): number {
  return code.lastIndexOf('\n', brace) + 1;
}

/** What the bracket at `brace` opens, by what stands before it. */
function headOf(code: string, brace: number, open: readonly Open[]): Omit<Open, 'start'> {
  const before = code.slice(Math.max(0, brace - 400), brace).trimEnd();
  const named = /\bclass(?:\s+([\w$]+))?(?:\s+(?:extends|implements)\s+[\w$.<>,\s]{1,200})?$/.exec(before);
  if (named) return { kind: 'class', name: named[1] === 'extends' ? '' : (named[1] ?? '') };
  if (before.endsWith('=>')) return { kind: 'function', name: arrowName(before.slice(0, -2)) };
  const list = endOfParameters(before);
  if (list < 0) return { kind: 'other', name: '' };
  const head = before.slice(0, openingOf(before, list)).replace(/<[^<>()]{0,100}>$/, '');
  const declared = /\bfunction\s*\*?\s*([\w$]*)\s*$/.exec(head);
  if (declared) {
    const own = declared[1] ?? '';
    return { kind: 'function', name: own === '' ? assignedName(head.slice(0, declared.index)) : own };
  }
  const method = /([#\w$]+)\s*$/.exec(head)?.[1] ?? '';
  if (method === '' || notFunctions.has(method)) return { kind: 'other', name: '' };
  const owner = open.at(-1);
  return {
    kind: 'function',
    name: owner?.kind === 'class' && owner.name !== '' ? `${owner.name}.${method}` : method,
  };
}

/** Index of the `)` that ends the parameters, a return type after it allowed; -1 where there is none. */
function endOfParameters(before: string): number {
  if (before.endsWith(')')) return before.length - 1;
  const at = before.lastIndexOf(')');
  return at >= 0 && /^\s*:\s*[\w$<>[\]|&.,\s'"?]{1,200}$/.test(before.slice(at + 1)) ? at : -1;
}

function openingOf(text: string, closing: number): number {
  let depth = 0;
  for (let at = closing; at >= 0; at--) {
    if (text[at] === ')') depth++;
    else if (text[at] === '(' && --depth === 0) return at;
  }
  return 0;
}

function arrowName(before: string): string {
  const text = before.trimEnd();
  const list = endOfParameters(text);
  const head = list >= 0 ? text.slice(0, openingOf(text, list)) : text.replace(/[\w$]+$/, '');
  return assignedName(head.replace(/<[^<>()]{0,100}>$/, ''));
}

/** `const name =`, `name:`, `this.name =` before a function without a name of its own. */
function assignedName(head: string): string {
  const text = head
    .trimEnd()
    .replace(/\basync$/, '')
    .trimEnd();
  return /([#\w$]+)\s*(?::[^=;{}()]{0,100})?=$/.exec(text)?.[1] ?? /(?:^|[{,\s])([\w$]+)\s*:$/.exec(text)?.[1] ?? '';
}

const beforeRegExp = /(?:^|[=(,[!&|?{};:+\-*%<>~^]|\b(?:return|typeof|case|in|of|delete|void|throw|new|do|else))\s*$/;

/** The source with comments, texts and patterns blanked, every offset as it was. */
function withoutText(source: string): string {
  const parts: string[] = [];
  const templates: number[] = [];
  let depth = 0;
  let kept = 0;
  let at = 0;
  const blank = (from: number, to: number): void => {
    parts.push(source.slice(kept, from), source.slice(from, to).replace(/[^\n]/g, ' '));
    kept = to;
    at = to;
  };
  while (at < source.length) {
    const char = source[at];
    const next = source[at + 1];
    if (char === '/' && next === '/') blank(at, orEnd(source, source.indexOf('\n', at)));
    else if (char === '/' && next === '*') blank(at, orEnd(source, source.indexOf('*/', at + 2), 2));
    else if (char === "'" || char === '"') blank(at, quoteEnd(source, at, char));
    else if (char === '`') blank(at, templateEnd(source, at + 1, templates, depth));
    else if (char === '/' && beforeRegExp.test(source.slice(Math.max(kept, at - 40), at)))
      blank(at, patternEnd(source, at));
    else {
      if (char === '{') depth++;
      else if (char === '}') {
        if (templates.at(-1) === depth) {
          templates.pop();
          blank(at + 1, templateEnd(source, at + 1, templates, --depth));
          continue;
        }
        depth--;
      }
      at++;
      continue;
    }
    // A `${` that ended a template's text was blanked with it; what it opens is closed by a bracket that stands.
    if (source[at - 1] === '{' && templates.at(-1) === depth + 1) {
      parts.push('');
      depth++;
      replaceLast(parts, '{');
    }
  }
  parts.push(source.slice(kept));
  return parts.join('');
}

/** Puts a bracket back at the end of what was blanked last. */
function replaceLast(parts: string[], bracket: string): void {
  const last = parts.findLastIndex((part) => part !== '');
  parts[last] = `${(parts[last] ?? '').slice(0, -1)}${bracket}`;
}

function orEnd(source: string, at: number, length = 0): number {
  return at < 0 ? source.length : at + length;
}

function quoteEnd(source: string, from: number, quote: string): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === quote || source[at] === '\n') return at + 1;
  }
  return source.length;
}

/** The end of a template's text: past its closing quote, or past the `${` of an expression within it. */
function templateEnd(source: string, from: number, templates: number[], depth: number): number {
  for (let at = from; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '`') return at + 1;
    else if (source[at] === '$' && source[at + 1] === '{') {
      templates.push(depth + 1);
      return at + 2;
    }
  }
  return source.length;
}

function patternEnd(source: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at++;
    else if (char === '\n') return from + 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at + 1;
  }
  return from + 1;
}
