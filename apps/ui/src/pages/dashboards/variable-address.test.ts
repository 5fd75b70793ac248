import { dashboardVariable } from '@sightline/contract';
import { expect, test } from 'vitest';
import { readShape } from './option-shape.ts';
import { allValue, chosenOf, readChosen, shapeOptions, valueOf, writeChosen } from './variable-address.ts';

const site = dashboardVariable.parse({ type: 'site', name: 'site', multi: true, all: true, allValue: '.*' });
const custom = dashboardVariable.parse({ type: 'custom', name: 'q', options: [{ text: 'Half', value: '0.5' }] });
const options = [
  { text: 'A', value: 'A' },
  { text: 'B', value: 'B' },
];
const everywhere = { site: '', service: '' };

test.each([[['A', 'B,1', 'C\\']], [['x']], [[]]])('%j survives the address', (values) => {
  expect(readChosen(writeChosen(values))).toEqual(values);
});

test('the scope is stronger than the address, the address than what the author chose', () => {
  expect(chosenOf(site, options, { 'var-site': 'A,B' }, { site: 'STORE_9', service: '' })).toEqual(['STORE_9']);
  expect(chosenOf(site, options, { 'var-site': 'A,B' }, everywhere)).toEqual(['A', 'B']);
  expect(chosenOf(site, options, {}, everywhere)).toEqual([allValue]);
  expect(chosenOf(custom, options, {}, everywhere)).toEqual(['A']);
  expect(chosenOf(custom, options, { 'var-q': 'B,A' }, everywhere)).toEqual(['B']);
});

test('all is every option, or what the author wrote for it', () => {
  expect(valueOf({ variable: site, options, chosen: [allValue] })).toEqual({ values: ['.*'], multi: true, asIs: true });
  const spelled = { ...site, allValue: '' };
  expect(valueOf({ variable: spelled, options, chosen: [allValue] })).toEqual({ values: ['A', 'B'], multi: true });
  const many = Array.from({ length: 200 }, (_, i) => ({ text: `${i}`, value: `${i}` }));
  expect(valueOf({ variable: spelled, options: many, chosen: [allValue] })).toMatchObject({
    values: ['.*'],
    asIs: true,
  });
});

test('options are cut by an expression and sorted', async () => {
  const shaped = async (values: string[], regex: string, sort: string) => {
    const shape = await readShape(regex);
    if (!shape.ok) throw new Error(shape.error);
    return shapeOptions(values, shape.value, sort);
  };
  const texts = async (values: string[], regex: string, sort: string) =>
    (await shaped(values, regex, sort)).map(({ value }) => value);
  expect(await texts(['b:2', 'a:10', 'a:9', 'x'], '(\\w):(?:\\d+)', 'text')).toEqual(['a', 'b']);
  expect(await texts(['b:2', 'x'], '^x$', 'text')).toEqual(['x']);
  expect(await texts(['10', '9', '1'], '', 'number-desc')).toEqual(['10', '9', '1']);
  expect(await shaped(['id=1 n=One'], 'id=(?<value>\\d+) n=(?<text>\\w+)', 'text')).toEqual([
    { text: 'One', value: '1' },
  ]);
  expect(await readShape('[')).toMatchObject({ ok: false });
});
