import { describe, expect, test } from 'vitest';
import { readPattern } from '../pipelines/read-pattern.ts';
import { phraseOf, templateExpression } from './template-expression.ts';

/** What the variables of a template are in a line; undefined where it is no line of it. */
function read(template: string, line: string): Record<string, string> | undefined {
  const { expression, variables } = templateExpression(template);
  const found = new RegExp(expression.replace('(?s)', ''), 's').exec(line);
  return found ? Object.fromEntries(variables.map(({ name }, index) => [name, found[index + 1] ?? ''])) : undefined;
}

describe('variables of a template', () => {
  test.each([
    ['Payment <_> declined after <_> s', 'Payment ORD-1 declined after 1.2 s', { payment: 'ORD-1', after: '1.2' }],
    ['Payment <_> declined', '  Payment   a b declined ', { payment: 'a b' }],
    ['took=<_> path=/x/<_>', 'took=15ms path=/x/7', { took: '15ms', path: undefined, value: '7' }],
    ['{"status":<_>,"user":{"id":<_>}}', '{"status": 200,"user":{"id":"u1"}}', { status: '200', id: '"u1"' }],
    ['<_> to <_>', '1 to 2', { value: '1', to: '2' }],
    ['a <_> a <_>', 'a 1 a 2', { a: '1', a2: '2' }],
    ['cost (<_>) $1.', 'cost (7) $1.', { cost: '7' }],
    ['no variable', 'no variable', {}],
  ])('%s', (template, line, expected) => {
    const wanted = Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined));
    expect(read(template, line)).toEqual(wanted);
  });
  test.each([
    ['Payment <_> declined', 'Payment 1 authorised'],
    ['a.b <_>', 'axb 1'],
  ])('%s does not hold %s', (template, line) => expect(read(template, line)).toBeUndefined());
  test('of very many the first are taken', () => {
    const { variables } = templateExpression('v <_>, '.repeat(50));
    expect(variables).toHaveLength(20);
  });
});

test.each([
  'Payment <_> declined by <_> after <_> ms',
  '{"status":<_>,"user.name":<_>}',
  'level=info path=/orders/<_> [<_>] (<_>)*',
])('a parse step takes %s', (template) => {
  const { parse, variables } = templateExpression(template);
  const made = readPattern('regex', parse);
  expect(made.ok && made.value.groups.map(({ name }) => name)).toEqual(variables.map(({ name }) => name));
});

test('what is too long for a parse step, or has no variable, makes none', () => {
  expect(templateExpression(`${'word '.repeat(800)}<_>`).parse).toBe('');
  expect(templateExpression('drawer opened').parse).toBe('');
});

test.each([
  ['took=<_>', '15ms', 'request took=15ms', 'took=15ms'],
  ['by <_>', 'alpha', 'declined by alpha', 'by alpha'],
  ['by <_>', 'alpha', 'declined by  alpha', 'alpha'],
  ['{"a":<_>}', 'x', '{"a": "x"}', 'x'],
])('of %s = %s in %s one searches %s', (template, value, line, phrase) => {
  const [variable] = templateExpression(template).variables;
  expect(variable && phraseOf(variable, value, line)).toBe(phrase);
});
