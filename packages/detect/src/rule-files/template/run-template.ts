import { fail, ok, type Result } from '@sightline/base';
import { functions, type TemplateWorld } from './functions.ts';
import type { Command, Operand, Pipeline, TemplateBlock, TemplateNode } from './template.ts';
import { fieldOf, isTrue, printValue, TemplateFailure, type TemplateValue } from './template-value.ts';

const stepsMax = 20_000;
const outputMax = 64 * 1024;

export interface TemplateData extends TemplateWorld {
  readonly labels: ReadonlyMap<string, string>;
  readonly externalLabels: ReadonlyMap<string, string>;
  readonly value: TemplateValue;
}

/** Fills in a template. The error is a sentence; bounded in steps (20,000) and in what it writes (64 KiB). */
export async function runTemplate(nodes: readonly TemplateNode[], data: TemplateData): Promise<Result<string, string>> {
  const run = new TemplateRun(data);
  try {
    await run.list(nodes);
    return ok(run.output);
  } catch (error) {
    if (error instanceof TemplateFailure) return fail(error.message);
    throw error;
  }
}

type Ending = 'done' | 'break' | 'continue';

class TemplateRun {
  output = '';
  readonly #world: TemplateWorld;
  readonly #variables: { readonly name: string; value: TemplateValue }[];
  #dot: TemplateValue;
  #steps = 0;

  constructor(data: TemplateData) {
    this.#world = data;
    const { labels, externalLabels, externalUrl, value } = data;
    this.#dot = new Map<string, TemplateValue>([
      ['Labels', labels],
      ['ExternalLabels', externalLabels],
      ['ExternalURL', externalUrl],
      ['Value', value],
    ]);
    this.#variables = [
      { name: '$', value: this.#dot },
      { name: '$labels', value: labels },
      { name: '$externalLabels', value: externalLabels },
      { name: '$externalURL', value: externalUrl },
      { name: '$value', value },
    ];
  }

  async list(nodes: readonly TemplateNode[]): Promise<Ending> {
    for (const node of nodes) {
      this.#step();
      if (node.kind === 'text') this.#write(node.text);
      else if (node.kind === 'break' || node.kind === 'continue') return node.kind;
      else if (node.kind === 'action') {
        const value = await this.#pipeline(node.pipeline);
        if (node.pipeline.variables.length === 0) this.#write(printValue(value));
      } else {
        const ending = node.kind === 'range' ? await this.#range(node) : await this.#branch(node);
        if (ending !== 'done') return ending;
      }
    }
    return 'done';
  }

  async #branch({ kind, pipeline, body, otherwise }: TemplateBlock): Promise<Ending> {
    const [outer, dot] = [this.#variables.length, this.#dot];
    const value = await this.#pipeline(pipeline);
    const holds = isTrue(value);
    if (holds && kind === 'with') this.#dot = value;
    const ending = await this.list(holds ? body : otherwise);
    this.#dot = dot;
    this.#variables.length = outer;
    return ending;
  }

  async #range({ pipeline, body, otherwise }: TemplateBlock): Promise<Ending> {
    const [outer, dot] = [this.#variables.length, this.#dot];
    const value = await this.#pipeline({ ...pipeline, variables: [], declares: false });
    const items = entriesOf(value);
    for (const [key, item] of items) {
      this.#step();
      this.#dot = item;
      const [first, second] = pipeline.variables;
      if (first !== undefined) this.#set(first, second === undefined ? item : key, pipeline.declares);
      if (second !== undefined) this.#set(second, item, pipeline.declares);
      const ending = await this.list(body);
      this.#variables.length = outer;
      if (ending === 'break') break;
    }
    this.#dot = dot;
    return items.length === 0 ? this.list(otherwise) : 'done';
  }

  async #pipeline({ variables, declares, commands }: Pipeline): Promise<TemplateValue> {
    let value: TemplateValue = null;
    for (const [at, command] of commands.entries()) value = await this.#command(command, at === 0 ? [] : [value]);
    const [name] = variables;
    if (name !== undefined) this.#set(name, value, declares);
    return value;
  }

  async #command([head, ...rest]: Command, piped: readonly TemplateValue[]): Promise<TemplateValue> {
    this.#step();
    if (head === undefined) return null;
    if (head.kind !== 'function') {
      if (rest.length + piped.length > 0) throw new TemplateFailure("can't give argument to non-function");
      return this.#operand(head);
    }
    if (head.name === 'and' || head.name === 'or') {
      // These stop at the first that decides.
      let value: TemplateValue = null;
      for (const operand of rest) {
        value = await this.#operand(operand);
        if (isTrue(value) === (head.name === 'or')) return value;
      }
      return piped[0] ?? value;
    }
    const args: TemplateValue[] = [];
    for (const operand of rest) args.push(await this.#operand(operand));
    args.push(...piped);
    const called = functions[head.name];
    if (called === undefined) throw new TemplateFailure(`function "${head.name}" not defined`);
    return called(args, this.#world);
  }

  async #operand(operand: Operand): Promise<TemplateValue> {
    this.#step();
    const through = (value: TemplateValue, fields: readonly string[]) => fields.reduce(fieldOf, value);
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'dot':
        return through(this.#dot, operand.fields);
      case 'variable':
        return through(this.#variables.findLast(({ name }) => name === operand.name)?.value ?? null, operand.fields);
      case 'pipeline':
        return through(await this.#pipeline(operand.pipeline), operand.fields);
      case 'function':
        return this.#command([operand], []);
    }
  }

  #set(name: string, value: TemplateValue, declares: boolean): void {
    const known = declares ? undefined : this.#variables.findLast((variable) => variable.name === name);
    if (known === undefined) this.#variables.push({ name, value });
    else known.value = value;
  }

  #write(text: string): void {
    this.output += text;
    if (this.output.length > outputMax) throw new TemplateFailure(`writes more than ${outputMax} characters`);
  }

  #step(): void {
    if (++this.#steps > stepsMax) throw new TemplateFailure(`takes more than ${stepsMax} steps`);
  }
}

function entriesOf(value: TemplateValue): (readonly [TemplateValue, TemplateValue])[] {
  if (value === null || value === '') return [];
  if (Array.isArray(value)) return (value as readonly TemplateValue[]).map((item, at) => [BigInt(at), item] as const);
  if (value instanceof Map)
    return [...(value as ReadonlyMap<string, TemplateValue>)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (typeof value === 'bigint' && value >= 0n && value <= BigInt(stepsMax))
    return Array.from({ length: Number(value) }, (_, at) => [BigInt(at), BigInt(at)] as const);
  throw new TemplateFailure("range can't iterate over it");
}
