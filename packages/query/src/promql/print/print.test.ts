import { describe, expect, it } from 'vitest';
import type { Expression } from '../ast.ts';
import { parsePromql } from '../parse/parse.ts';
import { showTree } from '../test-support/show-tree.ts';
import { describeTree } from './describe-tree.ts';
import { formatPromql } from './format.ts';
import { printPromql } from './print.ts';

function parsed(text: string): Expression {
  const found = parsePromql(text);
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
}

describe('an expression on one line', () => {
  it.each([
    ['1e3', '1000'],
    ['1e-9', '0.000000001'],
    ['-1.5e22', '-15000000000000000000000'],
    ['inf', '+Inf'],
    ['90m', '1h30m'],
    ['-1d', '-1d'],
    ['8d', '8d'],
    ['15d1h', '361h'],
    ["'a\"b'", '"a\\"b"'],
    ['up{b="2",a="1"}', 'up{a="1",b="2"}'],
    ['{"my.metric", "a.b"=~"x"}', '{"a.b"=~"x",__name__="my.metric"}'],
    ['x[300] @ 1.5 offset 60', 'x[5m] @ 1.500 offset 1m'],
    ['x offset -5m @ start()', 'x @ start() offset -5m'],
    ['x[5m] smoothed offset 1m', 'x[5m] smoothed offset 1m'],
    ['rate(x[1m])[1h:]', 'rate(x[1m])[1h:]'],
    ['x[1h:30s] @ end()', 'x[1h:30s] @ end()'],
    ['x[(5m)*2]', 'x[(5m) * 2]'],
    ['x[max_of(step(),1m)]', 'x[max_of(step(), 1m)]'],
    ['x offset -(step()+1)', 'x offset -(step() + 1)'],
    ['sum(x)by(a,"b.c")', 'sum by (a, "b.c") (x)'],
    ['sum by()(x)', 'sum(x)'],
    ['sum without()(x)', 'sum without () (x)'],
    ['topk(5,x)', 'topk(5, x)'],
    ['a==bool on(x)group_left(y)b', 'a == bool on (x) group_left (y) b'],
    ['a*ignoring(x)group_right b', 'a * ignoring (x) group_right () b'],
    ['a+fill(1000000)b', 'a + fill (1e+06) b'],
    ['a+fill(0)b', 'a + fill (0) b'],
    ['a+on()fill_right(1e21)fill_left(2)b', 'a + on () fill_left (2) fill_right (1e+21) b'],
    ['-(x)^-2', '-(x) ^ -2'],
    ['time()', 'time()'],
  ])('%s', (text, printed) => {
    expect(printPromql(parsed(text))).toBe(printed);
    expect(showTree(parsed(printed))).toBe(showTree(parsed(printPromql(parsed(printed)))));
  });
});

describe('an expression on lines of at most 30 bytes', () => {
  it.each([
    ['sum(x)', 'sum(x)'],
    ['sum by (job, instance) (rate(requests_total[5m]))', 'sum by (job, instance) (\n  rate(requests_total[5m])\n)'],
    ['topk(3, some_rather_long_name{a="b"})', 'topk(\n  3,\n  some_rather_long_name{a="b"}\n)'],
    [
      'some_metric_of_ours / on (site) group_left () other_metric_of_ours',
      '  some_metric_of_ours\n/ on (site) group_left ()\n  other_metric_of_ours',
    ],
    ['-(some_metric_of_ours + other_metric)', '-(\n    some_metric_of_ours\n  +\n    other_metric\n)'],
    ['abs(some_metric_of_ours + 1)[30m:1m]', 'abs(some_metric_of_ours + 1)[30m:1m]'],
    ['label_join(some_metric_of_ours, "a", "b", "c")', 'label_join(\n  some_metric_of_ours,\n  "a",\n  "b",\n  "c"\n)'],
  ])('%s', (text, formatted) => {
    expect(formatPromql(parsed(text), 30)).toBe(formatted);
  });

  it('takes long chains', () => {
    const chain = `x${' or x'.repeat(990)}`;
    expect(formatPromql(parsed(chain)).split('\n').length).toBeGreaterThan(1000);
  });
});

describe("an expression as Prometheus' API describes it", () => {
  it('has every kind of node', () => {
    expect(describeTree(parsed('sum by (a) (rate(x{b="c"}[5m] offset 1m)) > bool on (a) group_left (d) -y'))).toEqual({
      type: 'binaryExpr',
      op: '>',
      bool: true,
      matching: {
        card: 'many-to-one',
        labels: ['a'],
        on: true,
        include: ['d'],
        fillValues: { lhs: null, rhs: null },
      },
      lhs: {
        type: 'aggregation',
        op: 'sum',
        param: null,
        grouping: ['a'],
        without: false,
        expr: {
          type: 'call',
          func: { name: 'rate', argTypes: ['matrix'], variadic: 0, returnType: 'vector' },
          args: [
            {
              type: 'matrixSelector',
              name: 'x',
              range: 300_000,
              rangeExpr: null,
              offset: 60_000,
              offsetExpr: null,
              matchers: [
                { name: 'b', type: '=', value: 'c' },
                { name: '__name__', type: '=', value: 'x' },
              ],
              timestamp: null,
              startOrEnd: null,
              anchored: false,
              smoothed: false,
            },
          ],
        },
      },
      rhs: {
        type: 'unaryExpr',
        op: '-',
        expr: {
          type: 'vectorSelector',
          name: 'y',
          offset: 0,
          offsetExpr: null,
          matchers: [{ name: '__name__', type: '=', value: 'y' }],
          timestamp: null,
          startOrEnd: null,
          anchored: false,
          smoothed: false,
        },
      },
    });
    expect(describeTree(parsed('(x @ end())[1h:min_of(step(), 5m) * 2]'))).toEqual({
      type: 'subquery',
      range: 3_600_000,
      rangeExpr: null,
      offset: 0,
      offsetExpr: null,
      step: 0,
      stepExpr: {
        type: 'durationExpr',
        op: '*',
        lhs: {
          type: 'durationExpr',
          op: 'min_of',
          lhs: { type: 'durationExpr', op: 'step', lhs: null, rhs: null, wrapped: false },
          rhs: { type: 'numberLiteral', val: '300', duration: true },
          wrapped: false,
        },
        rhs: { type: 'numberLiteral', val: '2', duration: false },
        wrapped: false,
      },
      timestamp: null,
      startOrEnd: null,
      expr: {
        type: 'parenExpr',
        expr: {
          type: 'vectorSelector',
          name: 'x',
          offset: 0,
          offsetExpr: null,
          matchers: [{ name: '__name__', type: '=', value: 'x' }],
          timestamp: null,
          startOrEnd: 'end',
          anchored: false,
          smoothed: false,
        },
      },
    });
    expect(describeTree(parsed('topk(NaN, x)'))).toMatchObject({ param: { type: 'numberLiteral', val: 'NaN' } });
    expect(describeTree(parsed('"a"'))).toEqual({ type: 'stringLiteral', val: 'a' });
  });
});
