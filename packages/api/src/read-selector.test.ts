import { expect, test } from 'vitest';
import { readSelector } from './read-selector.ts';

test.each([
  ['up', ['__name__=up']],
  ['up{}', ['__name__=up']],
  ['{job="a"}', ['job=a']],
  ['up{job=~"a|b", le!="1",}', ['__name__=up', 'job=~a|b', 'le!=1']],
  [`up{a='x"y', b="q\\"\\\\"}`, ['__name__=up', 'a=x"y', 'b=q"\\']],
  ['{"http.route"="/x,y"}', ['http.route=/x,y']],
])('%s', (text, expected) => {
  expect(readSelector(text)?.map(({ label, operator, value }) => label + operator + value)).toEqual(expected);
});

test.each(['', 'up{job}', 'up{job="a" x="b"}', 'sum(up)', 'up{job="a"', '1up'])('%s is none', (text) => {
  expect(readSelector(text)).toBeUndefined();
});
