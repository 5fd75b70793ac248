import { describe, expect, it } from 'vitest';
import type { LogRow } from '@sightline/contract';
import { issueTitle } from '../../records/issue-title.ts';
import { filterTrail, joinTrail, logLines, trailKinds, type TrailStep } from './crumb-trail.ts';
import { foldFrames, frameText, functionText, openFrames, stackText, type Frame } from './fold-frames.ts';
import { changedSentence } from './issue-words.ts';
import { tagFilterField, tagShares } from './tag-filter.ts';

const frame = (name: string, inApp: boolean, more: Partial<Frame> = {}): Frame => ({
  function: name,
  file: `${name}.ts`,
  line: 1,
  column: 2,
  inApp,
  module: '',
  contextLine: '',
  preContext: [],
  postContext: [],
  ...more,
});

describe('openFrames', () => {
  const stack = [frame('lib', false), frame('a', true), frame('b', true), frame('c', true)];
  it.each([
    ['where it was thrown and the two innermost of ours', stack, true, [0, 1, 2]],
    ['of a cause the innermost of ours', stack, false, [1]],
    ['where nothing is ours where it was thrown', [frame('x', false)], true, [0]],
    ['of a cause of others nothing', [frame('x', false)], false, []],
  ])('%s', (_, frames, first, open) => expect([...openFrames(frames, first)]).toEqual(open));
});

it.each([
  ['', 'anonymous'],
  ['?', 'anonymous'],
  ['<anonymous>', 'anonymous'],
  ['pay', 'pay'],
])('the function %j is called %s', (name, text) => expect(functionText({ function: name })).toBe(text));

describe('foldFrames', () => {
  const runs = (...frames: Frame[]) =>
    foldFrames(frames).map(
      (run) => `${run.own ? 'own' : 'fold'}@${run.start} ${run.frames.map((f) => f.function).join(',')}`,
    );
  it.each<[string, Frame[], string[]]>([
    [
      'folds what is not ours',
      [frame('a', true), frame('b', false), frame('c', false), frame('d', true)],
      ['own@0 a', 'fold@1 b,c', 'own@3 d'],
    ],
    [
      'shows where it was thrown',
      [frame('lib', false), frame('x', false), frame('a', true)],
      ['own@0 lib', 'fold@1 x', 'own@2 a'],
    ],
    ['folds nothing where nothing is ours', [frame('x', false), frame('y', false)], ['own@0 x,y']],
    ['is empty without frames', [], []],
  ])('%s', (_name, frames, expected) => expect(runs(...frames)).toEqual(expected));
});

it.each([
  [frame('charge', true), 'charge (charge.ts:1:2)'],
  [frame('', true, { file: 'a.ts', column: null }), 'a.ts:1'],
  [frame('f', true, { file: '', line: null, column: null }), 'f (?)'],
])('writes a frame', (one, text) => expect(frameText(one)).toBe(text));

it('copies causes as well', () => {
  const exception = (type: string) => ({ type, value: 'v', mechanism: '', handled: null, frames: [frame('f', true)] });
  expect(stackText([exception('A'), exception('B')])).toBe(
    'A: v\n    at f (f.ts:1:2)\nCaused by: B: v\n    at f (f.ts:1:2)',
  );
});

describe('joinTrail', () => {
  const crumb = (at: number | null, message: string) => ({ at, category: 'ui', level: 'info', message, data: '' });
  const log = (at: number, body: string) => ({ id: `l${at}`, at, severity: 'info', service: 's', body }) as LogRow;
  const order = (...args: Parameters<typeof joinTrail>) =>
    joinTrail(...args)
      .map(({ message }) => message)
      .join(' ');
  it.each([
    ['by time', [crumb(1, 'a'), crumb(5, 'b')], [log(3, 'x')], 'a x b'],
    [
      'a crumb without time stays behind its neighbour',
      [crumb(5, 'a'), crumb(null, 'b')],
      [log(6, 'x'), log(4, 'w')],
      'w a b x',
    ],
    ['logs alone', [], [log(2, 'y'), log(1, 'x')], 'x y'],
    ['nothing', [], [], ''],
  ])('%s', (_name, crumbs, logs, expected) => expect(order(crumbs, logs)).toBe(expected));
  it('ends with the error', () => {
    expect(joinTrail([], [log(1, 'before'), log(9, 'after')], 5).map(({ message }) => message)).toEqual(['before']);
  });
  it('keeps the newest', () => {
    const many = Array.from({ length: 900 }, (_, i) => log(i, String(i)));
    expect(joinTrail([], many)).toHaveLength(300);
    expect(joinTrail([], many).at(-1)?.message).toBe('899');
  });
});

