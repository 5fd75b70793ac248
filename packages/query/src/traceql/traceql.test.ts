import { describe, expect, test } from 'vitest';
import type { SpanRecord } from '../traces/span-row.ts';
import { treeOf } from '../traces/analyse/trace-tree.ts';
import { type MetricMath, seriesAskedAt } from './ast.ts';
import { ConditionSql } from './condition-sql.ts';
import { atHand, runPipeline } from './evaluate.ts';
import type { FullSpan } from './full-span.ts';
import { parseTraceql } from './parse.ts';
import { tagFilter } from './tag-filter.ts';

const begin = 1_795_000_000_000_000_000n;
type More = Partial<FullSpan>;
function span(spanId: string, parentId: string, more: More = {}): FullSpan {
  return {
    traceId: 'ab'.repeat(16),
    spanId,
    parentId,
    name: spanId,
    service: 'shop',
    site: '',
    device: '',
    kind: 'internal',
    status: 'unset',
    statusMessage: '',
    startNs: String(begin),
    at: 0,
    durationNs: 1e6,
    correlationId: '',
    release: '',
    environment: '',
    attributes: {},
    resource: {},
    events: [],
    links: [],
    scopeName: '',
    traceState: '',
    linkAttributes: [],
    ...more,
  };
}
/** root → (a → (b, c), d) */
const spans: SpanRecord[] = [
  span('root', '', {
    kind: 'server',
    durationNs: 2e9,
    service: 'gateway',
    attributes: { 'http.method': 'GET', 'http.status_code': '500', flag: 'true' },
  }),
  span('a', 'root', { durationNs: 1e9, resource: { region: 'FL' }, status: 'error', statusMessage: 'card declined' }),
  span('b', 'a', {
    kind: 'client',
    durationNs: 3e8,
    attributes: { 'db.system': 'postgresql', rows: '12', 'odd name': 'x' },
    scopeName: 'pg',
  }),
  span('c', 'a', {
    kind: 'client',
    durationNs: 2e8,
    attributes: { rows: '30' },
    events: [{ at: 0, tsNs: String(begin + 5n), name: 'retry', attributes: { attempt: '2' } }],
  }),
  span('d', 'root', {
    durationNs: 1e8,
    service: 'mail',
    links: [{ traceId: 'cd'.repeat(16), spanId: 'ef'.repeat(8) }],
    linkAttributes: [{ why: 'batch' }],
  }),
];
const trace = atHand(treeOf(spans));

/** Names of the spans that match, groups parted by `|`. */
function found(query: string): string {
  const parsed = parseTraceql(query);
  if (!parsed.ok) throw new Error(`${parsed.error.message} at ${parsed.error.position.from}`);
  return runPipeline(parsed.value.pipeline, trace)
    .map((group) =>
      group.spans
        .map((one) => one.span.spanId)
        .toSorted()
        .join(' '),
    )
    .join(' | ');
}
const all = 'a b c d root';

