import { describe, expect, test } from 'vitest';
import { BadLiteral, identifierLiteral, parameterLiteral, stringLiteral, unescapeTsv } from './sql-literal.ts';
import { tokens, toBinary } from './sql-lexer.ts';

const literal = (text: string, type: string): string => parameterLiteral(Buffer.from(text, 'utf8'), type);

describe('a string literal', () => {
  test.each([
    ["it's", "'it\\x27s'"],
    ['a\\', "'a\\x5c'"],
    ['a\n\nDROP TABLE t', "'a\\x0a\\x0aDROP TABLE t'"],
    ['\0', "'\\x00'"],
    ['Grüße 🚀', "'Grüße 🚀'"],
    ['', "''"],
  ])('for %j is %s', (value, sql) => expect(stringLiteral(value)).toBe(sql));

  test('bytes that are not UTF-8 are written as escapes, all of them', () => {
    expect(stringLiteral(Buffer.from([0xff, 0x41, 0xc3]))).toBe("'\\xffA\\xc3'");
  });

  test('is one token without a line break, whatever 5,000 hostile texts it is made of', () => {
    for (let seed = 0; seed < 5000; seed++) {
      const sql = stringLiteral(hostileText(seed));
      expect([...tokens(toBinary(sql))].map((t) => t.kind)).toEqual(['string']);
      // eslint-disable-next-line no-control-regex
      expect(sql).not.toMatch(/[\0-\x1f]/);
    }
  });
});

const pieces = [
  "'",
  "''",
  '\\',
  "\\'",
  '\n\n',
  '\r\n',
  '\0',
  '--',
  '/*',
  '*/',
  '{x:String}',
  '}',
  ';',
  '`',
  '"',
  '$$',
  '# ',
  'DROP',
  'é',
  '🚀',
  'FORMAT',
  '\\x27',
  '\\N',
];

function hostileText(seed: number): string {
  let state = seed * 2654435761 + 1;
  const next = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  return Array.from({ length: 1 + next(9) }, () => pieces[next(pieces.length)] ?? '').join('');
}

describe('a parameter', () => {
  test.each([
    ['5', 'UInt8', "CAST('5' AS UInt8)"],
    ['1; DROP TABLE t', 'UInt64', "CAST('1; DROP TABLE t' AS UInt64)"],
    ['a`b', 'Identifier', '`a\\x60b`'],
    ['\\N', 'Nullable(String)', 'CAST(NULL AS Nullable(String))'],
    ["['a','b']", 'Array(String)', "CAST('[\\x27a\\x27,\\x27b\\x27]' AS Array(String))"],
    ['a\\tb', 'String', "'a\\x09b'"],
    ['2026-01-01 00:00:00', "DateTime64(3, 'UTC')", "CAST('2026-01-01 00:00:00' AS DateTime64(3, 'UTC'))"],
  ])('%j of type %s is %s', (text, type, sql) => expect(literal(text, type)).toBe(sql));

  test.each([
    ['UInt8) , (SELECT 1', 'a type that closes its bracket and goes on'],
    ['Array(UInt8', 'a type that is not closed'],
    ["Enum8('a", 'a type with an open quote'],
    ['UInt8;', 'a semicolon'],
    ['', 'nothing'],
    ['UInt8 `x`', 'a quoted name'],
  ])('the type %j is refused: %s', (type) => expect(() => literal('1', type)).toThrow(BadLiteral));

  test('NULL is refused for a type that has none', () => expect(() => literal('\\N', 'UInt8')).toThrow(BadLiteral));
  test('an empty name is refused', () => expect(() => identifierLiteral('')).toThrow(BadLiteral));
});

test('TSV escapes are undone as the server does it', () => {
  expect(unescapeTsv(Buffer.from(String.raw`a\tb\\n\'\x41\q\0\n`)).toString()).toBe("a\tb\\n'Aq\0\n");
});
