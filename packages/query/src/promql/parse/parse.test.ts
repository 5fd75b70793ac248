import { parser as officialGrammar } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { showTree } from '../test-support/show-tree.ts';
import { parsePromql, parseSelector } from './parse.ts';

const tree = (text: string): string => {
  const parsed = parsePromql(text);
  return parsed.ok ? showTree(parsed.value) : parsed.error.message;
};

/** Text and its tree. `beyond`: Prometheus' parser takes it, the grammar of its editor does not. */
const good: readonly (readonly [text: string, tree: string, beyond?: 'beyond'])[] = [
  // Numbers.
  ['42', '42'],
  ['.5', '0.5'],
  ['5.', '5', 'beyond'],
  ['1e3', '1000'],
  ['1E-2', '0.01'],
  ['0x1F', '31'],
  ['0755', '493'],
  ['1_000_000', '1000000'],
  ['Inf', 'Infinity'],
  ['-iNf', '-Infinity'],
  ['nan', 'NaN'],
  ['+0.5', '0.5'],
  ['-0', '-0'],
  ['1h30m', '5400s'],
  ['-5ms', '-0.005s'],
  ['9223372036854775807', '9223372036854776000'],
  ['9223372036854775808', '9223372036854776000'],
  // Strings.
  [`"a\\tb\\u00e9\\x41\\101\\""`, `"a\\tbéAA\\""`],
  [`'it\\'s "so"'`, `"it's \\"so\\""`],
  ['`a\\n\nb`', '"a\\\\n\\nb"'],
  [`"\\xe4\\xbd\\xa0"`, '"你"'],
  [`"\\U0001F600"`, '"😀"'],
  // Selectors.
  ['up', '(sel up)'],
  ['job:up:sum', '(sel job:up:sum)'],
  ['up{}', '(sel up)'],
  ['up{job="api", code=~"5..",x!="",y!~"a|b",}', '(sel up job="api" code=~"5.." x!="" y!~"a|b")'],
  ['{__name__="up"}', '(sel __name__="up")'],
  ['{"http.server.duration", "service.name"="pay"}', '(sel __name__="http.server.duration" service.name="pay")'],
  ["{'my.metric'}", '(sel __name__="my.metric")'],
  ['{by="1",sum="2",offset="3"}', '(sel by="1" sum="2" offset="3")'],
  ['up # a comment\n{ # and one\n job="a"}', '(sel up job="a")'],
  ['x{a="#no comment"}', '(sel x a="#no comment")'],
  // Keywords are names where only names can be.
  ['sum', '(sel sum)'],
  ['by + offset', '(+ (sel by) (sel offset))', 'beyond'],
  ['and and and', '(and many-to-many (sel and) (sel and))'],
  ['start', '(sel start)'],
  ['step{a="b"}', '(sel step a="b")', 'beyond'],
  ['fill + fill_left', '(+ (sel fill) (sel fill_left))'],
  ['sum by (by, on, sum, bool, start) (x)', '(sum by[by on sum bool start] (sel x))'],
  ['sum by ("a.b", c,) (x)', '(sum by[a.b c] (sel x))'],
  // Ranges, offsets, timestamps.
  ['x[5m]', '(range x 300000)'],
  ['x[ 1h30m ]', '(range x 5400000)'],
  ['x[300]', '(range x 300000)'],
  ['x offset 1d', '(sel x offset 86400000)'],
  ['x offset -1d', '(sel x offset -86400000)'],
  ['x offset 1y2w', '(sel x offset 32745600000)'],
  ['x[5m] offset 30', '(range x 300000 offset 30000)'],
  ['x @ 1609746000', '(sel x @1609746000000)'],
  ['x @ -1.5', '(sel x @-1500)'],
  ['x[5m] @ start() offset 1m', '(range x 300000 @start offset 60000)'],
  ['x offset 1m @ end()', '(sel x @end offset 60000)'],
  ['x offset 5m ^ 2', '(^ (sel x offset 300000) 2)'],
  ['x offset -1 ^ 2', '(^ (sel x offset -1000) 2)', 'beyond'],
  [
    'max_over_time(rate(x[1m])[1h:30s] @ 10 offset 2m)',
    '(call max_over_time (sub (call rate (range x 60000)) 3600000:30000 @10000 offset 120000))',
  ],
  ['x[1h:]', '(sub (sel x) 3600000:)'],
  ['(x)[1h:5m]', '(sub (paren (sel x)) 3600000:300000)'],
  ['rate(x[5m] anchored)', '(call rate (range x 300000 anchored))'],
  ['x smoothed @ 5', '(sel x smoothed @5000)'],
  // Durations that are computed.
  ['x[5m * 2]', '(range x (* 300s 2s))'],
  ['x[step()]', '(range x step)'],
  ['x[max_of(step() * 4, 1m)]', '(range x (max (* step 4s) 60s))'],
  ['x[range() / 2 + 1s]', '(range x (+ (/ query-range 2s) 1s))'],
  ['x[2 ^ 3 ^ 1]', '(range x (^ 2s (^ 3s 1s)))'],
  ['x[-(-5m)]', '(range x (- (w+ -300s)))'],
  ['x offset (5m + 1m)', '(sel x offset (w+ 300s 60s))'],
  ['x offset -step()', '(sel x offset (- step))'],
  ['x offset -(5)', '(sel x offset (- (w+ 5s)))'],
  ['x offset step() + 2', '(+ (sel x offset step) 2)', 'beyond'],
  ['x[1h:step() * 2]', '(sub (sel x) 3600000:(* step 2s))'],
  // Operators, from loose to tight.
  ['a or b and c', '(or many-to-many (sel a) (and many-to-many (sel b) (sel c)))'],
  ['a unless b or c', '(or many-to-many (unless many-to-many (sel a) (sel b)) (sel c))'],
  ['a and b > 1 + 2 * 3 ^ 2', '(and many-to-many (sel a) (> (sel b) (+ 1 (* 2 (^ 3 2)))))'],
  ['1 - 2 - 3', '(- (- 1 2) 3)'],
  ['2 ^ 3 ^ 2', '(^ 2 (^ 3 2))'],
  ['-2 ^ 2', '(- (^ 2 2))'],
  ['2 ^ -3 * 4', '(* (^ 2 -3) 4)'],
  ['-x * 2', '(* (- (sel x)) 2)'],
  ['- - x', '(- (- (sel x)))'],
  ['1 atan2 2 % 3', '(% (atan2 1 2) 3)'],
  ['a </ 5', '(</ (sel a) 5)'],
  ['a >/ 0.5', '(>/ (sel a) 0.5)'],
  ['1 == bool 2', '(== bool 1 2)'],
  ['a >= bool on(x) b', '(>= bool on[x] (sel a) (sel b))'],
  ['a * on() b', '(* on[] (sel a) (sel b))'],
  ['a * ignoring(x, y) group_left(z) b', '(* many-to-one ignoring[x y] include[z] (sel a) (sel b))'],
  ['a / on(x) group_right b', '(/ one-to-many on[x] (sel a) (sel b))'],
  ['a + fill(0) b', '(+ fill-left=0 fill-right=0 (sel a) (sel b))'],
  ['a + on(x) fill_right(-1) fill_left(2) b', '(+ on[x] fill-left=2 fill-right=-1 (sel a) (sel b))'],
  ['a + 1', '(+ (sel a) 1)'],
  ['AVG(a) OR Sum(b)', '(or many-to-many (avg (sel a)) (sum (sel b)))'],
  // Aggregations.
  ['sum(x)', '(sum (sel x))'],
  ['sum without (a) (x)', '(sum without[a] (sel x))'],
  ['sum(x) by (a)', '(sum by[a] (sel x))'],
  ['topk(5, x)', '(topk 5 (sel x))'],
  ['quantile(0.9, x) by (a)', '(quantile by[a] 0.9 (sel x))'],
  ['count_values("version", x)', '(count_values "version" (sel x))'],
  ['limitk(2, x)', '(limitk 2 (sel x))'],
  ['limit_ratio(-0.5, x)', '(limit_ratio -0.5 (sel x))'],
  // Calls.
  ['time()', '(call time)'],
  ['round(x)', '(call round (sel x))'],
  ['round(x, 5)', '(call round (sel x) 5)'],
  ['label_join(x, "d", "-", "a", "b")', '(call label_join (sel x) "d" "-" "a" "b")'],
  [
    'histogram_quantile(0.9, sum by (le) (rate(x[5m])))',
    '(call histogram_quantile 0.9 (sum by[le] (call rate (range x 300000))))',
  ],
  ['histogram_quantiles(x, "q", 0.5, 0.9)', '(call histogram_quantiles (sel x) "q" 0.5 0.9)'],
  ['info(x, {k8s="a"})', '(call info (sel x) (sel k8s="a"))'],
  ['start() + end()', '(+ (call start) (call end))'],
  ['min_of(step(), 5)', '(call min_of (call step) 5)', 'beyond'],
  ['sort_by_label(x, "a", "b")', '(call sort_by_label (sel x) "a" "b")'],
];

