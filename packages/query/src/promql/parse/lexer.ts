import { quote, quoteRune, showRune } from './quote.ts';
import { durationWords, keywords, type Token } from './token.ts';

const isSpace = (character: string): boolean => /^[ \t\n\r]$/.test(character);
const isDigit = (character: string): boolean => character >= '0' && character <= '9' && character.length === 1;
const isAlpha = (character: string): boolean => /^[a-zA-Z_]$/.test(character);
const isWord = (character: string): boolean => isAlpha(character) || isDigit(character);
const hasSurrogate = (character: string): boolean => character === '\uFFFD' || /^[\uD800-\uDFFF]$/.test(character);

/** Ends the scan: the token's text is the fault. */
class LexFailure extends Error {}

/**
 * The tokens of a text, by the rules of Prometheus' lexer (promql/parser/lex.go): inside braces every word is an identifier,
 * inside brackets only durations and their arithmetic stand. The last token is `end of input`, or `error` whose text says why.
 */
export function readTokens(text: string): Token[] {
  return new Lexer(text).run();
}

class Lexer {
  private readonly text: string;
  private readonly tokens: Token[] = [];
  private at = 0;
  private start = 0;
  private depth = 0;
  private inBraces = false;
  private inBrackets = false;
  private gotColon = false;
  private gotDuration = false;
  /** The start of a bracket, before its first number. */
  private atDuration = false;

  constructor(text: string) {
    this.text = text;
  }

  run(): Token[] {
    try {
      while (this.at < this.text.length) {
        if (this.atDuration) this.duration();
        else if (this.peek() === '#') this.comment();
        else if (this.inBraces) this.insideBraces();
        else this.statement();
      }
      if (this.atDuration) throw new LexFailure('unexpected end of input in duration expression');
      if (this.inBraces) throw new LexFailure('unexpected end of input inside braces');
      if (this.depth !== 0) throw new LexFailure('unclosed left parenthesis');
      if (this.inBrackets) throw new LexFailure('unclosed left bracket');
      this.emit('end of input');
    } catch (error) {
      if (!(error instanceof LexFailure)) throw error;
      this.tokens.push({ kind: 'error', text: error.message, start: this.start, end: this.text.length });
    }
    return this.tokens;
  }