test.each([
  ['{}', all],
  ['{ true }', all],
  ['{ false }', ''],
  ['{ name = "a" }', 'a'],
  ['{ name != "a" && name =~ "[ab]" }', 'b'],
  ['{ name =~ "roo" }', ''],
  ['{ name !~ "roo." }', 'a b c d'],
  ['{ duration > 250ms }', 'a b root'],
  ['{ duration >= 1s }', 'a root'],
  ['{ 1s < duration }', 'root'],
  ['{ span:duration = 0.3s }', 'b'],
  ['{ status = error }', 'a'],
  ['{ status != error && kind = client }', 'b c'],
  ['{ statusMessage =~ "card.*" }', 'a'],
  ['{ .http.status_code = 500 }', 'root'],
  ['{ span.http.status_code >= 400 && .http.method = "GET" }', 'root'],
  ['{ .rows > 20 || .rows < 13 }', 'b c'],
  ['{ .rows * 2 + 6 = 30 }', 'b'],
  ['{ -.rows < -20 }', 'c'],
  ['{ .rows ^ 2 = 144 }', 'b'],
  ['{ .rows % 7 = 5 }', 'b'],
  ['{ .flag }', 'root'],
  ['{ .flag = true }', 'root'],
  ['{ !(.flag = true) }', 'a b c d'],
  ['{ .rows = nil }', 'a d root'],
  ['{ .rows != nil }', 'b c'],
  ['{ .rows != "12" }', 'c'],
  ['{ resource.region = "FL" }', 'a'],
  ['{ .region = "FL" }', 'a'],
  ['{ span.region = "FL" }', ''],
  ['{ resource.service.name = "mail" }', 'd'],
  ['{ ."odd name" = "x" }', 'b'],
  ['{ span."odd name" = `x` }', 'b'],
  ['{ parent.resource.region = "FL" }', 'b c'],
  ['{ parent.span.http.method = "GET" }', 'a d'],
  ['{ parent = nil }', 'root'],
  ['{ nestedSetParent < 0 }', 'root'],
  ['{ nestedSetParent = 1 }', 'a d'],
  ['{ nestedSetLeft = 1 && nestedSetRight = 10 }', 'root'],
  ['{ childCount > 1 }', 'a root'],
  ['{ rootName = "root" && rootServiceName = "gateway" && traceDuration > 1s }', all],
  ['{ trace:rootService = "mail" }', ''],
  ['{ event:name = "retry" }', 'c'],
  ['{ event.attempt = "2" && event:timeSinceStart < 1us }', 'c'],
  ['{ link.why = "batch" }', 'd'],
  [`{ link:traceID = "${'cd'.repeat(16)}" }`, 'd'],
  ['{ instrumentation:name = "pg" }', 'b'],
  ['{ span:id = "b" }', 'b'],
  ['{ name = "a" || name = "b" && name = "c" }', ''],
  ['{ name = "a" } && { name = "b" }', 'a b'],
  ['{ name = "a" } && { name = "z" }', ''],
  ['{ name = "a" } || { name = "z" }', 'a'],
  ['{ name = "root" } > {}', 'a d'],
  ['{ name = "root" } >> {}', 'a b c d'],
  ['{ name = "b" } < {}', 'a'],
  ['{ name = "b" } << {}', 'a root'],
  ['{ name = "b" } ~ {}', 'c'],
  ['{ name = "a" } !> {}', 'a d root'],
  ['{ name = "a" } !>> { kind = client }', ''],
  ['{ name = "b" } !<< {}', 'b c d'],
  ['{ name = "b" } !~ {}', 'a b d root'],
  ['{ name = "b" } !< {}', 'b c d root'],
  ['{ name = "root" } &>> { kind = client }', 'b c root'],
  ['{ name = "a" } &> {}', 'a b c'],
  ['{ kind = client } &< {}', 'a b c'],
  ['{ name = "b" } &<< {}', 'a b root'],
  ['{ name = "b" } &~ {}', 'b c'],
  ['{ name = "root" } > { name = "a" } > { kind = client }', 'b c'],
  ['({ name = "b" } || { name = "c" }) << { name = "root" }', 'root'],
  ['{ kind = client } | count() = 2', 'b c'],
  ['{ kind = client } | count() > 2', ''],
  ['{ kind = client } | avg(duration) = 250ms', 'b c'],
  ['{} | max(.rows) - min(.rows) = 18', all],
  ['{} | sum(.rows) / count() > 8', all],
  ['{} | sum(.nothing) > 0', ''],
  ['{} | 2 < count()', all],
  ['{} | { kind = client } | { .rows > 20 }', 'c'],
  ['{} | by(kind) | count() > 1', 'a d | b c'],
  ['{} | by(resource.service.name) | coalesce() | count() = 5', all],
  ['{ kind = client } | select(.rows, duration)', 'b c'],
  ['({ kind = client } | count() > 1) && { name = "root" }', 'b c root'],
  ['{ .a-b/c = "x" }', ''],
  ['by(kind) | count() > 1', 'a d | b c'],
  ['{} | by(.rows / 10 > 2) | count() = 1', 'c'],
  ['{ .rows } | by(2 * .rows - 24)', ''],
  ['{ .rows > 0 } | by(2 * .rows - 24) | count() = 1', 'b | c'],
  ['select(.rows) | { .rows > 20 }', 'c'],
  ['{ .rows > minInt && .rows < maxInt && .rows != maxInt }', 'b c'],
])('%s finds %s', (query, expected) => expect(found(query).split(' | ').toSorted().join(' | ')).toBe(expected));

test('groups are named by what they are reckoned of', () => {
  const parsed = parseTraceql('{ .rows > 0 } | by(2 * (.rows - 24))');
  if (!parsed.ok) throw new Error(parsed.error.message);
  expect(runPipeline(parsed.value.pipeline, trace).map(({ values }) => values)).toEqual([
    { 'by(2 * (.rows - 24))': -24 },
    { 'by(2 * (.rows - 24))': 12 },
  ]);
});

