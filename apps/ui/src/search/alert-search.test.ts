import { expect, it } from 'vitest';
import { alertSearch } from './alert-search.ts';

const all = { environment: '', site: '', service: '' };

it.each<[string, 'logs' | 'errors', string, Partial<typeof all>, string, string[]]>([
  ['a search is taken as it stands', 'logs', ' timeout is:x ', {}, 'timeout is:x', []],
  ['the scope becomes part of it', 'logs', 'a OR b', { site: 'STORE 7' }, '(a OR b) site:"STORE 7"', []],
  ['nothing but the scope', 'logs', '', { service: 'pay', environment: 'test' }, 'environment:test service:pay', []],
  [
    'what is about issues is named and left out',
    'errors',
    'is:new timeout events:>5',
    {},
    'timeout',
    ['is:new', 'events:>5'],
  ],
  ['the own names of a search for issues', 'errors', 'level:error -has:user', {}, 'severity:error -exists:user', []],
  ['a quoted word is no filter', 'errors', '"is:new" x', {}, '"is:new" x', []],
  ['within parentheses nothing is taken away', 'errors', '(is:new OR x)', {}, '(is:new OR x)', []],
])('%s', (_, source, q, scope, expected, left) => {
  expect(alertSearch(source, q, { ...all, ...scope })).toEqual({ q: expected, left });
});
