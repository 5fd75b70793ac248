import { unsigned, type Code, type ValueType } from './code.ts';

const typeBytes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f64: 0x7c, v128: 0x7b };

/** A parameter or variable of a function. */
export class Local {
  readonly get: Code;
  readonly #index: readonly number[];

  constructor(index: number) {
    this.#index = unsigned(index);
    this.get = [0x20, ...this.#index];
  }

  set(value: Code): Code {
    return [...value, 0x21, ...this.#index];
  }
}

/** `Count` of them, told apart by their place. */
export type Locals<Count extends number, Found extends Local[] = []> = Found['length'] extends Count
  ? Found
  : Locals<Count, [...Found, Local]>;

/** A function in the making: parameters first, variables afterwards. */
export class FunctionCode {
  readonly name: string;
  readonly result: ValueType;
  readonly parameters: ValueType[] = [];
  readonly variables: ValueType[] = [];
  body: Code = [];

  constructor(name: string, result: ValueType) {
    this.name = name;
    this.result = result;
  }

  parameter(type: ValueType): Local {
    this.parameters.push(type);
    return new Local(this.parameters.length - 1);
  }

  variable(type: ValueType): Local {
    this.variables.push(type);
    return new Local(this.parameters.length + this.variables.length - 1);
  }

  /** `count` parameters of one type, in their order. */
  parametersOf<Count extends number>(type: ValueType, count: Count): Locals<Count> {
    return Array.from({ length: count }, () => this.parameter(type)) as Locals<Count>;
  }

  /** `count` variables of one type, in their order. */
  variablesOf<Count extends number>(type: ValueType, count: Count): Locals<Count> {
    return Array.from({ length: count }, () => this.variable(type)) as Locals<Count>;
  }
}

const vectorOf = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
const nameOf = (text: string): Code => sized([...new TextEncoder().encode(text)]);
const preamble: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const section = (id: number, items: readonly Code[]): Code => [id, ...sized(vectorOf(items))];

/**
 * The bytes of a module with these functions, which work on the memory `memory` of `memory`
 * (https://webassembly.github.io/spec/core/binary/modules.html).
 */
export function moduleOf(functions: readonly FunctionCode[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...vectorOf(parameters.map((type) => [typeBytes[type]])),
    ...vectorOf([[typeBytes[result]]]),
  ]);
  const memory = [...nameOf('memory'), ...nameOf('memory'), 0x02, 0x00, 0x01];
  const bodies = functions.map(({ variables, body }) =>
    sized([...vectorOf(variables.map((type) => [1, typeBytes[type]])), ...body, 0x0b]),
  );
  return Uint8Array.from([
    ...preamble,
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      functions.map(({ name }, i) => [...nameOf(name), 0x00, ...unsigned(i)]),
    ),
    ...section(10, bodies),
  ]);
}
