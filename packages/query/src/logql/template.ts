import { GoTime } from './go-time.ts';
import { functions, type TemplateValue, TemplateError, textOf, truth } from './template-functions.ts';

export { TemplateError };

/** A piece of a pipeline's command. */
type Operand =
  | { readonly kind: 'literal'; readonly value: TemplateValue }
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] };
type Command = readonly Operand[];
interface Pipe {
  readonly variable: string | undefined;
  /** The second variable of `range $i, $x :=`. */
  readonly second: string | undefined;
  readonly commands: readonly Command[];
}
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** A template that was read once and runs for each line. */
export interface Template {
  readonly nodes: readonly Node[];
}

/** What a template sees. */
export interface TemplateInput {
  readonly label: (name: string) => string;
  readonly line: string;
  readonly tsNs: bigint;
}

const longestOutput = 262_144;
const mostRounds = 10_000;
const deepest = 50;

/** Reads a Go template (https://pkg.go.dev/text/template) with the functions of Loki. Throws `TemplateError`. */
export function parseTemplate(text: string): Template {
  const pieces = split(text);
  const reader = new NodeReader(pieces);
  const nodes = reader.nodes(0);
  if (reader.ended !== undefined) throw new TemplateError(`unexpected {{${reader.ended}}}`);
  return { nodes };
}

/** Fills a template. Throws `TemplateError` where a function refuses its input. */
export function runTemplate(template: Template, input: TemplateInput): string {
  return new Runner(input).run(template.nodes);
}

type Piece = { readonly action: boolean; readonly text: string };

function split(text: string): Piece[] {
  const pieces: Piece[] = [];
  const action = /\{\{(- )?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|(?!\}\})[^"`])*?)( -)?\}\}/y;
  let at = 0;
  let trimNext = false;
  while (at < text.length) {
    const open = text.indexOf('{{', at);
    let plain = text.slice(at, open < 0 ? text.length : open);
    if (trimNext) plain = plain.trimStart();
    trimNext = false;
    if (open < 0) {
      pieces.push({ action: false, text: plain });
      break;
    }
    action.lastIndex = open;
    const found = action.exec(text);
    if (!found) throw new TemplateError('unclosed action');
    pieces.push({ action: false, text: found[1] ? plain.trimEnd() : plain });
    trimNext = found[3] !== undefined;
    const inner = (found[2] ?? '').trim();
    if (!/^\/\*[\s\S]*\*\/$/.test(inner)) pieces.push({ action: true, text: inner });
    at = action.lastIndex;
    if (at >= text.length) break;
  }
  return pieces.filter(({ action: isAction, text: content }) => isAction || content !== '');
}

class NodeReader {
  readonly #pieces: readonly Piece[];
  #next = 0;
  /** The word that ended the last list: `end`, `else …`; undefined at the template's end. */
  ended: string | undefined;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  nodes(depth: number): Node[] {
    if (depth > deepest) throw new TemplateError('nested too deeply');
    const nodes: Node[] = [];
    this.ended = undefined;
    while (this.#next < this.#pieces.length) {
      const piece = this.#pieces[this.#next++]!;
      if (!piece.action) {
        nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      const [, word = '', rest = ''] = /^([a-z]*)\s*([\s\S]*)$/.exec(piece.text) ?? [];
      if (word === 'end' || word === 'else') {
        this.ended = piece.text;
        return nodes;
      }
      if ((word === 'if' || word === 'with' || word === 'range') && rest !== '')
        nodes.push(this.#block(word, rest, depth));
      else nodes.push({ kind: 'output', pipe: parsePipe(piece.text) });
    }
    return nodes;
  }

  #expectEnd(): void {
    if (this.ended !== 'end') throw new TemplateError('expected end');
  }

  #block(kind: 'if' | 'with' | 'range', text: string, depth: number): Node {
    const pipe = parsePipe(text);
    const body = this.nodes(depth + 1);
    let otherwise: readonly Node[] = [];
    if (this.ended === undefined) throw new TemplateError('unexpected EOF');
    const [, nested] = /^else\s+(?:if|with)\s+([\s\S]+)$/.exec(this.ended) ?? [];
    if (nested !== undefined) otherwise = [this.#block('if', nested, depth + 1)];
    else if (this.ended === 'else') {
      otherwise = this.nodes(depth + 1);
      this.#expectEnd();
    }
    this.ended = undefined;
    return { kind, pipe, body, otherwise };
  }
}

const token =
  /\s+|"((?:[^"\\]|\\.)*)"|`([^`]*)`|(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(\$[a-zA-Z_]\w*|\$)((?:\.[a-zA-Z_]\w*)*)|((?:\.[a-zA-Z_]\w*)+)|(\.)|([a-zA-Z_]\w*)|(:=|=|\||\(|\)|,)/y;

