import { RE2JS } from 're2js';
import {
  binaryOperators,
  lineOperators,
  type Extraction,
  type LabelChoice,
  type LabelFilter,
  type LabelFormat,
  type LineOperator,
  type LineValue,
  type LogExpression,
  type MatchOperator,
  type Matcher,
  type NumberOperator,
  type Stage,
} from './ast.ts';
import { type Cursor, isOneOf } from './cursor.ts';
import { parseIpPattern } from './ip.ts';
import { parseJsonPath } from './json-path.ts';
import { type Token, Unreadable } from './lex.ts';
import { parseLinePattern, parsePattern } from './pattern.ts';
import { parseTemplate, TemplateError } from './template.ts';
import { parseBytes, parseSeconds } from './units.ts';

/** Reads stream selectors and what follows them: line filters, parsers, formats, label filters. */
export class PipelineParser {
  readonly #tokens: Cursor;

  constructor(tokens: Cursor) {
    this.#tokens = tokens;
  }

  /** A selector with its pipeline. */
  log(): LogExpression {
    const matchers = this.selector();
    return { kind: 'log', matchers, stages: this.stages() };
  }

  /** `{name="value", …}`; throws where no matcher selects anything. */
  selector(): Matcher[] {
    const open = this.#tokens.expect('{');
    const matchers: Matcher[] = [];
    while (!this.#tokens.accept('}')) {
      if (matchers.length > 0 && !this.#tokens.accept(',')) throw this.#tokens.unexpected('}', ',');
      if (matchers.length > 0 && this.#tokens.accept('}')) break;
      if (this.#tokens.peek().kind !== 'word') throw this.#tokens.unexpected('IDENTIFIER', '}');
      matchers.push(this.#matcher());
    }
    const selective = matchers.some(
      ({ op, value }) =>
        (op === '=' && value !== '') ||
        (op === '=~' && !RE2JS.compile(`^(?s:${value})$`).matches('')) ||
        (op === '!=' && value === '') ||
        (op === '!~' && RE2JS.compile(`^(?s:${value})$`).matches('')),
    );
    if (!selective)
      throw new Unreadable(
        'queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will',
        open.at,
        this.#tokens.peek().at,
        false,
      );
    return matchers;
  }

  #matcher(): Matcher {
    const label = this.#tokens.word();
    const op = this.#matchOperator();
    const value = this.#tokens.peek();
    const text = this.#tokens.text();
    if (op === '=~' || op === '!~') this.#tokens.regex(text, value);
    return { label, op, value: text };
  }

  #matchOperator(): MatchOperator {
    const op = this.#tokens.peek().text;
    if (this.#tokens.peek().kind !== 'op' || !isOneOf(['=', '!=', '=~', '!~'] as const, op))
      throw this.#tokens.unexpected('=', '!=', '=~', '!~');
    this.#tokens.take();
    return op;
  }

  /** What follows a selector, up to what is no stage; `unwrap` is left to the caller. */
  stages(): Stage[] {
    const stages: Stage[] = [];
    for (;;) {
      const { kind, text } = this.#tokens.peek();
      if (kind !== 'op') return stages;
      if (text === '|') {
        if (this.#tokens.is('unwrap', 1)) return stages;
        this.#tokens.take();
        stages.push(this.#stage());
      } else if (isOneOf(lineOperators, text)) {
        // `!=` between metric queries is a comparison; behind a selector a text follows.
        if (!['text', 'word'].includes(this.#tokens.peek(1).kind)) return stages;
        this.#tokens.take();
        stages.push(this.#lineFilter(text));
      } else return stages;
      if (stages.length > 100) throw new Unreadable('too many stages', this.#tokens.peek().at);
    }
  }

  #lineFilter(op: LineOperator): Stage {
    const values = [this.#lineValue(op)];
    while (this.#tokens.accept('or')) values.push(this.#lineValue(op));
    return { kind: 'line', op, values };
  }

  #lineValue(op: LineOperator): LineValue {
    const token = this.#tokens.peek();
    if (this.#tokens.accept('ip')) {
      if (op !== '|=' && op !== '!=')
        throw new Unreadable(`ip: invalid operation: ${op} is not supported`, token.at, token.end);
      this.#tokens.expect('(');
      const text = this.#ip();
      this.#tokens.expect(')');
      return { text, ip: true };
    }
    const text = this.#tokens.text();
    if (op === '|~' || op === '!~') this.#tokens.regex(text, token);
    if (op === '|>' || op === '!>') this.#tokens.checked(token, () => parseLinePattern(text));
    return { text, ip: false };
  }

  #ip(): string {
    const token = this.#tokens.peek();
    const text = this.#tokens.text();
    if (parseIpPattern(text) === undefined)
      throw new Unreadable(`ip: invalid pattern: ${JSON.stringify(text)}`, token.at, token.end);
    return text;
  }

  #stage(): Stage {
    const token = this.#tokens.peek();
    if (token.kind !== 'word' && !this.#tokens.is('(')) throw this.#tokens.unexpected();
    switch (token.text) {
      case 'json':
        this.#tokens.take();
        return { kind: 'json', fields: this.#extractions() };
      case 'logfmt': {
        this.#tokens.take();
        let [strict, keepEmpty] = [false, false];
        while (this.#tokens.peek().text.startsWith('--')) {
          if (this.#tokens.accept('--strict')) strict = true;
          else if (this.#tokens.accept('--keep-empty')) keepEmpty = true;
          else throw this.#tokens.unexpected('--strict', '--keep-empty');
        }
        return { kind: 'logfmt', strict, keepEmpty, fields: this.#extractions() };
      }
      case 'pattern':
      case 'regexp': {
        this.#tokens.take();
        const at = this.#tokens.peek();
        const pattern = this.#tokens.text();
        if (token.text === 'pattern') this.#tokens.checked(at, () => parsePattern(pattern));
        else this.#regexpParser(pattern, at);
        return { kind: token.text, pattern };
      }
      case 'unpack':
      case 'decolorize':
        this.#tokens.take();
        return { kind: token.text };
      case 'line_format': {
        this.#tokens.take();
        return { kind: 'line_format', template: this.#template() };
      }
      case 'label_format':
        this.#tokens.take();
        return { kind: 'label_format', formats: this.#labelFormats() };
      case 'drop':
      case 'keep':
        this.#tokens.take();
        return { kind: token.text, choices: this.#choices() };
      default:
        return { kind: 'labels', filter: this.labelFilter(1) };
    }
  }

  #regexpParser(pattern: string, token: Token): void {
    this.#tokens.regex(pattern, token);
    const names = Object.keys(RE2JS.compile(pattern).namedGroups());
    if (names.length === 0)
      throw new Unreadable('at least one named capture must be supplied', token.at, token.end, false);
    const wrong = names.find((name) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name));
    if (wrong !== undefined)
      throw new Unreadable(`invalid extracted label name '${wrong}'`, token.at, token.end, false);
  }

  #template(): string {
    const token = this.#tokens.peek();
    const template = this.#tokens.text();
    try {
      parseTemplate(template);
    } catch (error) {
      if (error instanceof TemplateError)
        throw new Unreadable(`invalid template: ${error.message}`, token.at, token.end);
      throw error;
    }
    return template;
  }

  #extractions(): Extraction[] {
    const fields: Extraction[] = [];
    // A word begins an extraction only where a stage may not begin: directly behind the parser's name.
    while (this.#tokens.peek().kind === 'word' && (fields.length === 0 || this.#tokens.is(',', -1))) {
      if (isOneOf(binaryOperators, this.#tokens.peek().text) && !this.#tokens.is('=', 1)) break;
      if (['offset', 'by', 'without'].includes(this.#tokens.peek().text) && !this.#tokens.is('=', 1)) break;
      const label = this.#tokens.word();
      if (this.#tokens.accept('=')) {
        const token = this.#tokens.peek();
        const expression = this.#tokens.text();
        this.#tokens.checked(token, () => parseJsonPath(expression));
        fields.push({ label, expression });
      } else {
        fields.push({ label, expression: label });
      }
      if (!this.#tokens.accept(',')) break;
    }
    return fields;
  }

  #labelFormats(): LabelFormat[] {
    const formats: LabelFormat[] = [];
    do {
      const token = this.#tokens.peek();
      const label = this.#tokens.word();
      if (formats.some((other) => other.label === label))
        throw new Unreadable(
          `multiple label name '${label}' not allowed in a single format operation`,
          token.at,
          token.end,
          false,
        );
      this.#tokens.expect('=');
      if (this.#tokens.peek().kind === 'text') formats.push({ label, from: undefined, template: this.#template() });
      else formats.push({ label, from: this.#tokens.word(), template: '' });
    } while (this.#tokens.accept(','));
    return formats;
  }

  #choices(): LabelChoice[] {
    const choices: LabelChoice[] = [];
    do {
      const label = this.#tokens.peek().text;
      const compares =
        this.#tokens.peek(1).kind === 'op' && ['=', '!=', '=~', '!~'].includes(this.#tokens.peek(1).text);
      // `| drop a != "x"` is a matcher; a line filter may not follow a bare name without a bar.
      choices.push({ label, matcher: compares ? this.#matcher() : (this.#tokens.word(), undefined) });
    } while (this.#tokens.accept(','));
    return choices;
  }

  /** A filter on labels: `or` binds weakest, then `and`, `,` and a blank, which are all the same. */
  labelFilter(least: 1 | 2): LabelFilter {
    return this.#tokens.within(() => {
      let left: LabelFilter;
      if (this.#tokens.accept('(')) {
        left = this.labelFilter(1);
        this.#tokens.expect(')');
      } else left = this.#condition();
      for (;;) {
        if (this.#tokens.is('or')) {
          if (least > 1) return left;
          this.#tokens.take();
          left = { kind: 'or', left, right: this.labelFilter(2) };
        } else if (this.#tokens.is('and') || this.#tokens.is(',')) {
          this.#tokens.take();
          left = { kind: 'and', left, right: this.#filterOperand() };
        } else if (
          this.#tokens.peek().kind === 'word' &&
          this.#tokens.peek(1).kind === 'op' &&
          this.#startsCondition()
        ) {
          left = { kind: 'and', left, right: this.#filterOperand() };
        } else return left;
      }
    });
  }

  #filterOperand(): LabelFilter {
    if (!this.#tokens.accept('(')) return this.#condition();
    const inner = this.labelFilter(1);
    this.#tokens.expect(')');
    return inner;
  }

  #startsCondition(): boolean {
    return (
      !isOneOf(binaryOperators, this.#tokens.peek().text) &&
      ['=', '==', '!=', '=~', '!~', '>', '>=', '<', '<='].includes(this.#tokens.peek(1).text)
    );
  }

  #condition(): LabelFilter {
    const label = this.#tokens.word();
    const token = this.#tokens.peek();
    const operators = ['=', '==', '!=', '=~', '!~', '>', '>=', '<', '<='] as const;
    const op = token.text;
    if (token.kind !== 'op' || !isOneOf(operators, op))
      throw this.#tokens.unexpected('=', '=~', '!=', '!~', '==', '>', '<');
    this.#tokens.take();
    const value = this.#tokens.peek();
    if (this.#tokens.is('ip') && this.#tokens.is('(', 1)) {
      if (op !== '=' && op !== '!=' && op !== '==')
        throw new Unreadable(`ip: invalid operation: ${op}`, token.at, token.end);
      this.#tokens.take();
      this.#tokens.take();
      const text = this.#ip();
      this.#tokens.expect(')');
      return { kind: 'ip', label, op: op === '!=' ? '!=' : '=', value: text };
    }
    if (value.kind === 'text') {
      if (!isOneOf(['=', '!=', '=~', '!~'] as const, op))
        throw new Unreadable(
          `syntax error: unexpected STRING, expecting NUMBER or DURATION or BYTES`,
          value.at,
          value.end,
        );
      this.#tokens.take();
      if (op === '=~' || op === '!~') this.#tokens.regex(value.text, value);
      return { kind: 'text', label, op, value: value.text };
    }
    if (op === '=~' || op === '!~') throw this.#tokens.unexpected('STRING');
    const compared: NumberOperator = op === '=' ? '==' : op;
    if (value.kind === 'unit') {
      this.#tokens.take();
      const seconds = parseSeconds(value.text);
      if (seconds !== undefined)
        return { kind: 'number', type: 'duration', label, op: compared, value: seconds, written: value.text };
      const bytes = parseBytes(value.text);
      if (bytes === undefined) throw new Unreadable(`invalid unit: ${value.text}`, value.at, value.end);
      return { kind: 'number', type: 'bytes', label, op: compared, value: bytes, written: value.text };
    }
    const sign = this.#tokens.is('-') ? '-' : '';
    const found = this.#tokens.number();
    return { kind: 'number', type: 'number', label, op: compared, value: found, written: `${sign}${Math.abs(found)}` };
  }
}
