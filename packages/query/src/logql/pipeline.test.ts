import { describe, expect, test } from 'vitest';
import type { LogExpression, RangeAggregation } from './ast.ts';
import { parseLogql } from './parse.ts';
import { compilePipeline, compileUnwrap, Entry } from './pipeline.ts';
import { overWindows } from './range-functions.ts';

/** A moment with nanoseconds: 2026-11-30T15:10:08.123000001Z. */
const tsNs = 1_796_051_408_123_000_001n;

function logOf(stages: string): LogExpression {
  const query = parseLogql(`{app="till"} ${stages}`);
  if (!query.ok || query.value.kind !== 'log') throw new Error(query.ok ? stages : query.error.message);
  return query.value;
}

/** What becomes of a line: the line and its labels without `app`; undefined where it is dropped. */
function treated(stages: string, line: string, metadata: Record<string, string> = {}) {
  const entry = new Entry(tsNs, line, { app: 'till' }, metadata);
  if (!compilePipeline(logOf(stages).stages)(entry)) return undefined;
  const { app: _app, ...labels } = entry.all();
  return { line: entry.line, labels };
}

const text = (template: string, line = ''): string | undefined =>
  treated(`| logfmt | line_format ${JSON.stringify(template)}`, line)?.line;

describe('line patterns', () => {
  test.each<[string, string, boolean]>([
    ['drawer <_>', 'drawer 1 opened', true],
    ['drawer <_>', 'the drawer 1 opened', true],
    ['drawer <_>', 'drawer ', false],
    ['<_>drawer <_>', 'drawer 1 opened', false],
    ['<_>drawer <_>', 'a drawer 1', true],
    ['<_> bar', 'foo bar baz', false],
    ['<_> bar', 'foo bar', true],
    ['<_> bar', 'a bar b bar', false],
    ['a<_>b', 'ab', false],
    ['a<_>b', 'a1b', true],
    ['<_>', '', false],
    ['<_>', 'x', true],
    ['<_>ü<_>', 'über', false],
    ['<_>ü<_>', 'für', true],
  ])('%s of %j', (pattern, line, passes) => {
    expect(treated(`|> ${JSON.stringify(pattern)}`, line) !== undefined).toBe(passes);
    expect(treated(`!> ${JSON.stringify(pattern)}`, line) !== undefined).toBe(!passes);
  });
});

describe('what parsers leave', () => {
  test.each<[string, string, Record<string, string>]>([
    ['| logfmt', 'a=1 empty= flag', { a: '1' }],
    ['| logfmt --keep-empty', 'a=1 empty= flag', { a: '1', empty: '', flag: '' }],
    ['| logfmt nope="nothing", a', 'a=1', { nope: '', a: '1' }],
    ['| json first="tags[0]", none="nope"', '{"tags":["x"]}', { first: 'x', none: '' }],
    ['| json a="b"', '{"status":200,"took":', { a: '' }],
    ['| json a="b"', 'plain', { __error__: 'JSONParserErr' }],
    [
      '| json',
      'plain',
      {
        __error__: 'JSONParserErr',
        __error_details__: "Value looks like object, but can't find closing '}' symbol",
      },
    ],
    [
      '| logfmt | a > 5',
      'a=GET',
      {
        a: 'GET',
        __error__: 'LabelFilterErr',
        __error_details__: 'strconv.ParseFloat: parsing "GET": invalid syntax',
      },
    ],
    [
      '| logfmt | a > 5s',
      'a=GET',
      { a: 'GET', __error__: 'LabelFilterErr', __error_details__: 'time: invalid duration "GET"' },
    ],
  ])('%s of %j', (stages, line, labels) => {
    expect(treated(stages, line)?.labels).toEqual(labels);
    // A level that was found is nothing that a sender gave beside the line.
    expect(treated(stages, line, { detected_level: 'info' })?.labels).toEqual({ ...labels, detected_level: 'info' });
  });
});

describe('templates print as Go does', () => {
  test.each<[string, string, string?]>([
    ['{{ __timestamp__ | date "2006-01-02T15:04:05.000000000Z07:00" }}', '2026-11-30T15:10:08.123000001Z'],
    ['{{ __timestamp__ | unixEpochNanos }} {{ __timestamp__ | unixEpochMillis }}', '1796051408123000001 1796051408123'],
    ['{{ .took | duration }} {{ .took | duration_seconds }}', '0.013 0.013', 'took=13ms'],
    ['{{ "1h2m3.29s" | duration }}', '3723.29'],
    ['{{ print 1 2 "a" "b" 3 }}', '1 2ab3'],
    ['{{ urlencode "a b!\'(c)*~" }}', 'a+b%21%27%28c%29%2A~'],
    ['{{ round 1.2345 2 }} {{ round -1.5 0 }} {{ round 2.5 0 }}', '1.23 -2 3'],
    ['{{ divf 1 100000 }} {{ divf 1 1000 }}', '1e-05 0.001'],
    ['{{ range fromJson .tags }}{{ . }};{{ end }}|', '|', 'tags='],
    ['{{ (fromJson __line__).user.name }}', 'ann', '{"user":{"name":"ann"}}'],
    ['{{ (fromJson __line__).user.name }}', '<no value>', '{"user":'],
    ['[{{ .nope }}]', '[]'],
  ])('%s', (template, printed, line = '') => {
    expect(text(template, line)).toBe(printed);
  });
});

test('conditions behind an unwrap see its label', () => {
  const query = parseLogql('avg_over_time({app="till"} | logfmt | unwrap status | status > 300 [5m])');
  if (!query.ok) throw new Error(query.error.message);
  const { log, unwrap } = query.value as RangeAggregation;
  const values = ['200', '404', '500'].map((status) => {
    const entry = new Entry(tsNs, `status=${status}`, {}, {});
    compilePipeline(log.stages)(entry);
    const value = unwrap && compileUnwrap(unwrap)(entry);
    return [value, entry.has('status')];
  });
  expect(values).toEqual([
    [undefined, false],
    [404, false],
    [500, false],
  ]);
});

test('a window with one sample of a counter has the rate 0, one without any has none', () => {
  const grid = { startMs: 60_000, stepMs: 60_000, count: 3 };
  const samples = { times: [10e9, 70e9, 100e9], values: [5, 6, 9] };
  const { values, present } = overWindows(
    { name: 'rate_counter', parameter: undefined, rangeMs: 60_000 },
    samples,
    grid,
  );
  expect([...present]).toEqual([1, 1, 0]);
  expect(values[0]).toBe(0);
  expect(values[1]).toBeGreaterThan(0);
});
