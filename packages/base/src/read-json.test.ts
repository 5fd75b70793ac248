import { expect, it } from 'vitest';
import { readJson } from './read-json.ts';

/** Names in the order of the text, by a reader that knows nothing of shapes: one name an object. */
const namesOf = (value: unknown): string[] =>
  Object.entries(value as object).flatMap(([name, member]) =>
    typeof member === 'object' && member !== null ? [name, ...namesOf(member)] : [name],
  );

it.each([
  [String.raw`{"x":0,"\\":1}`, String.raw`{"x":0,"\n":1}`, ['x', '\n']],
  [String.raw`{"x":0,"\\":1}`, String.raw`{"x":0,"\"":1}`, ['x', '"']],
  [String.raw`{"x":0,"\\":1}`, String.raw`{"x":0,"\udc00":1}`, ['x', '\udc00']],
  [String.raw`{"x":0,"\\":1}`, String.raw`{"x":0,"\u0041" :1}`, ['x', 'A']],
  [String.raw`{"y":0,"a\\":1}`, String.raw`{"y":0,"a\n":{"a\"":1}}`, ['y', 'a\n', 'a"']],
  [String.raw`{"z":0,"中\\":1}`, String.raw`{"z":0,"中\t":1}`, ['z', '中\t']],
])('behind %s, %s keeps its names', (before, text, names) => {
  for (let n = 0; n < 3; n++) {
    readJson(before);
    JSON.parse(before);
    expect(namesOf(readJson(text))).toEqual(names);
    expect(namesOf(readJson(`[${before},${text}]`)).slice(-names.length)).toEqual(names);
  }
});

it.each([
  ['{"a":"x \\"b\\": y","c":[1,{"d":null}]}', { a: 'x "b": y', c: [1, { d: null }] }],
  ['"\\n:"', '\n:'],
  ['{"\\n":1,"b":2,"\\n":3,"1":4}', { 1: 4, '\n': 3, b: 2 }],
  [
    '{"~0":1,"\\u007e~":2,"\\n":"~","~~":{"\\t":[{"\\r":false}]}}',
    { '~0': 1, '~~': { '\t': [{ '\r': false }] }, '\n': '~' },
  ],
])('%s is read as it is meant', (text, value) => expect(readJson(text)).toEqual(value));

it('a name that objects have is a name', () => {
  const read = readJson('{"\\u005f_proto__":{"a":1},"\\n":{"__proto__":2}}');
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  expect(JSON.stringify(read)).toBe('{"__proto__":{"a":1},"\\n":{"__proto__":2}}');
});

it.each(['{"\\n":1', '{"\\x":1}', '{"a\n\\t":1}', '{"\\n":1}}', '\\":'])('%j is no JSON', (text) =>
  expect(() => readJson(text)).toThrow(SyntaxError),
);

it('what is deeper than can be walked is read all the same', () => {
  const deep = `${'['.repeat(100_000)}{"\\n":1}${']'.repeat(100_000)}`;
  expect(Array.isArray(readJson(deep))).toBe(true);
});

it('names of any characters come back, whatever was read before', () => {
  // A generator of Numerical Recipes: the same texts in each run.
  let seed = 7;
  const int = (below: number): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) % below;
  const odd = ['\\', '"', '\n', '\ud800', '\u0001', '/', 'a', '', '~', '0', '__proto__', 'a\\', 'a"', '\\\\', '中'];
  const one = (depth: number): readonly [string, string[]] => {
    const names = [...new Set(Array.from({ length: int(5) }, () => odd[int(odd.length)] ?? ''))];
    const members = names.map(() => (depth < 3 && int(3) === 0 ? one(depth + 1) : ['1', []])) as ReturnType<
      typeof one
    >[];
    const text = names.map((name, at) => `${JSON.stringify(name)}:${members[at]?.[0]}`).join(',');
    // Names that are whole numbers stand first.
    const order = names
      .map((name, at) => ({ name, at }))
      .sort((a, b) => Number(b.name === '0') - Number(a.name === '0'));
    return [`{${text}}`, order.flatMap(({ name, at }) => [name, ...(members[at]?.[1] ?? [])])];
  };
  for (let n = 0; n < 5000; n++) {
    const [text, names] = one(0);
    expect(namesOf(readJson(text)), text).toEqual(names);
  }
});
