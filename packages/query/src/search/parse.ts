import { fail, ok, type Result } from '@sightline/base';
import type { Search, SearchError, Span, Test, Value } from './ast.ts';
import { tokenize, type Token } from './tokenize.ts';

/** Bounds of one search. */
export const searchBounds = { characters: 4000, depth: 50, terms: 100, regexCharacters: 500 } as const;

/**
 * Reads a search text. Words stand side by side for AND; `OR`, `AND`, `NOT`, `-`, parentheses, "phrases", `field:value`,
 * `field:>5`, `field:[1 TO 5]`, `field:1..5`, `field:(a OR b)`, `field:[a, b]`, `field:*`, `exists:field`, `exists:/regex/`, `pay*`, `/regex/`.
 */
export function parseSearch(text: string): Result<Search, SearchError> {
  if (text.length > searchBounds.characters) {
    return fail({
      message: `expected at most ${searchBounds.characters} characters, got ${text.length}`,
      position: { from: searchBounds.characters, to: text.length },
    });
  }
  const tokens = tokenize(text);
  if (!tokens.ok) return tokens;
  try {
    return ok(freeze(new Parser(tokens.value).whole()));
  } catch (fault) {
    if (fault instanceof Unexpected) return fail({ message: fault.message, position: fault.position });
    throw fault;
  }
}

/** Leaves the descent in one step; never leaves this file. */
class Unexpected extends Error {
  readonly position: Span;
  constructor(message: string, position: Span) {
    super(message);
    this.position = position;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #terms = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Search {
    if (this.#peek().kind === 'end') return { kind: 'everything' };
    const search = this.#either('');
    const rest = this.#peek();
    if (rest.kind === 'close') throw new Unexpected('expected a term before `)`: no parenthesis is open', rest.at);
    return search;
  }

  /** `field` is the one whose parentheses we are in, or ''. */
  #either(field: string): Search {
    const items = [this.#both(field)];
    while (this.#peek().kind === 'or') {
      this.#take();
      items.push(this.#both(field, 'OR'));
    }
    return items.length === 1 && items[0] ? items[0] : { kind: 'or', items };
  }

  #both(field: string, after = ''): Search {
    const items = [this.#negated(field, after)];
    for (;;) {
      const kind = this.#peek().kind;
      if (kind === 'end' || kind === 'close' || kind === 'or') break;
      if (kind === 'and') {
        this.#take();
        items.push(this.#negated(field, 'AND'));
      } else items.push(this.#negated(field, ''));
    }
    return items.length === 1 && items[0] ? items[0] : { kind: 'and', items };
  }

  #negated(field: string, after: string): Search {
    const token = this.#peek();
    if (token.kind !== 'minus' && token.kind !== 'not') return this.#term(field, after);
    this.#take();
    const written = token.kind === 'minus' ? '-' : 'NOT';
    return this.#deeper(token.at, () => ({ kind: 'not', item: this.#negated(field, written) }));
  }

  #term(field: string, after: string): Search {
    const token = this.#take();
    switch (token.kind) {
      case 'open':
        return this.#group(field, token.at);
      case 'value':
        this.#count(token.at);
        if (!field && token.value.wildcard && /^\*+$/.test(token.value.text)) return { kind: 'everything' };
        return field
          ? { kind: 'field', field, at: token.at, test: asTest(token.value) }
          : { kind: 'text', value: token.value };
      case 'regex':
        this.#count(token.at);
        checkRegex(token.pattern, token.at);
        return field
          ? { kind: 'field', field, at: token.at, test: { kind: 'regex', pattern: token.pattern, at: token.at } }
          : { kind: 'regex', pattern: token.pattern, at: token.at };
      case 'field':
        if (field) throw new Unexpected(`expected a value inside \`${field}:(…)\`, not another field`, token.at);
        return this.#field(token.name, token.at);
      case 'comparison':
      case 'range':
      case 'list':
        throw new Unexpected('expected a field before a comparison, such as `duration:>500ms`', token.at);
      default: {
        const where = after ? ` after \`${after}\`` : token.kind === 'end' ? '' : ` before \`${named(token.kind)}\``;
        throw new Unexpected(`expected a search term${where}`, token.at);
      }
    }
  }

  #group(field: string, at: Span): Search {
    return this.#deeper(at, () => {
      if (this.#peek().kind === 'close')
        throw new Unexpected('expected a search term inside the parentheses', this.#peek().at);
      const inner = this.#either(field);
      const close = this.#take();
      if (close.kind !== 'close') throw new Unexpected('expected a closing parenthesis `)`', at);
      return inner;
    });
  }

  #field(name: string, at: Span): Search {
    const token = this.#peek();
    const attached = token.at.from === at.to && token.kind !== 'end';
    if (attached && token.kind === 'open' && name !== 'exists') {
      this.#take();
      return this.#group(name, token.at);
    }
    this.#count(at);
    const wanted = new Unexpected(
      name === 'exists'
        ? 'expected the name of a field after `exists:`'
        : `expected a value after \`${name}:\` (to search for the text, put it in quotes)`,
      { from: at.from, to: at.to },
    );
    if (!attached) throw wanted;
    this.#take();
    const whole = { from: at.from, to: token.at.to };
    if (name === 'exists') {
      if (token.kind === 'regex') {
        checkRegex(token.pattern, token.at);
        return { kind: 'named', pattern: token.pattern, at: whole };
      }
      if (token.kind !== 'value' || token.value.text === '' || token.value.wildcard) throw wanted;
      return { kind: 'field', field: token.value.text, at: whole, test: { kind: 'exists' } };
    }
    switch (token.kind) {
      case 'value':
        return { kind: 'field', field: name, at: whole, test: asTest(token.value) };
      case 'regex':
        checkRegex(token.pattern, token.at);
        return { kind: 'field', field: name, at: whole, test: { kind: 'regex', pattern: token.pattern, at: token.at } };
      case 'range':
        return { kind: 'field', field: name, at: whole, test: { ...token, kind: 'range' } };
      case 'list':
        token.values.slice(1).forEach(() => this.#count(at));
        return {
          kind: 'or',
          items: token.values.map((value) => ({ kind: 'field', field: name, at: whole, test: asTest(value) })),
        };
      case 'comparison': {
        const value = this.#take();
        if (value.kind !== 'value' || value.at.from !== token.at.to || value.value.wildcard) {
          throw new Unexpected(`expected a value after \`${name}:${token.comparison}\``, whole);
        }
        const test: Test = { kind: 'compare', comparison: token.comparison, value: value.value };
        return { kind: 'field', field: name, at: { from: at.from, to: value.at.to }, test };
      }
      default:
        throw wanted;
    }
  }

  #deeper<T>(at: Span, inside: () => T): T {
    if (++this.#depth > searchBounds.depth) {
      throw new Unexpected(`expected at most ${searchBounds.depth} levels of parentheses and negations`, at);
    }
    const result = inside();
    this.#depth--;
    return result;
  }

