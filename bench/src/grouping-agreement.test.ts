import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { compareGrouping } from './grouping-agreement.ts';

const folder = mkdtempSync(join(tmpdir(), 'sightline-grouping-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(cases: Readonly<Record<string, readonly [event: object, verdict: object]>>): void {
  for (const part of ['inputs', 'expected']) mkdirSync(join(folder, part), { recursive: true });
  for (const [name, [event, verdict]] of Object.entries(cases)) {
    writeFileSync(join(folder, 'inputs', `${name}.json`), JSON.stringify(event));
    writeFileSync(join(folder, 'expected', `${name}.json`), JSON.stringify(verdict));
  }
}

const frame = (name: string, own: boolean) => ({ function: name, filename: `${name}.py`, in_app: own });
const thrown = (type: string, ...frames: object[]) => ({ type, value: 'x', stacktrace: { frames } });
const event = (...values: object[]) => ({ platform: 'python', exception: { values } });
const verdict = { platform: 'python', kind: 'stack', exceptions: [0], frames: [[0, 1]] };

it('tells where two ways of grouping agree, and how they differ', () => {
  write({
    alike: [event(thrown('A', frame('lib', false), frame('pay', true))), { ...verdict, hash: '1' }],
    again: [event(thrown('A', frame('other', false), frame('pay', true))), { ...verdict, hash: '1' }],
    frames: [event(thrown('B', frame('lib', false), frame('pay', true))), { ...verdict, frames: [[0, 0]], hash: '2' }],
    basis: [{ logentry: { formatted: 'paper is out' } }, { ...verdict, platform: 'other', exceptions: [], frames: [] }],
    types: [event(thrown('C'), thrown('D', frame('pay', true))), { ...verdict, exceptions: [0], frames: [[1, 0]] }],
    merged: [event(thrown('A', frame('lib', false), frame('pay', true))), { ...verdict, hash: '3' }],
    ruled: [
      event(thrown('E')),
      { ...verdict, kind: 'fingerprint', exceptions: [], frames: [], rules: { fingerprint: 'error.type:E -> one' } },
    ],
  });
  const { table, disagreements } = compareGrouping(folder);
  expect(table.at(-1)).toEqual({
    platform: 'all',
    inputs: 7,
    'same basis': '6 of 7',
    'same exceptions': '4 of 5',
    'same frames': '4 of 5',
    'same named frames': '4 of 5',
    'ours within theirs': '4 of 5',
    'pairs judged alike': '4 of 6',
    'their pairs kept': '1 of 1',
  });
  expect(table.map((row) => row['platform'])).toEqual(['other', 'python', 'all']);
  expect(disagreements).toEqual([
    { name: 'basis', what: 'decided by stack, by ours message' },
    { name: 'frames', what: '+ 0 pay in pay.py (); - 0 lib in lib.py (not of the application, says the client)' },
    { name: 'types', what: 'exceptions C; ours D, C' },
    { name: 'again and merged', what: 'two issues, one of ours' },
    { name: 'alike and merged', what: 'two issues, one of ours' },
  ]);
});

it('refuses verdicts that it does not know', () => {
  write({ odd: [event(thrown('A')), { ...verdict, kind: 'guess' }] });
  expect(() => compareGrouping(folder)).toThrow('odd.json: "guess" is none of stack');
});
