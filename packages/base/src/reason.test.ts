import { expect, test } from 'vitest';
import { reasonOf } from './reason.ts';

const ended = new Error('Connection terminated unexpectedly');
const timedOut = new Error('Connection terminated due to connection timeout', { cause: ended });
const statement = 'update "notifications" set "attempts" = $1\n  where "id" = $2';

test.each<[string, unknown, string]>([
  ['a plain error', new Error('the disk is full'), 'the disk is full'],
  ['a text', 'gone', 'gone'],
  ['no error at all', { code: 7 }, 'object'],
  ['an error without words', new TypeError(), 'TypeError'],
  [
    'a statement: its cause first, itself on one line',
    new Error(`Failed query: ${statement}`, { cause: new Error('deadlock detected') }),
    'deadlock detected (Failed query: update "notifications" set "attempts" = $1 where "id" = $2)',
  ],
  [
    'a statement with its values: without them',
    new Error(`Failed query: ${statement}\nparams: ann@stores.example,7`, { cause: timedOut }),
    'Connection terminated unexpectedly (Failed query: update "notifications" set "attempts" = $1 where "id" = $2)',
  ],
  [
    'a long statement: its beginning',
    new Error(`Failed query: select ${'"column", '.repeat(100)}`, { cause: ended }),
    `Connection terminated unexpectedly (${`Failed query: select ${'"column", '.repeat(100)}`.slice(0, 160)}…)`,
  ],
  ['a cause that says the same', new Error('refused', { cause: new Error('refused') }), 'refused'],
])('%s', (_, error, reason) => expect(reasonOf(error)).toBe(reason));

test('a circle of causes ends', () => {
  const [one, other] = [new Error('one'), new Error('other')];
  Object.assign(one, { cause: other });
  Object.assign(other, { cause: one });
  expect(reasonOf(one)).toBe('other (one)');
});
