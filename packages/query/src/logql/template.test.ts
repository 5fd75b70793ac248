import { describe, expect, test } from 'vitest';
import { holdsIp, parseIpPattern } from './ip.ts';
import { capturesOf, parsePattern } from './pattern.ts';
import { decolorize, parseJson, parseLogfmt, unpackJson } from './parsers.ts';
import { parseTemplate, runTemplate, TemplateError } from './template.ts';
import { parseBytes, parseSeconds } from './units.ts';

const labels: Record<string, string> = {
  a: 'Hello World',
  n: '7',
  path: '/a/b/c',
  d: '1500ms',
  json: '{"x":[1,{"y":"z"}]}',
  t: '1700000000',
};
const fill = (text: string): string =>
  runTemplate(parseTemplate(text), {
    label: (name) => labels[name] ?? '',
    line: 'the line',
    tsNs: 1_700_000_000_123_000_000n,
  });

describe('a template', () => {
  test.each([
    ['plain', 'plain'],
    ['{{.a}} {{ .missing }}|', 'Hello World |'],
    ['{{ __line__ }} {{ __line__ | upper }}', 'the line THE LINE'],
    ['{{ __timestamp__ | date "2006-01-02T15:04:05.000Z07:00" }}', '2023-11-14T22:13:20.123Z'],
    ['{{ __timestamp__ | unixEpoch }} {{ __timestamp__ | unixEpochMillis }}', '1700000000 1700000000123'],
    ['{{ .a | lower | replace "world" "you" }}', 'hello you'],
    ['{{ Replace .a "l" "L" 2 }} {{ Replace .a "l" "L" -1 }}', 'HeLLo World HeLLo WorLd'],
    ['{{ regexReplaceAll "(\\\\w+) (\\\\w+)" .a "${2} $1" }}', 'World Hello'],
    ['{{ regexReplaceAllLiteral "l+" .a "$1" }}', 'He$1o Wor$1d'],
    ['{{ count "l" .a }} {{ len .a }}', '3 11'],
    ['{{ trunc 5 .a }}{{ trunc -5 .a }} {{ substr 1 3 .a }}', 'HelloWorld el'],
    ['{{ TrimPrefix .path "/a" }} {{ trimSuffix "c" .path }} {{ trimAll "/" .path }}', '/b/c /a/b/ a/b/c'],
    ['{{ if eq .n "7" }}yes{{ else }}no{{ end }}', 'yes'],
    ['{{ if and (gt (int .n) 3) (contains "World" .a) }}both{{ end }}', 'both'],
    ['{{ if .missing }}a{{ else if .n }}b{{ else }}c{{ end }}', 'b'],
    ['{{ with .n }}<{{.}}>{{ end }}', '<7>'],
    ['{{ range $i, $x := fromJson "[3,4]" }}{{ $i }}={{ $x }} {{ end }}', '0=3 1=4 '],
    ['{{ $v := .n }}{{ add $v 1 2 }}', '10'],
    ['{{ (fromJson .json).x | len }} {{ index (fromJson .json).x 0 }}', '2 1'],
    ['{{ add 1 2 3 }} {{ sub 5 2 }} {{ mul 2 3 }} {{ div 7 2 }} {{ mod 7 4 }}', '6 3 6 3 3'],
    ['{{ addf 1.5 2 }} {{ divf 7 2 }} {{ round 3.14159 2 }} {{ ceil 1.2 }} {{ max 1 5 3 }}', '3.5 3.5 3.14 2 5'],
    ['{{ printf "%5d|%-4s|%.2f|%q|%%" 42 "ab" 3.14159 "x" }}', '   42|ab  |3.14|"x"|%'],
    ['{{ alignLeft 5 .n }}|{{ alignRight 3 .n }}|{{ repeat 3 "-" }}|{{ nindent 2 "x" }}', '7    |  7|---|\n  x'],
    ['{{ default "none" .missing }} {{ .missing | default "-" }}', 'none -'],
    ['{{ duration .d }} {{ bytes "2KiB" }}', '1.5 2048'],
    ['{{ urlencode "a b/c" }} {{ urldecode "a%20b" }} {{ b64enc "hi" }} {{ b64dec "aGk=" }}', 'a+b%2Fc a b aGk= hi'],
    ['{{ unixToTime .t | date "2006-01-02" }}', '2023-11-14'],
    ['{{ toDate "2006-01-02 15:04" "2026-03-01 08:30" | unixEpoch }}', '1772353800'],
    ['{{ toDateInZone "2006-01-02 15:04" "Europe/Berlin" "2026-03-01 08:30" | unixEpoch }}', '1772350200'],
    ['a  {{- .n -}}  b', 'a7b'],
    ['{{/* a remark */}}x', 'x'],
    ['{{ title "ab cd" }} {{ not .missing }} {{ print 1 "a" }}', 'Ab Cd true 1a'],
  ])('%s', (text, expected) => expect(fill(text)).toBe(expected));
  test.each([
    '{{.a',
    '{{ if .a }}',
    '{{ end }}',
    '{{ nothing .a }}',
    '{{ .a | }}',
    '{{ (.a }}',
    '{{ .a ) }}',
    '{{ "x }}',
    '{{ else }}',
  ])('%s is refused', (text) => expect(() => parseTemplate(text)).toThrow(TemplateError));
  test.each([
    '{{ div 1 0 }}',
    '{{ duration "soon" }}',
    '{{ repeat 1000000 .a }}',
    '{{ regexReplaceAll "(" .a "" }}',
    '{{ unixToTime "12" }}',
  ])('%s is a fault of its line', (text) => expect(() => fill(text)).toThrow(TemplateError));
});