function parsePipe(text: string): Pipe {
  type Part = { kind: string; text: string; path: string[] };
  const parts: Part[] = [];
  let at = 0;
  while (at < text.length) {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found) throw new TemplateError(`unexpected ${JSON.stringify(text.slice(at, at + 10))} in operand`);
    at = token.lastIndex;
    const [whole, quoted, raw, number, variable, path, field, dot, word, symbol] = found;
    const names = (dotted: string): string[] => dotted.split('.').slice(1);
    const add = (kind: string, content: string, fieldPath: string[] = []): void =>
      void parts.push({ kind, text: content, path: fieldPath });
    if (quoted !== undefined) add('text', unescape(quoted));
    else if (raw !== undefined) add('text', raw);
    else if (number !== undefined) add('number', number);
    else if (variable !== undefined) add('variable', variable, names(path ?? ''));
    else if (field !== undefined) {
      // Directly behind a parenthesis it belongs to what stands in it.
      if (parts.at(-1)?.text === ')' && text[at - whole.length - 1] === ')') add('of', '', names(field));
      else add('field', '', names(field));
    } else if (dot !== undefined) add('field', '');
    else if (word !== undefined) add('word', word);
    else if (symbol !== undefined) add('symbol', symbol);
  }
  let next = 0;
  const pipe = (depth: number): Pipe => {
    if (depth > deepest) throw new TemplateError('nested too deeply');
    let variable: string | undefined;
    let second: string | undefined;
    if (
      parts[next]?.kind === 'variable' &&
      /^:?=$/.test(parts[next + 1]?.text ?? '') &&
      parts[next + 1]?.kind === 'symbol'
    ) {
      variable = parts[next]?.text;
      next += 2;
    } else if (parts[next]?.kind === 'variable' && parts[next + 1]?.text === ',' && parts[next + 3]?.text === ':=') {
      variable = parts[next]?.text;
      second = parts[next + 2]?.text;
      next += 4;
    }
    const commands: Command[] = [];
    let command: Operand[] = [];
    const close = (): void => {
      if (command.length === 0) throw new TemplateError('missing value for command');
      commands.push(command);
      command = [];
    };
    for (; next < parts.length; next++) {
      const part = parts[next]!;
      if (part.kind === 'symbol') {
        if (part.text === ')') break;
        if (part.text === '|') close();
        else if (part.text === '(') {
          next += 1;
          const inner = pipe(depth + 1);
          if (parts[next]?.text !== ')') throw new TemplateError('unclosed left paren');
          const of = parts[next + 1]?.kind === 'of' ? parts[++next] : undefined;
          command.push({ kind: 'pipe', pipe: inner, path: of?.path ?? [] });
        } else throw new TemplateError(`unexpected ${JSON.stringify(part.text)} in operand`);
      } else if (part.kind === 'text') command.push({ kind: 'literal', value: part.text });
      else if (part.kind === 'number') command.push({ kind: 'literal', value: Number(part.text) });
      else if (part.kind === 'variable') command.push({ kind: 'variable', name: part.text, path: part.path });
      else if (part.kind === 'field') command.push({ kind: 'field', path: part.path });
      else if (part.text === 'true' || part.text === 'false')
        command.push({ kind: 'literal', value: part.text === 'true' });
      else if (part.text === 'nil') command.push({ kind: 'literal', value: undefined });
      else if (Object.hasOwn(functions, part.text) || special.has(part.text))
        command.push({ kind: 'function', name: part.text });
      else throw new TemplateError(`function ${JSON.stringify(part.text)} not defined`);
    }
    close();
    return { variable, second, commands };
  };
  const read = pipe(0);
  if (next < parts.length) throw new TemplateError('unexpected right paren');
  return read;
}

