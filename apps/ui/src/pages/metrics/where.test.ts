import { describe, expect, it } from 'vitest';
import {
  drawnUnit,
  exemplarExpression,
  firstAggregate,
  keepsMeasure,
  readWhere,
  seriesName,
  setWhere,
  writeWhere,
} from './where.ts';

describe('where', () => {
  it.each([
    ['', ''],
    ['site=A', 'site=A'],
    ['site=A, code=200', 'site=A,code=200'],
    ['expr=a=b', 'expr=a=b'],
    ['junk,=x,site=A', 'site=A'],
    ['site=', 'site='],
  ])('%s reads and writes as %s', (text, back) => expect(writeWhere(readWhere(text))).toBe(back));
  it('leaves out what the form cannot say', () =>
    expect(
      writeWhere([
        { label: 'a', value: 'x,y' },
        { label: 'b=c', value: 'z' },
        { label: 'd', value: 'e' },
      ]),
    ).toBe('d=e'));
  it('sets and takes away', () => {
    const pairs = [{ label: 'site', value: 'A' }];
    expect(writeWhere(setWhere(pairs, 'site', 'B'))).toBe('site=B');
    expect(writeWhere(setWhere(pairs, 'site', ''))).toBe('');
  });
});

it.each([
  [{}, 'cpu'],
  [{ site: 'A' }, 'A'],
  [{ site: '' }, '(none)'],
  [{ site: 'A', code: '200' }, 'site=A, code=200'],
])('%j is called %s', (labels, name) => expect(seriesName(labels, 'cpu')).toBe(name));

it.each([
  ['counter', 'rate'],
  ['sum', 'rate'],
  ['gauge', 'avg'],
  ['histogram', 'p95'],
  ['', 'avg'],
])('%s starts with %s', (type, aggregate) => expect(firstAggregate(type)).toBe(aggregate));

it('knows the unit of a rate', () => {
  expect(drawnUnit('By', 'rate')).toBe('By/s');
  expect(drawnUnit('', 'rate')).toBe('1/s');
  expect(drawnUnit('ms', 'count')).toBe('1');
  expect(drawnUnit('ms', 'p95')).toBe('ms');
});

describe('exemplars of a metric', () => {
  it.each([
    ['d', '', '{__name__="d"} or {__name__="d_bucket"}'],
    ['a.b"', 'site=A', '{__name__="a.b\\"",site="A"} or {__name__="a.b\\"_bucket",site="A"}'],
    ['d', 'http.route=/x', '{__name__="d","http.route"="/x"} or {__name__="d_bucket","http.route"="/x"}'],
  ])('%s where %s', (metric, where, expression) =>
    expect(exemplarExpression(metric, readWhere(where))).toBe(expression),
  );
  it.each([
    ['p95', true],
    ['max', true],
    ['rate', false],
    ['sum', false],
  ])('stand at their value beside %s: %j', (aggregate, kept) => expect(keepsMeasure(aggregate)).toBe(kept));
});