test.each([
  ['', 1, 'expected `{`'],
  ['{', 2, 'expected a value'],
  ['{ name = "a"', 13, 'expected `}`'],
  ['{ name = "a }', 10, 'a text that does not end'],
  ['{ foo = 1 }', 3, '`foo` is no intrinsic'],
  ['{ name = 5 }', 8, 'cannot compare text with number'],
  ['{ duration > "1s" }', 12, 'cannot compare duration with text'],
  ['{ status > ok }', 10, 'needs an order'],
  ['{ duration }', 3, 'a filter must be true or false'],
  ['{ name =~ "(" }', 11, 'not a regular expression'],
  ['{ name =~ .x }', 11, 'needs a regular expression in quotes'],
  ['{ .a + "b" = 1 }', 8, 'expected a number'],
  ['{} | count()', 13, 'a comparison'],
  ['{} | avg(name) > 1', 10, 'needs numbers'],
  ['{} | by(1)', 9, 'by() takes attributes'],
  ['{} } ', 4, 'expected the end'],
  ['{} | rate() | count() > 1', 15, '`topk` or `bottomk`'],
  ['{} | quantile_over_time(duration)', 6, 'needs a quantile'],
  ['{} | quantile_over_time(duration, 2)', 6, 'between 0 and 1'],
  ['{} | compare({}, 0)', 6, 'between 1 and 1000'],
  ['{} | compare({}, 5, 10)', 6, 'a start and a later end'],
  ['{} | compare({}) | topk(1)', 6, 'cannot stand before topk'],
  ['{} | compare({}) > 1', 18, 'cannot stand before a comparison'],
  ['{} | by(1 + 2)', 11, 'by() takes attributes'],
  ['{} | by(1 + "a")', 13, 'expected a number'],
  ['{} | rate() > count()', 14, 'a number or a duration'],
  ['{} | rate() > "x"', 14, 'a number or a duration'],
  ['{} | rate() with (exemplars="x")', 29, 'true, false or a whole number'],
  ['{} | rate() with (exemplars)', 28, 'expected `=`'],
  ['{} | rate() with ()', 19, 'the name of a hint'],
  ['{} | topk(0)', 6, 'expected `{`'],
  ['({} | rate()) / {}', 17, 'a metrics query in parentheses'],
  ['({} | rate()) / ', 17, 'a metrics query in parentheses'],
  ['({} | rate()) * 1s', 17, 'expected a number'],
  ['({} | rate()) / ({})', 18, 'a metrics query in parentheses'],
  ['({} | rate()) | count() > 1', 17, '`topk` or `bottomk`'],
  ['({} | compare({})) / 2', 7, 'cannot be part of arithmetic'],
  ['({} | avg_over_time(name)) / 2', 21, 'needs numbers'],
  [Array(11).fill('({} | rate())').join(' + '), 161, 'at most 10 metrics queries'],
  [`${'('.repeat(200)}{}`, 102, 'nested too deeply'],
  [`{ ${'!'.repeat(200)}true }`, 104, 'nested too deeply'],
])('%s is refused', (query, at, message) => {
  const parsed = parseTraceql(query);
  expect(parsed.ok ? '' : parsed.error.message).toContain(message);
  expect(!parsed.ok && Math.abs(parsed.error.position.from + 1 - at)).toBeLessThanOrEqual(1);
});

