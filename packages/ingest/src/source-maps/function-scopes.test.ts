import { expect, test } from 'vitest';
import { FunctionScopes } from './function-scopes.ts';

/** The name at the mark `@` of a source; the mark itself is taken out. */
function nameAtMark(marked: string): string {
  const at = marked.indexOf('@');
  const before = marked.slice(0, at);
  const line = before.split('\n').length;
  const column = at - (before.lastIndexOf('\n') + 1);
  return new FunctionScopes(before + marked.slice(at + 1)).nameAt(line, column);
}

test.each([
  ['a declaration', 'export async function charge(order: Order): Promise<void> {\n  @x();\n}', 'charge'],
  ['the top', 'const a = 1;\n@x();', ''],
  ['after a function', 'function charge() {\n}\n@x();', ''],
  ['an arrow', 'const charge = async (order) => {\n  @x();\n};', 'charge'],
  ['an arrow with types', 'const charge: Charge = async (order: Order): Promise<void> => {\n  @x();\n};', 'charge'],
  ['an arrow of one parameter', 'const charge = order => {\n  @x();\n};', 'charge'],
  ['a method', 'class Till extends Base {\n  async charge(order: Order) {\n    @x();\n  }\n}', 'Till.charge'],
  ['a private method', 'class Till {\n  #charge() {\n    @x();\n  }\n}', 'Till.#charge'],
  ['an object’s method', 'const till = {\n  charge() {\n    @x();\n  },\n};', 'charge'],
  ['a property', 'const till = {\n  charge: function () {\n    @x();\n  },\n};', 'charge'],
  ['a callback', 'function outer() {\n  list.map((one) => {\n    @x();\n  });\n}', ''],
  ['a condition', 'function charge() {\n  if (a) {\n    @x();\n  }\n}', 'charge'],
  ['the innermost', 'function outer() {\n  function inner() {\n    @x();\n  }\n}', 'inner'],
  [
    'texts with brackets',
    'function charge() {\n  const a = "}", b = \'}\', c = /[}/]}/;\n  // }\n  /* } */\n  @x();\n}',
    'charge',
  ],
  [
    'a template',
    'function charge() {\n  const a = `} ${list.map((o) => { return `${o} }`; })} }`;\n  @x();\n}',
    'charge',
  ],
  ['a division', 'function charge(a) {\n  const b = a / 2; const c = 4 / a;\n  @x();\n}', 'charge'],
  ['JSX', 'export function Checkout() {\n  return <button onClick={() => {\n    @pay();\n  }}>Don’t</button>;\n}', ''],
])('%s', (_, source, name) => {
  expect(nameAtMark(source)).toBe(name);
});

test.each([
  '{'.repeat(100_000),
  '`${'.repeat(100_000),
  '('.repeat(200_000) + '{',
  '/*'.repeat(100_000),
  '}'.repeat(100_000),
])('a hostile source is read in bounded time: %.10s…', (source) => {
  expect(new FunctionScopes(source).nameAt(1, 5)).toBe('');
});