  #count(at: Span): void {
    if (++this.#terms > searchBounds.terms) throw new Unexpected(`expected at most ${searchBounds.terms} terms`, at);
  }

  #peek(): Token {
    const token = this.#tokens[Math.min(this.#next, this.#tokens.length - 1)];
    if (!token) throw new Error('a token list always ends with `end`');
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }
}

const named = (kind: Token['kind']): string =>
  ({ close: ')', and: 'AND', or: 'OR', not: 'NOT' })[kind as string] ?? kind;

function asTest(value: Value): Test {
  if (value.wildcard && /^\*+$/.test(value.text)) return { kind: 'exists' };
  const range = value.quoted || value.wildcard ? undefined : /^([\w.+-]*?\w)\.\.([\w+-][\w.+-]*)$/.exec(value.text);
  if (!range) return { kind: 'is', value };
  const plain = (text: string): Value => ({ ...value, text });
  return {
    kind: 'range',
    low: plain(range[1] ?? ''),
    high: plain(range[2] ?? ''),
    includeLow: true,
    includeHigh: true,
  };
}

/**
 * Lets through what RE2 is known to accept (https://github.com/google/re2/wiki/Syntax), so that a fault is told with its
 * place and never reaches the engine.
 */
function checkRegex(pattern: string, at: Span): void {
  if (pattern.length > searchBounds.regexCharacters) {
    throw new Unexpected(`expected a regular expression of at most ${searchBounds.regexCharacters} characters`, at);
  }
  const body = pattern.replace(/^\(\?[imsU]+\)/, '');
  if (/\(\?(?!:|P<\w+>|[imsU]+:|[imsU]+\))/.test(body)) {
    throw new Unexpected('expected a regular expression without look-ahead, look-behind or conditions', at);
  }
  if (/\\[1-9]/.test(body)) throw new Unexpected('expected a regular expression without back-references', at);
  const foreign = /\\[ukcpP0]|\[\^?\]|\[[^\]]*\\b/.exec(body.replaceAll('\\\\', ''));
  if (foreign) throw new Unexpected(`expected a regular expression without \`${foreign[0]}\``, at);
  const repeats = [...body.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map((m) => Math.max(Number(m[1]), Number(m[2] ?? 0)));
  // RE2 refuses a repetition above 1,000, nested ones counted by their product.
  if (repeats.reduce((product, n) => product * Math.max(n, 1), 1) > 1000) {
    throw new Unexpected('expected repetitions of at most 1,000 in all', at);
  }
  try {
    // RE2 lets any punctuation be escaped, JavaScript only what has a meaning.
    const escapes = body.replace(/\\([^\w\s])/g, (all, c: string) => ('^$\\.*+?()[]{}|/'.includes(c) ? all : 'x'));
    void new RegExp(
      escapes
        .replaceAll('(?P<', '(?<')
        .replace(/\(\?[imsU]+(:|\))/g, (_, end: string) => (end === ':' ? '(?:' : '(?:)')),
      'u',
    );
  } catch (fault) {
    const reason = fault instanceof Error ? fault.message.replace(/^.*: /, '').toLowerCase() : 'it cannot be read';
    throw new Unexpected(`expected a valid regular expression: ${reason}`, at);
  }
}

function freeze(search: Search): Search {
  if (search.kind === 'and' || search.kind === 'or') search.items.forEach(freeze);
  if (search.kind === 'not') freeze(search.item);
  return Object.freeze(search);
}
