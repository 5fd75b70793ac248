import { fail, ok, type Result } from '@sightline/base';
import { functionNames } from './function-names.ts';
import { lexTemplate, type TemplateToken } from './lex-template.ts';
import type { Command, Operand, Pipeline, TemplateNode } from './template.ts';

const depthMax = 100;
const lengthMax = 64 * 1024;

class TemplateFault extends Error {}

/** Variables that Prometheus declares before every template of a rule. */
const given = ['$', '$labels', '$externalLabels', '$externalURL', '$value'];

/**
 * Reads a template of an alerting rule. Refuses what Go's `text/template` refuses, and what is longer than 64 KiB or nested deeper
 * than 100; templates defined by name are not known here. The error is a sentence.
 */
export function parseTemplate(source: string): Result<readonly TemplateNode[], string> {
  if (source.length > lengthMax) return fail(`the template is longer than ${lengthMax} characters`);
  const tokens = lexTemplate(source);
  if (!tokens.ok) return tokens;
  try {
    const parser = new TemplateParser(tokens.value);
    return ok(parser.all());
  } catch (error) {
    if (error instanceof TemplateFault) return fail(error.message);
    throw error;
  }
}

class TemplateParser {
  readonly #tokens: readonly TemplateToken[];
  #at = 0;
  #depth = 0;
  /** Variables that are declared here, the innermost last. */
  #scope: string[] = [...given];

  constructor(tokens: readonly TemplateToken[]) {
    this.#tokens = tokens;
  }

  all(): TemplateNode[] {
    const { nodes, ended } = this.#list();
    if (ended !== '') throw new TemplateFault(`unexpected {{${ended}}}`);
    return nodes;
  }

