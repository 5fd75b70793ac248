import { describe, expect, test } from 'vitest';
import type { Search, Test } from './ast.ts';
import { parseSearch } from './parse.ts';

/** A search as a short line: what the tree says, without places. */
function told(search: Search): string {
  switch (search.kind) {
    case 'everything':
      return '*';
    case 'and':
    case 'or':
      return `(${search.items.map(told).join(search.kind === 'and' ? ' & ' : ' | ')})`;
    case 'not':
      return `!${told(search.item)}`;
    case 'text':
      return search.value.quoted
        ? `"${search.value.text}"`
        : search.value.wildcard
          ? `~${search.value.text}`
          : search.value.text;
    case 'regex':
      return `/${search.pattern}/`;
    case 'named':
      return `/${search.pattern}/?`;
    case 'field':
      return `${search.field}${toldTest(search.test)}`;
  }
}

function toldTest(asked: Test): string {
  switch (asked.kind) {
    case 'is':
      return `${asked.value.wildcard ? '~' : '='}${asked.value.quoted ? `"${asked.value.text}"` : asked.value.text}`;
    case 'compare':
      return `${asked.comparison}${asked.value.text}`;
    case 'range':
      return `${asked.includeLow ? '[' : '{'}${asked.low.text},${asked.high.text}${asked.includeHigh ? ']' : '}'}`;
    case 'regex':
      return `=/${asked.pattern}/`;
    case 'exists':
      return '?';
  }
}

describe('reads', () => {
  test.each([
    ['', '*'],
    ['   ', '*'],
    ['*', '*'],
    ['payment', 'payment'],
    ['payment failed', '(payment & failed)'],
    ['a AND b OR c d', '((a & b) | (c & d))'],
    ['a (b OR c)', '(a & (b | c))'],
    ['-a NOT b -(c d)', '(!a & !b & !(c & d))'],
    ['NOT NOT a', '!!a'],
    ['a or b and not c', '(a & or & b & and & not & c)'],
    ['"Payment failed"', '"Payment failed"'],
    ['"say \\"hi\\" \\\\"', '"say "hi" \\"'],
    ['service:payment', 'service=payment'],
    ['service:"back office"', 'service="back office"'],
    ['-service:payment', '!service=payment'],
    ['service:(payment OR -orders)', '(service=payment | !service=orders)'],
    ['service:[payment, orders]', '(service=payment | service=orders)'],
    ['-service:[a,"b c"] x', '(!(service=a | service="b c") & x)'],
    ['service:[payment]', 'service=[payment]'],
    ['[a, b]', '([a, & b])'],
    ['service:pay*', 'service~pay*'],
    ['service:*', 'service?'],
    ['exists:order.id', 'order.id?'],
    ['-exists:/^(order|pay)[ .]/ x', '(!/^(order|pay)[ .]/? & x)'],
    ['duration:>500ms', 'duration>500ms'],
    ['severity:>=error', 'severity>=error'],
    ['amount:<-3', 'amount<-3'],
    ['amount:-3', 'amount=-3'],
    ['amount:[10 TO 20]', 'amount[10,20]'],
    ['amount:{10 TO 20]', 'amount{10,20]'],
    ['amount:10..20', 'amount[10,20]'],
    ['file:../a', 'file=../a'],
    ['file:[a]', 'file=[a]'],
    ['pay* *timeout*', '(~pay* & ~*timeout*)'],
    ['pay\\*', 'pay*'],
    ['/time(d )?out/', '/time(d )?out/'],
    ['body:/a\\/b/', 'body=/a/b/'],
    ['/api/v1/orders', '/api/v1/orders'],
    ['http://shop/x std::move 12:30:45', '(http://shop/x & std::move & 12:30:45)'],
    ['url:http://shop/x', 'url=http://shop/x'],
    ['a:b:c', 'a=b:c'],
    ['a - b', '(a & - & b)'],
    ['a-b', 'a-b'],
    ['-"a b"', '!"a b"'],
    ['\\AND', 'AND'],
    ['Über-timeout', 'Über-timeout'],
  ])('%s', (text, expected) => {
    const parsed = parseSearch(text);
    expect(parsed.ok ? told(parsed.value) : parsed.error.message).toBe(expected);
  });

  test('places and frozen values', () => {
    const parsed = parseSearch('a service:"x y"');
    if (!parsed.ok || parsed.value.kind !== 'and') throw new Error('expected two terms');
    expect(parsed.value.items[1]).toMatchObject({ kind: 'field', at: { from: 2, to: 15 } });
    expect(Object.isFrozen(parsed.value) && Object.isFrozen(parsed.value.items[0])).toBe(true);
  });
});

describe('refuses, and says where and what was expected', () => {
  test.each([
    ['service:', 0, 8, 'expected a value after `service:` (to search for the text, put it in quotes)'],
    ['service: x', 0, 8, 'expected a value after `service:` (to search for the text, put it in quotes)'],
    ['a duration:>', 2, 12, 'expected a value after `duration:>`'],
    ['duration:>= 5', 0, 11, 'expected a value after `duration:>=`'],
    ['a OR', 4, 4, 'expected a search term after `OR`'],
    ['OR a', 0, 2, 'expected a search term before `OR`'],
    ['a AND OR b', 6, 8, 'expected a search term after `AND`'],
    ['NOT', 3, 3, 'expected a search term after `NOT`'],
    ['(a', 0, 1, 'expected a closing parenthesis `)`'],
    ['a)', 1, 2, 'expected a term before `)`: no parenthesis is open'],
    ['()', 1, 2, 'expected a search term inside the parentheses'],
    ['service:()', 9, 10, 'expected a search term inside the parentheses'],
    ['service:(a b:c)', 11, 13, 'expected a value inside `service:(…)`, not another field'],
    ['"open', 0, 5, 'expected a closing quote `"`'],
    ['exists:', 0, 7, 'expected the name of a field after `exists:`'],
    ['amount:[1 TO', 7, 12, 'expected a range such as `[100 TO 200]`'],
    ['/(?=a)b/', 0, 8, 'expected a regular expression without look-ahead, look-behind or conditions'],
    ['/(a)\\1/', 0, 7, 'expected a regular expression without back-references'],
    ['/a{1001}/', 0, 9, 'expected repetitions of at most 1,000 in all'],
    ['/(a{100}){100}/', 0, 15, 'expected repetitions of at most 1,000 in all'],
    ['/\\uABCD/', 0, 8, 'expected a regular expression without `\\u`'],
    ['x'.repeat(4001), 4000, 4001, 'expected at most 4000 characters, got 4001'],
    [`${'('.repeat(51)}a${')'.repeat(51)}`, 50, 51, 'expected at most 50 levels of parentheses and negations'],
    ['a '.repeat(101), 200, 201, 'expected at most 100 terms'],
    [`/${'a'.repeat(501)}/`, 0, 503, 'expected a regular expression of at most 500 characters'],
  ])('%s', (text, from, to, message) => {
    expect(parseSearch(text)).toEqual({ ok: false, error: { message, position: { from, to } } });
  });

  test.each(['/(a/', '/a)/', '/[z-a]/', '/a**/', '/[]/', '/\\pL/', '/{2}/'])('the expression %s', (text) => {
    expect(parseSearch(text)).toMatchObject({ ok: false, error: { position: { from: 0, to: text.length } } });
  });
});
