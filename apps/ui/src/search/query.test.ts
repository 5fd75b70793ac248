import { describe, expect, it } from 'vitest';
import { acceptOffer, completionPlace, rankOffers } from './completion.ts';
import { litPieces } from './match-words.ts';
import {
  addFilter,
  addPhrases,
  hasFilter,
  leaveOutPhrases,
  listFilters,
  quoteValue,
  removeFilter,
} from './query-edit.ts';
import { tokenise } from './query-tokens.ts';

describe('tokenise', () => {
  it.each([
    ['', []],
    ['timeout payment', ['word timeout', 'word payment']],
    ['"card declined"', ['phrase "card declined"']],
    ['service:payment -site:STORE_047', ['filter service=payment', 'filter -site=STORE_047']],
    ['user.name:"a \\"b\\" c"', ['filter user.name=a "b" c']],
    [
      '(a OR b) AND NOT c',
      ['open (', 'word a', 'operator OR', 'word b', 'close )', 'operator AND', 'operator NOT', 'word c'],
    ],
    ['body:/time.?out (x)/ z', ['filter body=/time.?out (x)/', 'word z']],
    ['duration:>500ms', ['filter duration=>500ms']],
    ['http://example.com', ['word http://example.com']],
    ['std::move', ['word std::move']],
    ['"open quote', ['phrase "open quote']],
    ['site:', ['filter site=']],
    ['12:30', ['word 12:30']],
    ['- -', ['word -', 'word -']],
    ['/api/v1', ['word /api/v1']],
  ])('%s', (query, expected) => {
    expect(
      tokenise(query).map(({ kind, text, field, value, negated }) =>
        kind === 'filter' ? `filter ${negated ? '-' : ''}${field}=${value}` : `${kind} ${text}`,
      ),
    ).toEqual(expected);
  });
  it('ends on every input', () => {
    for (const bad of ['\\', '"\\', '-', ':', '::', '((', '/', 'a:/', '\u0000', '💥:💥', 'a:"\\"']) {
      const tokens = tokenise(bad);
      expect(tokens.at(-1)?.to).toBe(bad.length);
    }
  });
});

describe('addPhrases', () => {
  it.each([
    ['', ['Payment', 'declined after'], '"Payment" "declined after"'],
    ['service:payment', ['Payment'], 'service:payment "Payment"'],
    ['a OR b', ['c d'], '(a OR b) "c d"'],
    ['x "c d"', ['c d'], 'x "c d"'],
    ['x', ['say "hi"'], 'x "say \\"hi\\""'],
    [' x ', [], 'x'],
  ])('%s and %j', (query, phrases, expected) => expect(addPhrases(query, phrases)).toBe(expected));
});

describe('leaveOutPhrases', () => {
  it.each([
    ['', ['Payment'], '-"Payment"'],
    ['x', ['Payment', 'declined after'], 'x -("Payment" "declined after")'],
    ['a OR b', ['c d'], '(a OR b) -"c d"'],
    ['x -"c d"', ['c d'], 'x -"c d"'],
    ['x', [], 'x'],
  ])('%s and %j', (query, phrases, expected) => expect(leaveOutPhrases(query, phrases)).toBe(expected));
});

describe('addFilter', () => {
  it.each<[string, string, string, boolean, string]>([
    ['', 'service', 'payment', false, 'service:payment'],
    ['timeout', 'service', 'payment', false, 'timeout service:payment'],
    ['timeout', 'service', 'payment', true, 'timeout -service:payment'],
    ['service:payment', 'service', 'payment', false, 'service:payment'],
    ['service:payment timeout', 'service', 'payment', true, 'timeout -service:payment'],
    ['-service:payment', 'service', 'payment', false, 'service:payment'],
    ['a OR b', 'site', 'STORE_047', false, '(a OR b) site:STORE_047'],
    ['(a OR b)', 'site', 'STORE_047', false, '(a OR b) site:STORE_047'],
    ['', 'url', 'https://a.b/c?d=1', false, 'url:"https://a.b/c?d=1"'],
    ['', 'message', 'he said "no" \\', false, 'message:"he said \\"no\\" \\\\"'],
    ['', 'status', '500', false, 'status:500'],
    ['', 'a', '>5', false, 'a:">5"'],
    ['', 'a', '', false, 'a:""'],
    ['', 'a', 'OR', false, 'a:"OR"'],
    ['', 'a', 'x*', false, 'a:"x*"'],
    ['', 'a', '-1', false, 'a:"-1"'],
  ])('%s + %s:%s (not: %s) → %s', (query, field, value, negated, expected) => {
    const edited = addFilter(query, field, value, negated);
    expect(edited).toBe(expected);
    expect(hasFilter(edited, field, value, negated)).toBe(true);
    expect(addFilter(edited, field, value, negated)).toBe(edited);
  });
});

