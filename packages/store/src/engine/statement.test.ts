import { describe, expect, test } from 'vitest';
import { bindParameters, insertFromFile, readStatement, rowsIntoFile, StatementRefused } from './statement.ts';

const none = new Map<string, Uint8Array>();
const read = (sql: string) => readStatement(sql, none);
const bound = (values: Record<string, string>) =>
  new Map(Object.entries(values).map(([k, v]) => [k, Buffer.from(v)] as const));

function intoFile(sql: string): string {
  const statement = read(sql);
  if (statement.kind !== 'rows') throw new Error(`read as ${statement.kind}`);
  return rowsIntoFile(statement, '/p', 'TSV').replaceAll(/\s+/g, ' ');
}

function fromFile(sql: string): [string, string] {
  const statement = read(sql);
  if (statement.kind !== 'insert-data') throw new Error(`read as ${statement.kind}`);
  return [insertFromFile(statement, '/p').replaceAll(/\s+/g, ' ').trim(), sql.slice(statement.dataAt)];
}

describe('a query that gives rows', () => {
  test.each([
    ['SELECT 1', "SELECT 1 INTO OUTFILE '/p' APPEND FORMAT TSV"],
    ['SELECT 1 FORMAT JSON', "SELECT 1 INTO OUTFILE '/p' APPEND FORMAT JSON"],
    ['SELECT 1 SETTINGS a = 1 FORMAT CSV;', "SELECT 1 SETTINGS a = 1 INTO OUTFILE '/p' APPEND FORMAT CSV"],
    ['SELECT 1 FORMAT CSV SETTINGS a = 1', "SELECT 1 INTO OUTFILE '/p' APPEND FORMAT CSV SETTINGS a = 1"],
    ["SELECT 'x FORMAT JSON'", "SELECT 'x FORMAT JSON' INTO OUTFILE '/p' APPEND FORMAT TSV"],
    ['SELECT 1 -- FORMAT JSON', "SELECT 1 -- FORMAT JSON INTO OUTFILE '/p' APPEND FORMAT TSV"],
    ['(SELECT 1) UNION ALL (SELECT 2)', "(SELECT 1) UNION ALL (SELECT 2) INTO OUTFILE '/p' APPEND FORMAT TSV"],
    ['/* c */ WITH 1 AS x SELECT x', "/* c */ WITH 1 AS x SELECT x INTO OUTFILE '/p' APPEND FORMAT TSV"],
    ['SELECT 1 AS format', "SELECT 1 AS format INTO OUTFILE '/p' APPEND FORMAT TSV"],
  ])('%s', (sql, expected) => expect(intoFile(sql)).toBe(expected));
});

describe('an INSERT with data', () => {
  test.each([
    ['INSERT INTO t VALUES (1)', "INSERT INTO t FROM INFILE '/p' COMPRESSION 'none' FORMAT Values", ' (1)'],
    [
      'INSERT INTO d.t (a, b) FORMAT CSV\n1,2\n',
      "INSERT INTO d.t (a, b) FROM INFILE '/p' COMPRESSION 'none' FORMAT CSV",
      '1,2\n',
    ],
    [
      'insert into `t` format JSONEachRow',
      "insert into `t` FROM INFILE '/p' COMPRESSION 'none' FORMAT JSONEachRow",
      '',
    ],
    [
      'INSERT INTO t SETTINGS x = 1 FORMAT TSV\n\n\nDROP TABLE t',
      "INSERT INTO t FROM INFILE '/p' COMPRESSION 'none' SETTINGS x = 1 FORMAT TSV",
      '\n\nDROP TABLE t',
    ],
    [
      'INSERT INTO t (`a)b`, "c\'") FORMAT CSV\n\'',
      "INSERT INTO t (`a)b`, \"c'\") FROM INFILE '/p' COMPRESSION 'none' FORMAT CSV",
      "'",
    ],
    [
      "INSERT INTO FUNCTION file('x', CSV) FORMAT CSV\n1",
      "INSERT INTO FUNCTION file('x', CSV) FROM INFILE '/p' COMPRESSION 'none' FORMAT CSV",
      '1',
    ],
  ])('%j', (sql, statement, data) => expect(fromFile(sql)).toEqual([statement, data]));

  test.each([
    'INSERT INTO t SELECT 1',
    'INSERT INTO t (a) WITH 1 AS x SELECT x',
    'INSERT INTO t (SELECT 1)',
    "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
  ])('%s has none', (sql) => expect(read(sql).kind).toBe('other'));
});

describe('refused', () => {
  test.each(['SELECT 1; SELECT 2', 'SELECT 1;\n\nDROP TABLE t', 'CREATE TABLE x (a Int8) ENGINE = Null; DROP TABLE x'])(
    'two statements: %j',
    (sql) => expect(() => read(sql)).toThrow(StatementRefused),
  );
  test.each(["SELECT 'a", 'SELECT `a', 'SELECT /* a', ''])('open or empty: %j', (sql) =>
    expect(() => read(sql)).toThrow(),
  );
  test('a semicolon in a text, a comment or a heredoc is no second statement', () => {
    expect(read("SELECT ';', $$;$$ -- ; x\n /* ; */ ;").kind).toBe('rows');
  });
});

describe('binding', () => {
  test('replaces what is code and leaves what is text', () => {
    const sql = "SELECT {a:String}, '{a:String}', `{a:String}` -- {a:String}";
    expect(bindParameters(sql, bound({ a: "x'y" }))).toBe("SELECT 'x\\x27y', '{a:String}', `{a:String}` -- {a:String}");
  });
  test('a value that looks like a parameter is not bound again', () => {
    expect(bindParameters('SELECT {a:String}, {b:String}', bound({ a: '{b:String}', b: 'z' }))).toBe(
      "SELECT '{b:String}', 'z'",
    );
  });
  test('a map literal is no parameter', () => {
    expect(bindParameters("SELECT {'a': 1}", none)).toBe("SELECT {'a': 1}");
  });
  test('a missing value is said by name', () => {
    expect(() => bindParameters('SELECT {nobody:String}', none)).toThrow(/nobody/);
  });
});

test.each([
  ['SET max_threads = 1', 'session'],
  ['USE x', 'session'],
  ['CREATE TEMPORARY TABLE t (a Int8)', 'session'],
  ['CREATE TABLE t (a Int8) ENGINE = Null', 'other'],
  ['SHOW TABLES', 'other'],
])('%s is of kind %s', (sql, kind) => expect(read(sql).kind).toBe(kind));