describe('metrics queries', () => {
  test.each([
    ['{} | rate()', { name: 'rate', by: [] }],
    ['{ status = error } | rate() by (resource.service.name, name)', { name: 'rate' }],
    ['{} | quantile_over_time(duration, .5, 0.99) by (name)', { name: 'quantile_over_time', quantiles: [0.5, 0.99] }],
    ['{} | histogram_over_time(duration)', { name: 'histogram_over_time' }],
    ['{} | compare({ status = error }, 5)', { name: 'compare', top: 5 }],
    ['{} | count_over_time() by (name) | topk(3)', { stages: [{ kind: 'top', name: 'topk', count: 3 }] }],
    ['{} | rate() > 2 | bottomk(1) <= -1.5', { stages: [{ op: '>' }, { name: 'bottomk' }, { op: '<=', value: -1.5 }] }],
    ['{} | avg_over_time(duration) > 250ms', { stages: [{ kind: 'compare', op: '>', value: 0.25 }] }],
    [
      '{} | rate() > 1 / 2 <= 10 * 3s',
      {
        stages: [
          { op: '>', value: 0.5 },
          { op: '<=', value: 30 },
        ],
      },
    ],
    ['{} | compare({}, 7, 100, 200)', { top: 7, selectionRange: { from: 100, to: 200 } }],
    ['{} | rate() with (most_recent=true, exemplars=true)', { name: 'rate' }],
    ['{ nestedSetParent<0 && true } | rate() by(resource.service.name) with (sample=true)', { name: 'rate' }],
  ])('%s', (query, expected) => {
    const parsed = parseTraceql(query);
    expect(parsed.ok ? parsed.value.metric : parsed.error).toMatchObject(expected);
  });
});

/** The arithmetic of a query, with its names and numbers. */
function mathOf(math: MetricMath): string {
  if (math.kind === 'number') return String(math.value);
  if (math.kind === 'query') return math.metric.name;
  if (math.kind === 'staged')
    return `${mathOf(math.of)}${math.stages.map((one) => (one.kind === 'top' ? ` ${one.name}${one.count}` : ` ${one.op}${one.value}`)).join('')}`;
  return `(${mathOf(math.left)} ${math.op} ${mathOf(math.right)})`;
}
test.each([
  ['({ status = error } | rate()) / ({} | rate())', '(rate / rate)'],
  ['100 * ({} | rate())', '(100 * rate)'],
  ['({} | rate()) - -1 - 2', '((rate - -1) - 2)'],
  ['({} | rate()) + ({} | count_over_time()) * 2', '(rate + (count_over_time * 2))'],
  ['(({} | rate()) + ({} | count_over_time())) * 2', '((rate + count_over_time) * 2)'],
  ['(({} || { name = "a" }) | rate() by (name) | topk(3)) / ({} | rate()) > 0.5 | topk(5)', '(rate / rate) >0.5 topk5'],
  ['(({} | rate()) / 2 > 1) + ({} | rate())', '((rate / 2) >1 + rate)'],
  ['({} | rate())', 'rate'],
  ['({} || {}) | rate()', undefined],
])('arithmetic of %s is %s', (query, expected) => {
  const parsed = parseTraceql(query);
  if (!parsed.ok) throw new Error(parsed.error.message);
  expect(parsed.value.math && mathOf(parsed.value.math)).toBe(expected);
  expect(seriesAskedAt(parsed.value)).toBeGreaterThan(-1);
});

test.each<[string, boolean]>([
  ['{ name = "a" && duration > 1s }', true],
  ['{ nestedSetParent < 0 }', true],
  ['{ nestedSetParent > 2 }', false],
  ['{ !(status = error) }', true],
  ['{ !(rootName = "x") }', false],
  ['{ .a = "x" || rootName = "y" }', false],
  ['{ parent.a = "x" }', false],
  ['{ event:name = "x" }', true],
])('%s in SQL: exact %s', (query, exact) => {
  const parsed = parseTraceql(query);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const [stage] = parsed.value.pipeline.stages;
  if (stage?.kind !== 'spanset' || stage.spanset.kind !== 'filter') throw new Error('no filter');
  const compiler = new ConditionSql();
  const condition = compiler.condition(stage.spanset.condition);
  expect(condition.exact).toBe(exact);
  expect(condition.sql).not.toContain('"');
});

test.each<[string, string[] | undefined]>([
  ['{ span.a = "x" }', ['a', 'x']],
  ['{ resource.b = "y" && span.a = }', ['b', 'y']],
  ['{ span.a = && resource.b = "y" && ', ['b', 'y']],
  ['{ span.a = "x" || span.b = }', undefined],
  ['{ span.a = "x" || span.b = "y" }', ['a', 'x', 'b', 'y']],
  ['{ span.a = "x" } && { span.b = "y" }', undefined],
  ['{ span.a = "x" } | rate()', undefined],
  ['{ rootName = "x" }', undefined],
  ['{}', undefined],
  ['', undefined],
  ['nonsense', undefined],
])('tags of spans with %s', (query, bound) => {
  const filter = tagFilter(query);
  expect(filter && [...new Set(Object.values(filter.parameters).map(String))].toSorted()).toEqual(bound?.toSorted());
});