describe('words', () => {
  it.each([
    [{ type: 'TypeError', message: 'x' }, 'TypeError: x'],
    [{ type: 'TypeError', message: 'TypeError: x' }, 'TypeError: x'],
    [{ type: '', message: 'x' }, 'x'],
    [{ type: 'TypeError', message: '' }, 'TypeError'],
    [{ type: '', message: '' }, 'Error without a message'],
    [{ type: 'Message', message: 'drawer is open' }, 'drawer is open'],
  ])('%j → %s', (issue, title) => expect(issueTitle(issue)).toBe(title));
  it.each<[number, Parameters<typeof changedSentence>[1], string]>([
    [1, { status: 'resolved' }, 'Issue resolved'],
    [3, { status: 'unresolved' }, '3 issues reopened'],
    [2, { status: 'ignored', ignoredUntil: 'users', ignoredLimit: 10 }, '2 issues archived'],
    [2, { assignee: 'ann' }, '2 issues assigned'],
    [1, { assignee: '' }, 'Issue unassigned'],
    [4, { priority: 'high' }, '4 issues given high priority'],
    [1, { priority: '' }, 'Issue no longer given a priority'],
  ])('%i changed by %j: %s', (count, change, sentence) => expect(changedSentence(count, change)).toBe(sentence));
});

describe('shares of a tag', () => {
  const values = (...events: number[]) => events.map((n, i) => ({ value: `v${i}`, events: n }));
  const shown = (...of: Parameters<typeof tagShares>) =>
    tagShares(...of).map(({ kind, value, events, share }) => [kind, value, events, Math.round(share * 100)]);
  it.each<[string, Parameters<typeof tagShares>, (string | number)[][]]>([
    [
      'are of all events, with what is left and what carries none',
      [{ events: 80, distinct: 9, values: values(40, 20, 5, 4, 3) }, 100, 2],
      [
        ['value', 'v0', 40, 40],
        ['value', 'v1', 20, 20],
        ['other', '', 20, 20],
        ['none', '', 20, 20],
      ],
    ],
    [
      'name the one value that would be left',
      [{ events: 10, distinct: 3, values: values(5, 3, 2) }, 10, 2],
      [
        ['value', 'v0', 5, 50],
        ['value', 'v1', 3, 30],
        ['value', 'v2', 2, 20],
      ],
    ],
    ['are none of nothing', [{ events: 0, distinct: 0, values: [] }, 0, 5], []],
  ])('%s', (_, of, expected) => expect(shown(...of)).toEqual(expected));
  it.each<[string, string | undefined]>([
    ['site', 'site'],
    ['type', 'tag.type'],
    ['os.name', 'tag.os.name'],
    ['two words', undefined],
    ['a:b', undefined],
  ])('the tag %s is searched as %s', (tag, field) => expect(tagFilterField(tag)).toBe(field));
});

describe('filter of a trail', () => {
  const step = (category: string, level: string, message: string, more: Partial<TrailStep> = {}): TrailStep => ({
    at: 1,
    kind: 'breadcrumb',
    category,
    level,
    message,
    data: '',
    logId: '',
    ...more,
  });
  const steps = [
    step('http', 'info', 'GET /cart', { data: 'status 200' }),
    step('http', 'warning', 'GET /pay'),
    step('ui.click', '', 'Pay pressed'),
    step('payment', 'error', 'card declined', { kind: 'log' }),
  ];
  it.each<[string, Partial<Parameters<typeof filterTrail>[1]>, string[]]>([
    ['all', {}, ['GET /cart', 'GET /pay', 'Pay pressed', 'card declined']],
    ['by type', { kind: 'http' }, ['GET /cart', 'GET /pay']],
    ['by log lines', { kind: logLines }, ['card declined']],
    ['by level', { level: 'warn' }, ['GET /pay', 'card declined']],
    ['without a level as info', { level: 'info', kind: 'ui.click' }, ['Pay pressed']],
    ['by words in any of its parts', { text: '200 get' }, ['GET /cart']],
    ['by all of them', { kind: 'http', level: 'error', text: 'x' }, []],
  ])('%s', (_, filter, expected) =>
    expect(filterTrail(steps, { kind: '', level: '', text: '', ...filter }).map(({ message }) => message)).toEqual(
      expected,
    ),
  );
  it('names the types, the commonest first', () => expect(trailKinds(steps)).toEqual(['http', 'ui.click', logLines]));
});
