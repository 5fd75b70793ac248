import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { grokPatterns } from './grok-patterns.ts';
import { readPattern } from './read-pattern.ts';

/** What a pattern reads out of a line; undefined where it does not fit. */
function read(format: 'grok' | 'regex', pattern: string, line: string): Record<string, string> | undefined {
  const made = readPattern(format, pattern);
  if (!made.ok) throw new Error(made.error);
  const matcher = RE2JS.compile(made.value.expression).matcher(line);
  if (!matcher.find()) return undefined;
  const found: Record<string, string> = {};
  for (const { name, index } of made.value.groups) {
    const value = matcher.group(index);
    if (value) found[name] = value;
  }
  return found;
}

describe('grok', () => {
  test('every pattern of the library is one of RE2', () => {
    const faults = Object.keys(grokPatterns).flatMap((name) => {
      const made = readPattern('grok', `%{${name}:x}`);
      return made.ok ? [] : [`${name}: ${made.error}`];
    });
    expect(faults).toEqual([]);
  });

  test.each([
    [
      'an error of nginx',
      '%{NGINXERROR}',
      '2026/11/29 12:00:01 [error] 31#7: *12 connect() failed',
      {
        timestamp: '2026/11/29 12:00:01',
        level: 'error',
        'process.pid': '31',
        'thread.id': '7',
        connection: '12',
        message: 'connect() failed',
      },
    ],
    [
      'a line of syslog',
      '%{SYSLOGBASE} %{GREEDYDATA:message}',
      'Nov  9 03:04:05 till-7 sshd[812]: Accepted key',
      {
        timestamp: 'Nov  9 03:04:05',
        'host.name': 'till-7',
        'process.name': 'sshd',
        'process.pid': '812',
        message: 'Accepted key',
      },
    ],
    [
      'a request without a size',
      '%{COMMONAPACHELOG}',
      '::1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/2" 304 -',
      {
        'client.address': '::1',
        timestamp: '10/Oct/2026:13:55:36 +0000',
        'http.request.method': 'GET',
        'url.path': '/',
        'network.protocol.version': '2',
        'http.response.status_code': '304',
      },
    ],
    ['a field in brackets, with a type', '%{NUMBER:[order][total]:float}', 'total 12.50', { 'order.total': '12.50' }],
    ['one name in two places', '(?:a=%{INT:n}|b=%{INT:n})', 'b=7', { n: '7' }],
    ['groups of its own', '(?<way>in|out) %{WORD:what}', 'out beer', { way: 'out', what: 'beer' }],
    ['what the scrubber left', '%{IP:ip} %{EMAILADDRESS:mail}', '<ip> <email>', { ip: '<ip>', mail: '<email>' }],
    [
      'ISO 8601',
      '%{TIMESTAMP_ISO8601:t} %{LOGLEVEL:l}',
      '2026-11-29T12:00:00.123Z WARN',
      { t: '2026-11-29T12:00:00.123Z', l: 'WARN' },
    ],
  ])('%s', (_, pattern, line, fields) => {
    expect(read('grok', pattern, line)).toEqual(fields);
  });
});

test.each([
  ['regex', '(?P<ms>\\d+)ms', 'took 17ms', { ms: '17' }],
  ['regex', '\\(?<(?<tag>\\w+)>', '<br>', { tag: 'br' }],
  ['regex', '[(?<]x(?<y>.)', '(x1', { y: '1' }],
] as const)('a regular expression: %s %s', (format, pattern, line, fields) => {
  expect(read(format, pattern, line)).toEqual(fields);
});

test.each([
  ['regex', '(?=a)(?<x>b)', 'look-ahead'],
  ['regex', '(?<!a)(?<x>b)', 'look-behind'],
  ['regex', '(?<x>a)\\1', 'back-references'],
  ['regex', '(?<x>a++)', 'possessive'],
  ['regex', '(?>a)(?<x>b)', 'atomic'],
  ['regex', '(?<x>a', 'no regular expression of RE2'],
  ['regex', '(?<x>a', 'no regular expression of RE2: missing closing ): `(?<x>a`'],
  ['regex', '\\d+', 'nothing is named'],
  ['regex', '(?<x y>a)', 'a group is called'],
  ['regex', '(?<x>a{1001})', 'no regular expression of RE2'],
  ['regex', 'a'.repeat(2001), 'at most 2000 characters'],
  ['regex', '(?<x>a)' + '(b)'.repeat(50), 'at most 50 groups'],
  ['grok', '%{NOPE:x}', 'no pattern is called NOPE'],
  ['grok', '%{IP', 'nothing is named'],
  ['grok', '%{IP address}', 'expected %{NAME}'],
  ['grok', '%{GREEDYDATA}', 'nothing is named'],
  ['grok', '%{URI}'.repeat(200), '20000 characters'],
  ['grok', '', 'expected a pattern'],
] as const)('refused: %s %s', (format, pattern, why) => {
  const made = readPattern(format, pattern);
  expect(made.ok ? '' : made.error).toContain(why);
});

test('a fault of a grok pattern does not show what the pattern is written out', () => {
  const made = readPattern('grok', '%{NUMBER:a} (%{WORD:b}');
  expect(made.ok ? '' : made.error).toBe('no regular expression of RE2: missing closing )');
});
