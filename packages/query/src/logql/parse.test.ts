import { describe, expect, test } from 'vitest';
import type { LogExpression } from './ast.ts';
import { parseLogql } from './parse.ts';
import { printLogql } from './print.ts';

const stagesOf = (text: string): unknown => {
  const parsed = parseLogql(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return (parsed.value as LogExpression).stages;
};

describe('is read, and printed the same way again', () => {
  test.each([
    '{app="x"}',
    '{app="x", env!="dev", pod=~"a.*", zone!~"b|c"}',
    '{app="x"} |= "a" or "b" != "c" |~ "d.*" !~ "e" |> "<_>f<_>" !> "g<_>"',
    '{app="x"} |= ip("10.0.0.0/8")',
    '{app="x"} | json',
    '{app="x"} | json a="b.c[0]", d',
    '{app="x"} | logfmt --strict --keep-empty a="b"',
    '{app="x"} | pattern "<ip> - <_>" | regexp "(?P<a>b)" | unpack | decolorize',
    '{app="x"} | status >= 400 and (method = "GET" or method = "PUT")',
    '{app="x"} | duration > 1m30s | size <= 20KB | addr = ip("1.2.3.4-1.2.3.9") | n == 5',
    '{app="x"} | line_format "{{.a}} {{ if eq .b \\"c\\" }}d{{ end }}"',
    '{app="x"} | label_format a=b, c="{{.d | ToUpper}}"',
    '{app="x"} | drop a, b="c" | keep d, e=~"f"',
    'rate({app="x"}[5m])',
    'count_over_time({app="x"} |= "a" [1h30m] offset 1d)',
    'sum by (a, b) (rate({app="x"} | json [5m]))',
    'sum without (a) (bytes_rate({app="x"}[1m]))',
    'quantile_over_time(0.99, {app="x"} | json | unwrap duration(took) | __error__="" [1m]) by (path)',
    'avg_over_time({app="x"} | logfmt | unwrap bytes(size) [1m])',
    'topk(10, sum by (a) (rate({app="x"}[5m])))',
    'approx_topk(3, sum by (a) (rate({app="x"}[5m])))',
    'sort_desc(sum by (a) (rate({app="x"}[5m])))',
    'sum(rate({app="x"}[5m])) / sum(rate({app="y"}[5m])) * 100 > bool 5',
    'sum by (a, b) (rate({app="x"}[5m])) / on (a) group_left (c) sum by (a) (rate({app="y"}[5m]))',
    'rate({app="x"}[5m]) or vector(0)',
    'label_replace(rate({app="x"}[5m]), "a", "$1", "b", "(.*)")',
    'absent_over_time({app="x"}[5m])',
    '1 + 2 * 3 ^ 2',
  ])('%s', (text) => {
    const parsed = parseLogql(text);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const printed = printLogql(parsed.value);
    expect(parseLogql(printed)).toEqual(parsed);
  });
});

describe('other spellings mean the same', () => {
  test.each([
    ['rate({app="x"}[5m] |= "a")', 'rate({app="x"} |= "a" [5m])'],
    ['rate(({app="x"} |= "a")[5m])', 'rate({app="x"} |= "a" [5m])'],
    ['sum(rate({app="x"}[5m])) by (a)', 'sum by (a) (rate({app="x"}[5m]))'],
    ['{app=`x`} # a remark', '{app="x"}'],
    ['{app="x",}', '{app="x"}'],
    ['{app="x"} | a="b", c="d"', '{app="x"} | a="b" and c="d"'],
    ['{app="x"} | a="b" c="d"', '{app="x"} | a="b" and c="d"'],
    ['{app="x"} | n = 5', '{app="x"} | n == 5'],
    ['({app="x"}) |= "a"', '{app="x"} |= "a"'],
    ['rate({app="x"}[5m]) - 1 - 2', '(rate({app="x"}[5m]) - 1) - 2'],
    ['{app="x"} | a="b" or c="d" and e="f"', '{app="x"} | a="b" or (c="d" and e="f")'],
  ])('%s', (left, right) => expect(parseLogql(left)).toEqual(parseLogql(right)));
  test('a comparison behind a selector is one of lines only before a text', () =>
    expect(stagesOf('{app="x"} != "y"')).toEqual([{ kind: 'line', op: '!=', values: [{ text: 'y', ip: false }] }]));
});

describe('is refused', () => {
  test.each([
    ['', 'parse error at line 1, col 1: syntax error: unexpected $end'],
    ['{app="x"', 'parse error at line 1, col 9: syntax error: unexpected $end, expecting } or ,'],
    ['{app=x}', 'parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting STRING'],
    ['{app}', 'parse error at line 1, col 5: syntax error: unexpected }, expecting = or != or =~ or !~'],
    ['{app="x"} | json |', 'parse error at line 1, col 19: syntax error: unexpected $end'],
    ['{app="x"}\n|= ', 'parse error at line 2, col 1: syntax error: unexpected |='],
    ['rate({app="x"})', 'parse error at line 1, col 15: syntax error: unexpected ), expecting RANGE'],
    ['rate({app="x"}[5])', 'parse error at line 1, col 16: not a valid duration string: "5"'],
    ['rate({app="x"}[5m', "parse error at line 1, col 18: missing closing ']' in duration"],
    ['sum({app="x"})', 'parse error at line 1, col 14: syntax error: unexpected )'],
    [
      '{app="x"} + 1',
      'parse error at line 1, col 11: unexpected type for left leg of binary operation (+): *syntax.MatchersExpr',
    ],
    [
      '{app=~".*"}',
      'parse error : queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will',
    ],
    ['{app="x"} |~ "("', 'parse error : error parsing regexp: missing closing ): `(`'],
    ['{app="x"} | pattern "a"', 'parse error at line 1, col 21: at least one capture is required'],
    ['{app="x"} | pattern "<a><b>"', 'parse error at line 1, col 21: found consecutive capture'],
    ['{app="x"} | regexp "a"', 'parse error : at least one named capture must be supplied'],
    ['{app="x"} | line_format "{{.a"', 'parse error at line 1, col 25: invalid template: unclosed action'],
    [
      '{app="x"} | line_format "{{ shout .a }}"',
      'parse error at line 1, col 25: invalid template: function "shout" not defined',
    ],
    [
      '{app="x"} | label_format a=b,a=c',
      "parse error : multiple label name 'a' not allowed in a single format operation",
    ],
    ['{app="x"} |= ip("1.2.3")', 'parse error at line 1, col 17: ip: invalid pattern: "1.2.3"'],
    ['topk(rate({app="x"}[5m]))', 'parse error : parameter required for operation topk'],
    ['sum_over_time({app="x"}[5m])', 'parse error : invalid aggregation sum_over_time without unwrap'],
    ['count_over_time({app="x"} | unwrap a [5m])', 'parse error : invalid aggregation count_over_time with unwrap'],
    ['rate({app="x"}[5m]) by (a)', 'parse error : grouping not allowed for rate aggregation'],
    [
      'rate({app="x"}[5m]) and 1',
      'parse error at line 1, col 21: unexpected literal for right leg of logical/set binary operation (and): 1',
    ],
    [`${'('.repeat(200)}1`, 'parse error at line 1, col 101: query is nested too deeply'],
    [`{app="${'x'.repeat(21_000)}"}`, 'parse error at line 1, col 20001: query is too long'],
  ])('%s', (text, message) => expect(parseLogql(text)).toMatchObject({ ok: false, error: { message } }));
  test('mutants of a query end as a value', () => {
    const whole =
      'sum by (a) (rate({app="x", b=~"c.*"} |= "d" | json e="f[0]" | g > 5ms or h = ip("::1/64") | line_format "{{.i}}" [5m])) / 2';
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 2000; round++) {
      const from = random(whole.length);
      const mutant =
        whole.slice(0, from) + whole.slice(from + random(6)) + (random(3) === 0 ? whole[random(whole.length)] : '');
      const parsed = parseLogql(mutant);
      if (parsed.ok) expect(parseLogql(printLogql(parsed.value))).toEqual(parsed);
      else expect(parsed.error.message).toMatch(/^parse error/);
    }
  });
});
