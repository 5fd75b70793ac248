import { expect, it } from 'vitest';
import { ScrubbableJson } from './scrubbable-json.ts';

const stored = (payload: string): unknown => JSON.parse(ScrubbableJson.of(payload).toString());

it.each<[string, unknown, unknown]>([
  ['plain values stay', { a: 1, b: [true, null, 'x'], c: { d: 1.5 } }, { a: 1, b: [true, null, 'x'], c: { d: 1.5 } }],
  ['a number that might be a card', { card: 4_111_111_111_111_111 }, { card: '4111111111111111' }],
  ['one in a list', { list: [1, 4_111_111_111_111] }, { list: [1, '4111111111111'] }],
  ['one with an exponent', { n: 1e21 }, { n: '1e+21' }],
  ['a secret that is a number', { deep: { password: 1234 } }, { deep: { password: '1234' } }],
  ['a secret that is not set', { password: null, note: null }, { password: 'null', note: null }],
  ['a secret behind an odd name', { 'a"api_key': true }, { 'a"api_key': 'true' }],
  ['control characters', { text: 'a\u0000b\bc\n' }, { text: 'a b c\n' }],
  ['half of a surrogate pair', { text: '\uD800x' }, { text: '\uFFFDx' }],
  [
    'digits in a text',
    { text: '4111111111111111', json: '{"password":1}' },
    { text: '4111111111111111', json: '{"password":1}' },
  ],
])('%s', (_, payload, expected) => expect(stored(JSON.stringify(payload))).toEqual(expected));

it('text that is no JSON is kept as text', () => expect(stored('{"a":')).toEqual({ unreadable: '{"a":' }));

it.each<[string, { text: string; known: boolean }[], string[]]>([
  [
    'parts stay apart',
    [
      { text: '{"a":[', known: true },
      { text: '1]}', known: true },
    ],
    ['{"a":[', '1]}'],
  ],
  [
    'numbers of our own are not looked at, those of others are',
    [
      { text: '{"token_of":1,"a":', known: true },
      { text: '{"password":1}}', known: false },
    ],
    ['{"token_of":1,"a":{"password":"1"}}'],
  ],
  [
    'one part that does not fit costs the others',
    [
      { text: '{"a":"\\u0001","b":', known: true },
      { text: '2}', known: true },
    ],
    ['{"a":" ","b":2}'],
  ],
])('%s', (_, parts, expected) => expect(ScrubbableJson.ofParts(parts).parts).toEqual(expected));
