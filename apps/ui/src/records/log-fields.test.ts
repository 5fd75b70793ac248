import { describe, expect, it } from 'vitest';
import { freeFields } from './log-fields.ts';
import { prettyBody } from './pretty-body.ts';

describe('prettyBody', () => {
  it.each([
    ['plain words', 'plain words', false],
    ['{"a":1}', '{\n  "a": 1\n}', true],
    ['order taken {"id":7}', 'order taken\n{\n  "id": 7\n}', true],
    ['[1,2]', '[\n  1,\n  2\n]', true],
    ['a {broken', 'a {broken', false],
    ['{}', '{}', false],
    ['', '', false],
  ])('%s', (body, text, json) => expect(prettyBody(body)).toEqual({ text, json }));
  it('leaves what is very long alone', () => {
    const long = `{"a":"${'x'.repeat(300_000)}"}`;
    expect(prettyBody(long).json).toBe(false);
  });
});

it.each([
  ['http.method', '@', 'http.method'],
  ['status', '@', '@status'],
  ['host.name', 'res.', 'res.host.name'],
  ['with blank', '@', ''],
  ['a"b', 'res.', ''],
] as const)('%s is searched as %s%s', (label, prefix, search) => {
  expect(freeFields({ [label]: 'x' }, prefix === '@' ? 'attributes' : 'resource', prefix)[0]?.search).toBe(search);
});