/** Functions that need the line, or do not evaluate all of their arguments. */
const special = new Set(['__line__', '__timestamp__', 'and', 'or']);

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  const plain: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/g, (_, x?: string, u?: string, c = '') => {
    const code = x ?? u;
    return code === undefined ? (plain[c] ?? c) : String.fromCharCode(Number.parseInt(code, 16));
  });
}

class Runner {
  readonly #input: TemplateInput;
  readonly #variables = new Map<string, TemplateValue>();
  #dot: { readonly value: TemplateValue } | undefined;
  #output = '';
  #rounds = 0;

  constructor(input: TemplateInput) {
    this.#input = input;
  }

  run(nodes: readonly Node[]): string {
    this.#nodes(nodes);
    return this.#output;
  }

  #write(text: string): void {
    this.#output += text;
    if (this.#output.length > longestOutput) throw new TemplateError('output is too long');
  }

  #nodes(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (++this.#rounds > mostRounds) throw new TemplateError('template runs too long');
      if (node.kind === 'text') this.#write(node.text);
      else if (node.kind === 'output') {
        const value = this.#pipe(node.pipe);
        if (node.pipe.variable === undefined)
          this.#write(value === undefined || value === null ? '<no value>' : textOf(value));
      } else this.#block(node);
    }
  }

  #block(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>): void {
    const value = this.#pipe(node.pipe);
    if (!truth(value)) return this.#nodes(node.otherwise);
    const outer = this.#dot;
    if (node.kind === 'range') {
      const items: [TemplateValue, TemplateValue][] = Array.isArray(value)
        ? value.map((item, index) => [index, item as TemplateValue])
        : typeof value === 'object' && value !== null && !(value instanceof Date)
          ? Object.entries(value)
          : [];
      for (const [index, item] of items) {
        this.#dot = { value: item };
        const { variable, second } = node.pipe;
        if (variable !== undefined) this.#variables.set(variable, second === undefined ? item : index);
        if (second !== undefined) this.#variables.set(second, item);
        this.#nodes(node.body);
      }
    } else {
      if (node.kind === 'with') this.#dot = { value };
      this.#nodes(node.body);
    }
    this.#dot = outer;
  }

  #pipe({ commands, variable, second }: Pipe): TemplateValue {
    let value: TemplateValue;
    for (const [index, command] of commands.entries()) value = this.#command(command, index > 0, value);
    if (variable !== undefined && second === undefined) this.#variables.set(variable, value);
    return value;
  }

  #command(command: Command, piped: boolean, before: TemplateValue): TemplateValue {
    const [first, ...rest] = command;
    if (first?.kind !== 'function') {
      if (!first || rest.length > 0 || piped) throw new TemplateError("can't give argument to non-function");
      return this.#operand(first);
    }
    const lazy = [
      ...rest.map((operand) => (): TemplateValue => this.#operand(operand)),
      ...(piped ? [() => before] : []),
    ];
    switch (first.name) {
      case '__line__':
        return this.#input.line;
      case '__timestamp__':
        return new GoTime(this.#input.tsNs);
      case 'and':
      case 'or': {
        let value: TemplateValue;
        for (const argument of lazy) {
          value = argument();
          if (truth(value) === (first.name === 'or')) return value;
        }
        return value;
      }
    }
    const call = functions[first.name];
    if (!call) throw new TemplateError(`function ${JSON.stringify(first.name)} not defined`);
    return call(...lazy.map((argument) => argument()));
  }

  #operand(operand: Operand): TemplateValue {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'function':
        return this.#command([operand], false, undefined);
      case 'pipe':
        return follow(this.#pipe(operand.pipe), operand.path);
      case 'variable':
        if (operand.name === '$') return this.#label(operand.path);
        return follow(this.#variables.get(operand.name), operand.path);
      case 'field':
        return this.#dot ? follow(this.#dot.value, operand.path) : this.#label(operand.path);
    }
  }

  #label(path: readonly string[]): TemplateValue {
    const [name, ...rest] = path;
    return name === undefined ? '' : follow(this.#input.label(name), rest);
  }
}

function follow(value: TemplateValue, path: readonly string[]): TemplateValue {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || Array.isArray(found) || found instanceof Date) return undefined;
    found = Object.hasOwn(found, step) ? (found as Readonly<Record<string, TemplateValue>>)[step] : undefined;
  }
  return found;
}
