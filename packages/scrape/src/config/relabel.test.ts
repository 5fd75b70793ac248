import { costGrowth, nearlyLinear } from '@sightline/base/testing';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readRelabelRules, relabel, relabelSteps } from './relabel.ts';
import { type Notes, Section } from './section.ts';

function rules(yaml: string): { notes: Notes; rules: ReturnType<typeof readRelabelRules> } {
  const notes: Notes = { errors: [], warnings: [] };
  return { notes, rules: readRelabelRules(new Section({ list: parse(yaml) }, '', notes), 'list') };
}

test.each<[yaml: string, before: Record<string, string>, after: Record<string, string> | 'dropped']>([
  ['[{source_labels: [a], target_label: b}]', { a: 'x' }, { a: 'x', b: 'x' }],
  ['[{source_labels: [a, c], target_label: b}]', { a: 'x', c: 'y' }, { a: 'x', c: 'y', b: 'x;y' }],
  [
    '[{source_labels: [a], regex: "(.*):.*", target_label: b, replacement: "${1}-z"}]',
    { a: 'h:1' },
    { a: 'h:1', b: 'h-z' },
  ],
  [
    '[{source_labels: [a], regex: "(?P<host>.*):.*", target_label: "b_$host", replacement: "$host"}]',
    { a: 'h:1' },
    { a: 'h:1', b_h: 'h' },
  ],
  ['[{source_labels: [a], regex: h, target_label: b}]', { a: 'hh' }, { a: 'hh' }],
  ['[{target_label: b, replacement: c}]', {}, { b: 'c' }],
  ['[{source_labels: [a], target_label: a, replacement: ""}]', { a: 'x' }, {}],
  ['[{source_labels: [a], regex: x, action: drop}]', { a: 'x' }, 'dropped'],
  ['[{source_labels: [a], regex: x, action: keep}]', { a: 'xy' }, 'dropped'],
  ['[{source_labels: [a], target_label: b, action: dropequal}]', { a: 'x', b: 'x' }, 'dropped'],
  ['[{source_labels: [a], target_label: b, action: keepequal}]', { a: 'x', b: 'y' }, 'dropped'],
  ['[{source_labels: [a], target_label: b, modulus: 8, action: hashmod}]', { a: 'foo' }, { a: 'foo', b: '0' }],
  ['[{regex: "__meta_(.+)", action: labelmap}]', { __meta_x: '1' }, { __meta_x: '1', x: '1' }],
  ['[{regex: "a.*", action: labeldrop}]', { ab: '1', b: '2' }, { b: '2' }],
  ['[{regex: "a.*", action: labelkeep}]', { ab: '1', b: '2' }, { ab: '1' }],
  ['[{source_labels: [a], target_label: a, action: lowercase}]', { a: 'XyZ' }, { a: 'xyz' }],
  ['[{source_labels: [a], target_label: a, action: uppercase}]', { a: 'XyZ' }, { a: 'XYZ' }],
])('%s', (yaml, before, after) => {
  const read = rules(yaml);
  expect(read.notes).toEqual({ errors: [], warnings: [] });
  const labels = new Map(Object.entries(before));
  expect(relabel(labels, read.rules) ? Object.fromEntries(labels) : 'dropped').toEqual(after);
});

test.each([
  ['[{action: explode}]', 'list[0]: action must be one of'],
  ['[{regex: "(", target_label: a}]', 'list[0]: regex cannot be read'],
  ['[{action: replace}]', 'list[0]: action replace needs a target_label'],
  ['[{action: hashmod, target_label: a}]', 'list[0]: action hashmod needs a modulus'],
])('%s is refused', (yaml, error) => expect(rules(yaml).notes.errors.join()).toContain(error));

test('each rule tells what it made of the labels; after a drop nothing is left', () => {
  const { rules: read } = rules(
    '[{source_labels: [a], regex: "(x)(.*)", target_label: b, replacement: "$1"}, {source_labels: [b], regex: y, action: keep}, {target_label: c, replacement: d}]',
  );
  expect(relabelSteps({ a: 'xz', empty: '' }, read)).toEqual([
    {
      rule: {
        source_labels: ['a'],
        separator: ';',
        regex: '(x)(.*)',
        target_label: 'b',
        replacement: '$1',
        action: 'replace',
      },
      output: { a: 'xz', b: 'x' },
      keep: true,
    },
    {
      rule: { source_labels: ['b'], separator: ';', regex: 'y', replacement: '$1', action: 'keep' },
      output: {},
      keep: false,
    },
    { rule: expect.objectContaining({ target_label: 'c' }) as object, output: {}, keep: false },
  ]);
});

test('a pattern that blows up elsewhere costs by the length of the value', async () => {
  const { rules: read } = rules('[{source_labels: [a], regex: "(a+)+b", target_label: b}]');
  const growth = await costGrowth(
    5000,
    (length) => new Map([['a', 'a'.repeat(length)]]),
    (labels) => relabel(labels, read),
  );
  expect(growth).toBeLessThan(nearlyLinear);
});
