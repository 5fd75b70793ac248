import type { ErrorFrame, ErrorPayload } from '@sightline/record';
import { expect, test } from 'vitest';
import { FormedFrame } from './formed-frame.ts';
import { payloadJson } from './payload-parts.ts';

const frame = (line: number): ErrorFrame => ({
  function: 'pay',
  file: 'pay.ts "frames":[]',
  line,
  column: null,
  inApp: true,
  module: '',
  contextLine: '\t',
  preContext: [],
  postContext: ['}'],
  debugId: '',
});
const payload = (line: number, extra: Record<string, unknown> = {}): ErrorPayload => ({
  version: 1,
  exceptions: [
    {
      type: 'E',
      value: '"frames":[]',
      mechanism: '',
      handled: null,
      frames: [frame(line), frame(2)],
      registers: { ax: '1' },
    },
    { type: 'F', value: '', mechanism: '', handled: true, frames: [] },
  ],
  breadcrumbs: [1, 2].map((n) => ({ at: '', category: 'c', level: 'info', message: `step ${n}`, data: '' })),
  groups: [{ name: 'site', fields: [{ label: 'Site', value: 'S' }] }],
  contexts: { os: { name: 'x' } },
  extra,
  sdk: 'a@1',
  dist: '',
  grouping: Array.from({ length: 9 }, (_, i) => `line ${i}`),
  groupingParts: [{ kind: 'type', value: 'E', used: true, why: '' }],
});
const empty: ErrorPayload = {
  ...payload(1),
  exceptions: [],
  breadcrumbs: [],
  groups: [],
  contexts: {},
  grouping: [],
  groupingParts: [],
};
/** Frames of known forms, plain ones and copies with other values among each other. */
const formed = (line: number): ErrorPayload => {
  const form = FormedFrame.form({ ...frame(line), contextLine: 'é "x"', unresolved: 'no map' });
  const { exceptions } = payload(1);
  const one: ErrorFrame = new FormedFrame(form, { a: 'ü', b: '\n' });
  const frames = [one, new FormedFrame(form, undefined), frame(3), { ...one, inApp: false }, one];
  return { ...payload(1), exceptions: exceptions.map((exception) => ({ ...exception, frames })) };
};
const { groupingParts: _, ...earlier } = payload(1);
/** With threads, of which one has no stack. */
const threaded = (omitted: object): ErrorPayload => {
  const { version, exceptions, ...rest } = formed(1);
  const thread = { name: '"frames":[]', state: 'R', crashed: true, current: false, main: false, threw: true };
  const threads = [
    { id: '1', ...thread, frames: exceptions[0]?.frames ?? [], registers: { ax: '1' } },
    { id: '2', ...thread, frames: [] },
  ];
  return { version, exceptions, threads, ...omitted, ...rest };
};

test.each([
  ['all of it', payload(1)],
  ['nothing in its lists', empty],
  ['without parts of grouping', earlier],
  ['frames of known forms', formed(1)],
  ['threads', threaded({})],
  ['threads of which some were left out', threaded({ threadsOmitted: 3 })],
])('%s is the text that JSON.stringify makes, in parts', (_name, given) => {
  const json = payloadJson(given);
  expect(json.toString()).toBe(JSON.stringify(given));
  expect(json.parts.length).toBeGreaterThan(5);
});

test.each([
  ['a line of thirteen digits', payload(4_111_111_111_111), '"line":"4111111111111"'],
  ['one in a known form', formed(4_111_111_111_111), '"line":"4111111111111"'],
  ['a secret that is a number', payload(1, { pin: 1, password: 1234 }), '"password":"1234"'],
])('%s is made a text', (_name, given, stored) => expect(payloadJson(given).toString()).toContain(stored));