  /** Nodes until `{{end}}` or `{{else}}` or the end; `ended` is which. */
  #list(): { nodes: TemplateNode[]; ended: string } {
    if (++this.#depth > depthMax) throw new TemplateFault(`nested deeper than ${depthMax}`);
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined) {
        this.#depth--;
        return { nodes, ended: '' };
      }
      this.#at++;
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      this.#space();
      const first = this.#tokens[this.#at];
      const word = first?.kind === 'word' ? first.text : '';
      if (word === 'end' || word === 'else') {
        this.#at++;
        this.#depth--;
        if (word === 'end') this.#close();
        return { nodes, ended: word };
      }
      if (word === 'if' || word === 'with' || word === 'range') {
        this.#at++;
        nodes.push(this.#block(word));
      } else if (word === 'break' || word === 'continue') {
        this.#at++;
        this.#close();
        nodes.push({ kind: word });
      } else if (['define', 'template', 'block'].includes(word)) {
        throw new TemplateFault(`{{${word}}} is not known here`);
      } else {
        nodes.push({ kind: 'action', pipeline: this.#pipeline(false) });
        this.#close();
      }
    }
  }

  #block(kind: 'if' | 'with' | 'range'): TemplateNode {
    const outer = this.#scope.length;
    const pipeline = this.#pipeline(kind === 'range');
    this.#close();
    const body = this.#list();
    let otherwise: readonly TemplateNode[] = [];
    if (body.ended === 'else') {
      this.#space();
      const next = this.#tokens[this.#at];
      if (next?.kind === 'word' && (next.text === 'if' || next.text === 'with')) {
        this.#at++;
        otherwise = [this.#block(next.text)];
      } else {
        this.#close();
        const rest = this.#list();
        if (rest.ended !== 'end') throw new TemplateFault(`{{${kind}}} has no {{end}}`);
        otherwise = rest.nodes;
      }
    } else if (body.ended !== 'end') throw new TemplateFault(`{{${kind}}} has no {{end}}`);
    this.#scope.length = outer;
    return { kind, pipeline, body: body.nodes, otherwise };
  }

  #pipeline(two: boolean): Pipeline {
    if (++this.#depth > depthMax) throw new TemplateFault(`nested deeper than ${depthMax}`);
    const { variables, declares } = this.#declaration(two);
    const commands: Command[] = [];
    do commands.push(this.#command(commands.length === 0));
    while (this.#sign('|'));
    if (declares) this.#scope.push(...variables);
    this.#depth--;
    return { variables, declares, commands };
  }

  #declaration(two: boolean): { variables: string[]; declares: boolean } {
    const start = this.#at;
    this.#space();
    const variables: string[] = [];
    let token = this.#tokens[this.#at];
    while (token?.kind === 'variable' && variables.length < (two ? 2 : 1)) {
      variables.push(token.text);
      this.#at++;
      if (!this.#sign(',')) break;
      this.#space();
      token = this.#tokens[this.#at];
    }
    if (variables.length > 0 && this.#sign(':=')) return { variables, declares: true };
    if (variables.length > 0 && this.#sign('=')) {
      for (const name of variables) this.#known(name);
      return { variables, declares: false };
    }
    this.#at = start;
    return { variables: [], declares: false };
  }

  #command(first: boolean): Command {
    const operands: Operand[] = [];
    for (;;) {
      this.#space();
      const token = this.#tokens[this.#at];
      if (
        token === undefined ||
        token.kind === 'close' ||
        (token.kind === 'sign' && (token.text === '|' || token.text === ')'))
      )
        break;
      operands.push(this.#operand(token));
    }
    const [head] = operands;
    if (head === undefined) throw new TemplateFault('missing value for command');
    if (operands.length > 1 && head.kind !== 'function' && head.kind === 'literal')
      throw new TemplateFault(`can't give argument to non-function ${String(head.value)}`);
    if (!first && head.kind === 'literal') throw new TemplateFault('non executable command in pipeline');
    return operands;
  }

  #operand(token: TemplateToken): Operand {
    this.#at++;
    switch (token.kind) {
      case 'string':
        return { kind: 'literal', value: unquoteGo(token.text) };
      case 'number':
        return {
          kind: 'literal',
          value: /^[+-]?(?:\d+|0x[\da-f]+)$/iu.test(token.text) ? integer(token.text) : Number(token.text),
        };
      case 'field':
        return { kind: 'dot', fields: [token.text, ...this.#fields()] };
      case 'variable':
        this.#known(token.text);
        return { kind: 'variable', name: token.text, fields: this.#fields() };
      case 'word':
        if (token.text === 'true' || token.text === 'false') return { kind: 'literal', value: token.text === 'true' };
        if (token.text === 'nil') return { kind: 'literal', value: null };
        if (!functionNames.has(token.text)) throw new TemplateFault(`function "${token.text}" not defined`);
        return { kind: 'function', name: token.text };
      case 'sign':
        if (token.text === '.') return { kind: 'dot', fields: this.#fields() };
        if (token.text === '(') {
          const pipeline = this.#pipeline(false);
          if (!this.#sign(')')) throw new TemplateFault('unclosed left paren');
          return { kind: 'pipeline', pipeline, fields: this.#fields() };
        }
        throw new TemplateFault(`unexpected "${token.text}" in operand`);
      default:
        throw new TemplateFault('unexpected end of an action');
    }
  }

  /** `.a.b` that follows without a space. */
  #fields(): string[] {
    const fields: string[] = [];
    let token = this.#tokens[this.#at];
    while (token?.kind === 'field') {
      fields.push(token.text);
      token = this.#tokens[++this.#at];
    }
    return fields;
  }

  #known(name: string): void {
    if (!this.#scope.includes(name)) throw new TemplateFault(`undefined variable "${name}"`);
  }

  #space(): void {
    let token = this.#tokens[this.#at];
    while (token?.kind === 'sign' && token.text === ' ') token = this.#tokens[++this.#at];
  }

  #sign(text: string): boolean {
    this.#space();
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'sign' || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #close(): void {
    this.#space();
    if (this.#tokens[this.#at]?.kind !== 'close')
      throw new TemplateFault('unexpected words before the end of an action');
    this.#at++;
  }
}

function integer(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.replace(/^\+/u, ''));
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u{7}', b: '\b', f: '\f', v: '\v' };

function unquoteGo(literal: string): string {
  const inner = literal.slice(1, -1);
  if (literal.startsWith('`')) return inner;
  return inner.replaceAll(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|(.))/giu,
    (_, ...found: (string | undefined)[]) => {
      const [byte, short, long, single] = found;
      const code = byte ?? short ?? long;
      return code === undefined
        ? (escapes[single ?? ''] ?? single ?? '')
        : String.fromCodePoint(Number.parseInt(code, 16));
    },
  );
}
