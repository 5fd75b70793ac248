import { describe, expect, it } from 'vitest';
import { parseRuleFile } from './parse-rule-file.ts';
import { withGroup, withoutGroup, writtenGroups, yamlOf } from './rule-groups.ts';
import { fileOfNamespace, namespaceOf, ruleLanguageOf } from './rule-language.ts';

const group = (name: string, expr = 'sum(rate({app="till"} |= "jam" [5m])) > 0'): string =>
  yamlOf({ name, interval: '1m', rules: [{ alert: 'Jam', expr, for: '2m', labels: { severity: 'page' } }] });

/** The file after these groups were put into it one after the other. */
function fileWith(...groups: readonly string[]): string {
  let content = '';
  for (const one of groups) {
    const put = withGroup(content, one, 'logql');
    if (!put.ok) throw new Error(put.error.join('; '));
    content = put.value.content;
  }
  return content;
}
const names = (content: string): string[] => writtenGroups(content).map(({ name }) => name);

describe('groups of a file', () => {
  it('are put one by one, each in the place of the one of its name', () => {
    const content = fileWith(group('a'), group('b'), group('a', 'count_over_time({app="till"} [1m])'));
    expect(names(content)).toEqual(['a', 'b']);
    expect(parseRuleFile(content, 'logql')).toMatchObject({
      ok: true,
      value: [
        { name: 'a', intervalMs: 60_000, rules: [{ expression: 'count_over_time({app="till"} [1m])' }] },
        { name: 'b' },
      ],
    });
  });
  it('keep a name that YAML would read as a number', () =>
    expect(names(fileWith('{name: 7, rules: []}'))).toEqual(['7']));
  it('go one by one; the last takes the file with it', () => {
    const content = fileWith(group('a'), group('b'));
    expect(names(withoutGroup(content, 'a') ?? '')).toEqual(['b']);
    expect(withoutGroup(content, 'c')).toBeUndefined();
    expect(withoutGroup(fileWith(group('a')), 'a')).toBe('');
    expect(withoutGroup('', 'a')).toBeUndefined();
  });
  it.each([
    ['', 'expected a rule group'],
    ['- a', 'expected a rule group'],
    ['name: [', 'Flow sequence'],
    ['rules: []', 'Groupname must not be empty'],
    ['{name: a, rules: [], colour: red}', 'colour'],
    [group('a', '{app="till"}'), 'a rule needs a metric query'],
    [group('a', 'up == 0'), 'could not parse expression: parse error'],
    [group('a', 'rate({app="till"}[5m]'), 'group "a", rule 1, "Jam": could not parse expression: parse error'],
  ])('are refused: %j', (text, fault) => {
    const put = withGroup('', text, 'logql');
    expect(put.ok ? '' : put.error.join('; ')).toContain(fault);
  });
});

it.each([
  ['node.rules.yml', 'promql', 'node.rules.yml'],
  [fileOfNamespace('My Folder'), 'logql', 'My Folder'],
  [fileOfNamespace('logql:x'), 'logql', 'logql:x'],
])('the file %s is written in %s and is called %s by clients', (file, language, namespace) => {
  expect([ruleLanguageOf(file), namespaceOf(file)]).toEqual([language, namespace]);
});