  private peek(): string {
    const code = this.text.codePointAt(this.at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  private next(): string {
    const character = this.peek();
    this.at += character.length;
    return character;
  }

  /** Takes the next character if it is one of these. */
  private accept(characters: string): boolean {
    const character = this.peek();
    if (character === '' || !characters.includes(character)) return false;
    this.at += character.length;
    return true;
  }

  private emit(kind: string): void {
    this.tokens.push({ kind, text: this.text.slice(this.start, this.at), start: this.start, end: this.at });
    this.start = this.at;
  }

  private skipSpaces(): void {
    while (isSpace(this.peek())) this.at += 1;
    this.start = this.at;
  }

  private comment(): void {
    const end = /[\r\n]/.exec(this.text.slice(this.at))?.index;
    this.at = end === undefined ? this.text.length : this.at + end;
    this.start = this.at;
  }

  private statement(): void {
    const character = this.next();
    if (isSpace(character)) return this.skipSpaces();
    if (isDigit(character) || (character === '.' && isDigit(this.peek()))) return this.number();
    if (character === '"' || character === "'" || character === '`') return this.string(character);
    if (isAlpha(character) || character === ':') return this.inBrackets ? this.bracketWord(character) : this.word();
    switch (character) {
      case ',':
      case '*':
      case '/':
      case '%':
      case '+':
      case '-':
      case '^':
      case '@':
        return this.emit(character);
      case '(':
      case ')':
        return this.parenthesis(character);
      case '<':
      case '>':
        this.accept('=/');
        return this.emit(this.text.slice(this.start, this.at));
      case '=':
        if (this.peek() === '~') throw new LexFailure("unexpected character after '=': '~'");
        return this.emit(this.accept('=') ? '==' : '=');
      case '!': {
        const second = this.next();
        if (second !== '=') throw new LexFailure(`unexpected character after '!': ${quoteRune(second)}`);
        return this.emit('!=');
      }
      case '{':
        this.inBraces = true;
        return this.emit('{');
      case '[':
        if (this.inBrackets) throw new LexFailure(`unexpected left bracket '['`);
        this.emit('[');
        this.gotColon = false;
        this.inBrackets = true;
        this.atDuration = true;
        return this.skipSpaces();
      case ']':
        if (!this.inBrackets) throw new LexFailure(`unexpected right bracket ']'`);
        this.inBrackets = false;
        return this.emit(']');
      default:
        throw new LexFailure(`unexpected character: ${quoteRune(character)}`);
    }
  }

  private parenthesis(character: string): void {
    this.emit(character);
    this.depth += character === '(' ? 1 : -1;
    if (this.depth >= 0) return;
    // The fault takes the place of the token.
    this.tokens.pop();
    throw new LexFailure("unexpected right parenthesis ')'");
  }

  private word(): void {
    while (isWord(this.peek()) || this.peek() === ':') this.at += 1;
    const word = this.text.slice(this.start, this.at);
    const lower = word.toLowerCase();
    if (lower === 'inf' || lower === 'nan') return this.emit('number');
    // `fill` and its kin are keywords only where they are called: they may be metrics' names.
    if (keywords.has(lower) && (!lower.startsWith('fill') || this.callFollows())) return this.emit(lower);
    return this.emit(word.includes(':') ? 'metric identifier' : 'identifier');
  }

  private callFollows(): boolean {
    return /^[ \t\n\r]*\(/.test(this.text.slice(this.at, this.at + 1000));
  }

  private bracketWord(first: string): void {
    if (first === ':') {
      if (this.gotColon) throw new LexFailure("unexpected colon ':'");
      this.gotColon = true;
      return this.emit(':');
    }
    if (!this.durationWord()) throw new LexFailure(`unexpected character: ${quoteRune(first)}, expected ':'`);
  }

  private durationWord(): boolean {
    while (isAlpha(this.peek())) this.at += 1;
    const word = this.text.slice(this.start, this.at).toLowerCase();
    if (!durationWords.has(word)) return false;
    this.emit(word);
    return true;
  }

  /** After a bracket is opened and until its first number. */
  private duration(): void {
    const character = this.next();
    if (isSpace(character)) return this.skipSpaces();
    if ('+-*/%^,'.includes(character)) return this.emit(character);
    if (character === '(' || character === ')') return this.parenthesis(character);
    if (character === ']') {
      this.emit(']');
      this.inBrackets = false;
      this.atDuration = false;
      return;
    }
    if (character === ':') {
      this.emit(':');
      const fault = this.gotDuration ? 'repeated colon' : 'colon before duration';
      if (!this.gotDuration || this.gotColon) {
        this.tokens.pop();
        throw new LexFailure(`unexpected ${fault} in duration expression`);
      }
      this.gotColon = true;
      return;
    }
    if (isDigit(character) || (character === '.' && isDigit(this.peek()))) {
      this.gotDuration = true;
      this.atDuration = false;
      return this.number();
    }
    if (/^[srm]$/i.test(character) && this.durationWord()) return;
    throw new LexFailure(`unexpected character in duration expression: ${quoteRune(character)}`);
  }

  private insideBraces(): void {
    const character = this.next();
    if (isSpace(character)) return this.skipSpaces();
    if (isAlpha(character)) {
      while (isWord(this.peek())) this.at += 1;
      return this.emit('identifier');
    }
    if (character === '"' || character === "'" || character === '`') return this.string(character);
    switch (character) {
      case ',':
        return this.emit(',');
      case '=':
        return this.emit(this.accept('~') ? '=~' : '=');
      case '!': {
        const second = this.next();
        if (second === '~' || second === '=') return this.emit(`!${second}`);
        throw new LexFailure(`unexpected character after '!' inside braces: ${quoteRune(second)}`);
      }
      case '{':
        throw new LexFailure("unexpected left brace '{'");
      case '}':
        this.inBraces = false;
        return this.emit('}');
      default:
        throw new LexFailure(`unexpected character inside braces: ${quoteRune(character)}`);
    }
  }

  private string(opened: string): void {
    const raw = opened === '`';
    for (;;) {
      const character = this.next();
      if (character === opened) return this.emit('string');
      if (hasSurrogate(character)) throw new LexFailure('invalid UTF-8 rune');
      if (character === '' || (character === '\n' && !raw)) {
        throw new LexFailure(raw ? 'unterminated raw string' : 'unterminated quoted string');
      }
      if (character === '\\' && !raw) this.escape(opened);
    }
  }

  private escape(opened: string): void {
    const character = this.next();
    if (character === '') throw new LexFailure('escape sequence not terminated');
    if (character === opened || 'abfnrtv\\'.includes(character)) return;
    const octal = character >= '0' && character <= '7';
    const digits = octal ? 3 : ({ x: 2, u: 4, U: 8 }[character] ?? 0);
    if (digits === 0) throw new LexFailure(`unknown escape sequence ${showRune(character)}`);
    const base = octal ? 8 : 16;
    let value = octal ? Number(character) : 0;
    for (let digit = octal ? 1 : 0; digit < digits; digit++) {
      const next = this.next();
      const worth = /^[0-9a-fA-F]$/.test(next) ? Number.parseInt(next, 16) : 16;
      if (next === '') throw new LexFailure('escape sequence not terminated');
      if (worth >= base) throw new LexFailure(`illegal character ${showRune(next)} in escape sequence`);
      value = value * base + worth;
    }
    const greatest = digits < 4 ? 255 : 0x10ffff;
    if (value > greatest || (value >= 0xd800 && value < 0xe000)) {
      throw new LexFailure('escape sequence is an invalid Unicode code point');
    }
  }

  private number(): void {
    this.at = this.start;
    if (this.scanNumber()) return this.emit('number');
    if (this.scanDuration()) return this.emit('duration');
    throw new LexFailure(`bad number or duration syntax: ${quote(this.text.slice(this.start, this.at))}`);
  }

  /** `[.][digits][digits . _ e]*`; at a fault the position tells how far it went. */
  private scanNumber(): boolean {
    let digits = '0123456789';
    if (this.accept('0') && this.accept('xX')) {
      this.accept('_');
      digits = '0123456789abcdefABCDEF';
    }
    const hexadecimal = digits.length > 10;
    this.accept('.');
    this.accept(digits);
    let dots = 0;
    let exponents = 0;
    for (
      let character = this.peek();
      character !== '' && `${digits}._eE`.includes(character);
      character = this.peek()
    ) {
      if (character === '.') {
        this.at += 1;
        dots += 1;
        if (dots > 1 || this.accept('_.') || hexadecimal) return false;
      } else if (!hexadecimal && (character === 'e' || character === 'E')) {
        this.at += 1;
        exponents += 1;
        if (exponents > 1) return false;
        this.accept('+-');
        if (this.accept('._eE') || this.peek() === '') return false;
      } else if (character === '_') {
        this.at += 1;
        if (this.accept('._eE') || this.peek() === '') return false;
      } else {
        this.at += 1;
      }
    }
    return !isWord(this.peek());
  }

  /** Goes on where the number ended: `5` `m30s`. Wrong units are found when the duration is read. */
  private scanDuration(): boolean {
    if (!this.accept('smhdwy')) return false;
    this.accept('s');
    while (isDigit(this.peek())) {
      while (isDigit(this.peek())) this.at += 1;
      if (!this.accept('smhdw')) return false;
      this.accept('s');
    }
    if (!isWord(this.peek())) return true;
    this.next();
    return false;
  }
}