test('no template takes long, and none makes more than a line may be', () => {
  expect(() => parseTemplate(`{{ ${'"a" '.repeat(4000)}`)).toThrow(TemplateError);
  expect(() => fill(`{{ replace "l" "${'x'.repeat(15_000)}" (repeat 2000 "l") }}`)).toThrow(TemplateError);
  expect(() => fill(`{{ regexReplaceAll "l" (repeat 2000 "l") "${'x'.repeat(15_000)}" }}`)).toThrow(TemplateError);
  expect(() => fill('{{ indent 100000 "a" | indent 100000 | indent 100000 }}')).toThrow(TemplateError);
  expect(decolorize(`a\u001B${';'.repeat(200_000)}b\u001B[31mc`)).toMatch(/c$/);
});

describe('parsers', () => {
  test.each<[string, Record<string, string>]>([
    ['a=1 b="two words" c="es\\"caped\\n" d= e', { a: '1', b: 'two words', c: 'es"caped\n' }],
    ['x.y=1 2z=3 =4 k="open', { x_y: '1', _2z: '3' }],
  ])('logfmt: %s', (line, fields) =>
    expect(Object.fromEntries(parseLogfmt(line, false, false).fields)).toEqual(fields),
  );
  test('strict logfmt says what is wrong', () =>
    expect(parseLogfmt('a=1 k="open', true, false)).toMatchObject({ error: 'LogfmtParserErr', fields: [['a', '1']] }));
  test('JSON keeps the digits of numbers', () =>
    expect(
      Object.fromEntries(
        parseJson('{"id":12345678901234567890,"p":1.50,"e":1e3,"n":null,"o":{"a-b":true},"l":[1]}').fields,
      ),
    ).toEqual({
      id: '12345678901234567890',
      p: '1.50',
      e: '1e3',
      o_a_b: 'true',
    }));
  test('what is packed is unpacked', () =>
    expect(unpackJson('{"_entry":"line","pod":"p","n":1}')).toMatchObject({ entry: 'line', fields: [['pod', 'p']] }));
  test.each([
    [
      '<ip> - <user> [<_>] "<method> <path>"',
      '1.2.3.4 - ann [now] "GET /x"',
      { ip: '1.2.3.4', user: 'ann', method: 'GET', path: '/x' },
    ],
    ['<a>: <b>', 'only', { a: 'only' }],
    ['x<a>', 'y1', {}],
  ])('pattern %s', (pattern, line, fields) => {
    const parts = parsePattern(pattern);
    expect(parts.ok && Object.fromEntries(capturesOf(line, parts.value))).toEqual(fields);
  });
  test.each([
    ['10.0.0.0/8', 'from 10.9.8.7 port 5', true],
    ['10.0.0.0/8', 'from 11.9.8.7', false],
    ['10.0.0.1', '110.0.0.1 and 10.0.0.12', false],
    ['10.0.0.5-10.0.0.9', 'x=10.0.0.7,', true],
    ['2001:db8::/32', 'from [2001:db8::1]:80', true],
    ['::1', 'from ::1', true],
  ])('ip(%s) in %s', (pattern, text, expected) => {
    const found = parseIpPattern(pattern);
    expect(found && holdsIp(text, found)).toBe(expected);
  });
  test.each([
    ['1h30m', 5400],
    ['1.5s', 1.5],
    ['250µs', 0.00025],
    ['2d', 172_800],
    ['-3ms', -0.003],
    ['5', undefined],
    ['', undefined],
  ])('%s as a duration', (text, seconds) =>
    expect(parseSeconds(text)).toEqual(seconds === undefined ? undefined : expect.closeTo(seconds, 9)),
  );
  test.each([
    ['42MB', 42e6],
    ['1.5 KiB', 1536],
    ['20kb', 20_000],
    ['7', 7],
    ['x', undefined],
  ])('%s as a size', (text, bytes) => expect(parseBytes(text)).toBe(bytes));
});