describe('what is PromQL', () => {
  it.each(good.map(([text, wanted]) => [text, wanted] as const))('%s', (text, wanted) => {
    expect(tree(text)).toBe(wanted);
  });

  it('is what the official grammar takes', () => {
    const refused = good.filter(([text, , beyond]) => {
      let fault = false;
      officialGrammar.parse(text).iterate({ enter: ({ type }) => void (fault ||= type.isError) });
      return fault && beyond === undefined;
    });
    expect(refused).toEqual([]);
  });
});

const bad: readonly (readonly [text: string, message: string])[] = [
  ['', 'unknown position: parse error: no expression found in input'],
  ['# nothing', '1:1: parse error: no expression found in input'],
  // The text itself.
  ['1 + ~', "1:5: parse error: unexpected character: '~'"],
  ['x =~ "a"', "1:3: parse error: unexpected character after '=': '~'"],
  ['x !', "1:3: parse error: unexpected character after '!': '\uFFFD'"],
  ['(1', '1:3: parse error: unclosed left parenthesis'],
  ['(1))', "1:5: parse error: unexpected right parenthesis ')'"],
  ['x[5m', '1:5: parse error: unclosed left bracket'],
  ['x[', '1:3: parse error: unexpected end of input in duration expression'],
  ['x]', "1:2: parse error: unexpected right bracket ']'"],
  ['x[5m[', "1:5: parse error: unexpected left bracket '['"],
  ['x[a]', `1:3: parse error: unexpected character in duration expression: 'a'`],
  ['x[5m foo]', `1:6: parse error: unexpected character: 'f', expected ':'`],
  ['x[:5m]', '1:4: parse error: unexpected colon before duration in duration expression'],
  ['x[1h:5m:]', "1:8: parse error: unexpected colon ':'"],
  ['x{a="b"', '1:8: parse error: unexpected end of input inside braces'],
  ['x{a{', "1:4: parse error: unexpected left brace '{'"],
  ['x{a=1}', "1:5: parse error: unexpected character inside braces: '1'"],
  ['x{a!b}', "1:4: parse error: unexpected character after '!' inside braces: 'b'"],
  ['"abc', '1:1: parse error: unterminated quoted string'],
  ['"a\nb"', '1:1: parse error: unterminated quoted string'],
  ['`abc', '1:1: parse error: unterminated raw string'],
  [String.raw`"\c"`, "1:1: parse error: unknown escape sequence U+0063 'c'"],
  [String.raw`"\x4."`, "1:1: parse error: illegal character U+002E '.' in escape sequence"],
  [String.raw`"\u12`, '1:1: parse error: escape sequence not terminated'],
  [String.raw`"\ud800"`, '1:1: parse error: escape sequence is an invalid Unicode code point'],
  [String.raw`"\777"`, '1:1: parse error: escape sequence is an invalid Unicode code point'],
  ['"\uD800"', '1:1: parse error: invalid UTF-8 rune'],
  ['0de', '1:1: parse error: bad number or duration syntax: "0de"'],
  ['100..', '1:1: parse error: bad number or duration syntax: "100.."'],
  ['1foo', '1:1: parse error: bad number or duration syntax: "1"'],
  ['x[5mm]', '1:3: parse error: bad number or duration syntax: "5mm"'],
  ['x[5m1]', '1:3: parse error: bad number or duration syntax: "5m1"'],
  ['x[1m1h]', '1:3: parse error: not a valid duration string: "1m1h"'],
  ['x[1hs]', '1:3: parse error: unknown unit "hs" in duration "1hs"'],
  ['x[999y]', '1:3: parse error: duration out of range'],
  ['1e999', '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e999": value out of range'],
  // The order of things.
  ['1 +', '1:4: parse error: unexpected end of input'],
  ['* 1', '1:1: parse error: unexpected <op:*>'],
  ['1 + * 2', '1:5: parse error: unexpected <op:*>'],
  ['a b', '1:3: parse error: unexpected identifier "b"'],
  ['a "a long string"', '1:3: parse error: unexpected string "\\"a long st"...'],
  ['a\n+\n  *', '3:3: parse error: unexpected <op:*>'],
  ['"é" 1', '1:6: parse error: unexpected number "1"'],
  ['a == on by', '1:9: parse error: unexpected <by> in grouping opts, expected "("'],
  ['a group_left b', '1:3: parse error: unexpected <group_left>'],
  ['sum x', '1:5: parse error: unexpected identifier "x"'],
  ['sum(x y)', '1:7: parse error: unexpected identifier "y" in aggregation'],
  ['sum by (a) x', '1:12: parse error: unexpected identifier "x" in aggregation'],
  ['sum by a (x)', '1:8: parse error: unexpected identifier "a" in grouping opts, expected "("'],
  ['sum by (,) (x)', '1:9: parse error: unexpected "," in grouping opts, expected label'],
  ['sum by (a b) (x)', '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"'],
  ['sum by (without) (x)', '1:9: parse error: unexpected <without> in grouping opts, expected label'],
  ['sum by ("") (x)', '1:9: parse error: invalid label name for grouping: ""'],
  ['x{a}', '1:4: parse error: unexpected "}" in label matching, expected label matching operator'],
  ['x{a=}', '1:5: parse error: unexpected "}" in label matching, expected string'],
  ['x{,}', '1:3: parse error: unexpected "," in label matching, expected identifier or "}"'],
  ['x{a="b" c="d"}', '1:9: parse error: unexpected identifier "c" in label matching, expected "," or "}"'],
  ['x{a=~"["}', '1:3: parse error: error parsing regexp: missing closing ]: `[`'],
  [
    'x[]',
    '1:3: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  ],
  ['x[5m 1m]', '1:6: parse error: unexpected duration "1m" in subquery or range, expected ":" or "]"'],
  ['x[1h:5m 1]', '1:9: parse error: unexpected number "1" in subquery selector, expected "]"'],
  ['x offset', '1:9: parse error: unexpected end of input in offset, expected number, duration, step(), or range()'],
  ['x @', '1:4: parse error: unexpected end of input in @, expected timestamp'],
  ['x @ Inf', '1:1: parse error: timestamp out of bounds for @ modifier: +Inf'],
  ['x @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
  ['x offset 1m offset 2m', '1:1: parse error: offset may not be set multiple times'],
  [
    '1 offset 1m',
    '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
  ],
  [
    '(x) @ 1',
    '1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
  ],
  ['x offset 1m[5m]', '1:12: parse error: no offset modifiers allowed before range'],
  ['x @ 1 [5m]', '1:7: parse error: no @ modifiers allowed before range'],
  ['(x)[5m]', '1:4: parse error: ranges only allowed for vector selectors'],
  ['x[0]', '1:3: parse error: duration must be greater than 0'],
  ['x[5m / 0]', '1:6: parse error: division by zero'],
  ['x[5m % 0]', '1:6: parse error: modulo by zero'],
  ['x[1h:5m] smoothed', '1:1: parse error: smoothed modifier is not supported for subqueries'],
  ['x anchored smoothed', '1:1: parse error: anchored and smoothed modifiers cannot be used together'],
  // Calls.
  ['nope(x)', '1:1: parse error: unknown function with name "nope"'],
  ['abs(x,)', '1:6: parse error: trailing commas not allowed in function call args'],
  ['abs(x', '1:6: parse error: unclosed left parenthesis'],
  ['abs()', '1:1: parse error: expected 1 argument(s) in call to "abs", got 0'],
  ['clamp(x)', '1:1: parse error: expected 3 argument(s) in call to "clamp", got 1'],
  ['label_join(x)', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1'],
  ['hour(x, x, x)', '1:1: parse error: expected at most 1 argument(s) in call to "hour", got 3'],
  ['rate(x)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
  ['abs(1)', '1:5: parse error: expected type instant vector in call to function "abs", got scalar'],
  [
    'label_replace(x, 1, "", "", "")',
    '1:18: parse error: expected type string in call to function "label_replace", got scalar',
  ],
  ['info(x, up)', '1:9: parse error: expected label selectors only, got vector selector instead'],
  ['info(x, (x))', '1:9: parse error: expected label selectors only'],
  ['info(x, 1)', '1:1: parse error: expected type instant vector in call to function "info", got scalar'],
  // Aggregations.
  ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
  ['topk(x)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1'],
  ['sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar'],
  ['topk(x, x)', '1:6: parse error: expected type scalar in aggregation parameter, got instant vector'],
  ['count_values(1, x)', '1:14: parse error: expected type string in aggregation parameter, got scalar'],
  // Selectors.
  ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
  ['{a=~".*",b!="x"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
  ['x{__name__="y"}', '1:1: parse error: metric name must not be set twice: "x" or "y"'],
  // Operators.
  ['1 > 2', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
  ['x + bool y', '1:3: parse error: bool modifier can only be used on comparison operators'],
  ['1 and 2', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
  ['x + "a"', '1:5: parse error: binary expression must contain only scalar and instant vector types'],
  ['x[5m] + 1', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
  [
    '-"a"',
    '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  ],
  ['x + on(a) 1', '1:1: parse error: vector matching only allowed between instant vectors'],
  ['x + fill(1) 1', '1:1: parse error: filling in missing series only allowed between instant vectors'],
  ['x and fill(1) y', '1:1: parse error: filling in missing series not allowed for set operators'],
  ['x or on(a) group_left y', '1:1: parse error: no grouping allowed for "or" operation'],
  ['x + on(a) group_left(a) y', '1:3: parse error: label "a" must not occur in ON and GROUP clause at once'],
  ['rate(x[5m])[1h]', '1:12: parse error: ranges only allowed for vector selectors'],
  ['x[5m][1h:]', '1:1: parse error: subquery is only allowed on instant vector, got matrix instead'],
];

describe('what is not PromQL', () => {
  it.each(bad)('%s', (text, message) => {
    expect(tree(text)).toBe(message);
  });

  it('says what is too long or too deep', () => {
    expect(tree(`x + ${'1'.repeat(100_000)}`)).toBe('1:1: parse error: query is longer than 100000 bytes');
    expect(tree(`${'('.repeat(300)}x${')'.repeat(300)}`)).toContain('nested more than 200 levels deep');
    expect(tree(`${'-'.repeat(5000)}x`)).toContain('nested more than 200 levels deep');
    expect(tree(`x${' ^ x'.repeat(5000)}`)).toContain('nested more than 200 levels deep');
    expect(tree(`x${' or x'.repeat(5000)}`)).toContain('more than 1000 operations in a row');
    expect(tree(`x${'[1h:]'.repeat(5000)}`)).toContain('more than 1000 operations in a row');
    expect(tree(`x[${'('.repeat(300)}5m${')'.repeat(300)}]`)).toContain('nested more than 200 levels deep');
    expect(tree(`x[5m${' + 1m'.repeat(300)}]`)).toContain('more than 200 operators');
    expect(tree(`x${' or x'.repeat(900)}`)).toMatch(/^\(or /);
  });

  it('never ends in an exception', () => {
    // A linear congruential generator: the same mutants every time.
    let seed = 20_261_129;
    const below = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * limit);
    };
    const texts = good.map(([text]) => text);
    const alphabet = '(){}[]"\'`\\,:@#^-+*/%=!~<>.0159_exsmby \n\uD83D\u00e9';
    for (let round = 0; round < 20_000; round++) {
      let text = texts[below(texts.length)] ?? '';
      for (let change = below(3); change >= 0; change--) {
        const at = below(text.length + 1);
        const cut = at + below(4);
        const other = texts[below(texts.length)] ?? '';
        const piece = below(2) === 0 ? (alphabet[below(alphabet.length)] ?? '') : other.slice(below(other.length));
        text = text.slice(0, at) + piece + text.slice(cut);
      }
      const parsed = parsePromql(text);
      if (!parsed.ok) expect(parsed.error.message, text).toMatch(/^(\d+:\d+|unknown position): parse error: ./);
    }
  });
});

describe('a selector alone', () => {
  it.each([
    ['up{a="b"}', ['a="b"', '__name__="up"']],
    ['{a=~".*"}', ['a=~".*"']],
    ['{}', []],
  ])('%s', (text, matchers) => {
    const selector = parseSelector(text);
    const shown = selector.ok && selector.value.map(({ label, operator, value }) => `${label}${operator}"${value}"`);
    expect(shown).toEqual(matchers);
  });

  it.each([
    ['', 'unknown position: parse error: unexpected end of input'],
    ['up offset 5m', '1:4: parse error: unexpected <offset>'],
    ['1', '1:1: parse error: unexpected number "1"'],
  ])('is not %s', (text, message) => {
    const selector = parseSelector(text);
    expect(selector.ok ? 'taken' : selector.error.message).toBe(message);
  });
});