describe('removeFilter', () => {
  it.each([
    ['a service:payment b', 'a b'],
    ['service:payment AND b', 'b'],
    ['a AND service:payment', 'a'],
    ['a OR service:payment', 'a OR service:payment'],
    ['(service:payment OR b)', '(service:payment OR b)'],
    ['-service:payment', ''],
  ])('%s → %s', (query, expected) => expect(removeFilter(query, 'service', 'payment')).toBe(expected));
  it('lists what is asked for', () =>
    expect(listFilters('x site:A -site:"B C" (site:D)')).toEqual([
      { field: 'site', value: 'A', negated: false },
      { field: 'site', value: 'B C', negated: true },
    ]));
});

describe('completion', () => {
  const place = (marked: string) => {
    const caret = marked.indexOf('|');
    const query = marked.replace('|', '');
    return { query, place: completionPlace(query, caret) };
  };
  it.each<[string, string | undefined]>([
    ['|', 'field "" 0-0'],
    ['ser|', 'field "ser" 0-3'],
    ['-ser|', 'field "ser" 1-4'],
    ['a |', 'field "" 2-2'],
    ['service:|', 'value service "" 8-8'],
    ['service:pay| x', 'value service "pay" 8-11'],
    ['service:"pay m|', 'value service "pay m" 8-14'],
    ['service:"pay"|', undefined],
    ['ser|vice:pay', undefined],
    ['duration:>5|', undefined],
    ['"a phrase|', undefined],
    ['(ser|', 'field "ser" 1-4'],
  ])('%s', (marked, expected) => {
    const found = place(marked).place;
    const field = found?.kind === 'value' ? `${found.field} ` : '';
    expect(found && `${found.kind} ${field}"${found.prefix}" ${found.from}-${found.to}`).toBe(expected);
  });
  it.each([
    ['-ser|', 'service', '-service:|'],
    ['service:pa| x', 'payment', 'service:payment |x'],
    ['site:|', 'Store 47', 'site:"Store 47" |'],
  ])('%s takes %s', (marked, offer, expected) => {
    const { query, place: at } = place(marked);
    if (at === undefined) throw new Error('no place');
    const done = acceptOffer(query, at, offer);
    expect(`${done.query.slice(0, done.caret)}|${done.query.slice(done.caret)}`).toBe(expected);
  });
  it('ranks what begins before what contains', () =>
    expect(rankOffers(['user.service', 'Service', 'site', 'service.version'], 'ser')).toEqual([
      'Service',
      'service.version',
      'user.service',
    ]));
});

describe('litPieces', () => {
  it.each([
    ['Payment timed out', ['timed'], 'Payment [timed] out'],
    ['PAYMENT payment', ['payment'], '[PAYMENT] [payment]'],
    ['a.b axb', ['a.b'], '[a.b] axb'],
    ['connection refused', ['conn*'], '[connection] refused'],
    ['nothing', [], 'nothing'],
    ['nothing', ['', ' '], 'nothing'],
    ['(x', ['('], '[(]x'],
    ['paymentpay', ['pay', 'payment'], '[payment][pay]'],
  ])('%s with %j', (text, words, expected) => {
    const pieces = litPieces(text, words);
    expect(pieces.map((piece) => (piece.lit ? `[${piece.text}]` : piece.text)).join('')).toBe(expected);
    expect(pieces.map((piece) => piece.text).join('')).toBe(text);
  });
});

it.each(['payment', 'a-b', '10.0.0.1', 'STORE_047', 'a/b'])('%s needs no quotes', (value) =>
  expect(quoteValue(value)).toBe(value),
);
