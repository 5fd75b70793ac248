import { expect, it } from 'vitest';
import { plainGrouping } from './grouping/group-error.ts';
import { readStackRules } from './grouping/rules/stack-rules.ts';
import { exceptionsOf } from './exceptions.ts';
import { FormedFrame } from './formed-frame.ts';
import type { JsonObject } from './json-reader.ts';
import { parseEvent } from './known-stacks.ts';
import { errorRowOf } from './normalise-event.ts';

const frame = (line: number, more: object = {}): object => ({
  function: `pay${line}`,
  filename: 'till.js',
  lineno: line,
  context_line: '  throw new Error("\u00e9"); // }],"frames":[',
  in_app: line > 1,
  ...more,
});
const thrown = (...frames: object[]): object => ({ type: 'E', value: 'x', stacktrace: { frames } });
const vars = (n: number): object => ({ vars: { order: `o${n}`, deep: { list: ['}', '"'] } } });
const event = (values: object[], more: object = {}): string => JSON.stringify({ exception: { values }, ...more });
const rules = readStackRules('stack.function:pay2 -app');
if (!rules.ok) throw new Error('these are rules');

const origin = {
  scope: { organisation: 'o', keyId: 'k', site: '', device: '', service: '', environment: '' },
  project: 1,
  receivedAtMs: 1_700_000_000_000,
  eventId: '',
};
/** All that is stored of an event, by rules of stacks too; the id is made of all that came. */
const rowsOf = (parsed: unknown): string =>
  [plainGrouping, { ...plainGrouping, stackRules: rules.value }]
    .map((grouping) => errorRowOf(parsed as JsonObject, origin, grouping))
    .map((row) => JSON.stringify({ ...row, payload: String(row['payload']) }))
    .join('\n');

it.each<[string, (n: number) => string]>([
  ['without local variables', () => event([thrown(frame(1), frame(2))])],
  ['with local variables', (n) => event([thrown(frame(1, vars(n)), frame(2), frame(3, vars(n + 1)))])],
  ['with them before the rest', (n) => event([thrown({ ...vars(n), ...frame(1) }, frame(2))])],
  [
    'with a cause, and threads',
    (n) => event([thrown(frame(9)), thrown(frame(8, vars(n)))], { threads: [thrown(frame(7))] }),
  ],
  ['of a message', (n) => JSON.stringify({ message: 'x', stacktrace: { frames: [frame(4), frame(5, vars(n))] } })],
  ['of a recursion', (n) => event([thrown(frame(2, vars(n)), frame(2, vars(n)), frame(2))])],
  ['of one bare exception', () => JSON.stringify({ exception: thrown(frame(6)) })],
  ['with frames among the variables', (n) => event([thrown(frame(1, { vars: { n, frames: [frame(2)] } }), frame(2))])],
  ['with frames where nobody looks for them', (n) => event([thrown(frame(1))], { extra: { n, frames: [frame(2)] } })],
  [
    'that is not written as usual, beside one that is',
    () =>
      `{"extra":{"frames":[{"a":1}]},${event([thrown(frame(1))])
        .slice(1)
        .replace('"frames":', '"frames" :')}`,
  ],
  [
    'that is there twice',
    () => event([thrown(frame(1), frame(2))]).replace('"frames":', '"frames":[{"lineno":5}],"frames":'),
  ],
  [
    'with two of `vars`',
    () => event([thrown(frame(1, { vars: { a: 1 } }))]).replace('"vars":', '"vars":{"b":2},"vars":'),
  ],
  [
    'with `vars` that are no object',
    (n) => event([thrown(frame(1, { vars: n }), frame(2, { vars: null }), frame(3, { vars: 0 }))]),
  ],
  [
    'with a name written in escapes',
    () => event([thrown(frame(1, { vars: { a: 1 } }))]).replace('"vars"', String.raw`"v\u0061rs"`),
  ],
  ['with what are no frames', () => event([{ type: 'E', stacktrace: { frames: [1, null, [], 'x', frame(3)] } }])],
  ['with numbers for frames', () => event([{ type: 'E', stacktrace: { frames: [0] } }])],
  ['of no frames', () => event([thrown()])],
  [
    'with names that objects have',
    () =>
      `{"exception":{"values":[{"stacktrace":{"frames":[{"__proto__":{"function":"x"},"constructor":1,"lineno":2}]}}]}}`,
  ],
  ['that ends too soon', () => event([thrown(frame(1))]).slice(0, -9)],
  ['in a text', () => JSON.stringify({ message: event([thrown(frame(1))]) })],
  ['that is no event', () => '[{"frames":[{"lineno":1}]}]'],
])('a stack %s is read as JSON.parse does, however often it was met', (_name, textOf) => {
  for (let n = 0; n < 5; n++) {
    const text = textOf(n);
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      expected = undefined;
    }
    const parsed = parseEvent(Buffer.from(text));
    expect(JSON.stringify(parsed)).toBe(JSON.stringify(expected));
    if (typeof expected === 'object') expect(rowsOf(parsed)).toBe(rowsOf(expected));
  }
});

it('frames of a stack that was met twice are known; local variables are those of each event', () => {
  const read = (n: number) =>
    exceptionsOf(parseEvent(Buffer.from(event([thrown(frame(31), frame(32, vars(n)))]))) as JsonObject)[0]?.frames ??
    [];
  const forms = (n: number) => read(n).map((one) => FormedFrame.formOf(one));
  forms(0);
  forms(1);
  const known = forms(2);
  expect(known).toHaveLength(2);
  for (const [place, form] of forms(3).entries()) expect(form).toBe(known[place]);
  expect(read(7)[0]?.locals).toMatchObject({ order: 'o7' });
});

it('whose code a frame is hangs on the event, not on the frame alone', () => {
  const quiet = { ...frame(41), in_app: undefined };
  const read = (...others: object[]) =>
    exceptionsOf(parseEvent(Buffer.from(event([thrown(quiet), ...others]))) as JsonObject).at(-1)?.frames[0]?.inApp;
  for (let n = 0; n < 4; n++) {
    expect(read()).toBe(true);
    expect(read(thrown(frame(42)))).toBe(false);
  }
});
