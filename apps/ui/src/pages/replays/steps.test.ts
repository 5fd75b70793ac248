import { describe, expect, test } from 'vitest';
import { readRecorded } from './steps.ts';
import { touchesOf } from './video-player.ts';
import { clockText, pathOf } from './words.ts';

const crumb = (category: string, over: object = {}) => ({
  type: 5,
  timestamp: 10_000,
  data: { tag: 'breadcrumb', payload: { timestamp: 10, category, message: 'button#pay', level: 'info', ...over } },
});
const span = (op: string, data: object = {}) => ({
  type: 5,
  timestamp: 10,
  data: {
    tag: 'performanceSpan',
    payload: { op, description: 'https://shop/pay', startTimestamp: 10, endTimestamp: 10.25, data },
  },
});
const click = (at: number, x = 5) => ({ type: 3, timestamp: at, data: { source: 2, type: 2, id: 7, x, y: 5 } });

describe('steps of a segment', () => {
  test.each<[string, unknown, object | undefined]>([
    ['a click', crumb('ui.click'), { kind: 'click', text: 'button#pay', at: 10_000, bad: false }],
    [
      'a dead click',
      crumb('ui.slowClickDetected', { data: { endReason: 'timeout', timeAfterClickMs: 7000, clickCount: 1 } }),
      { kind: 'dead', detail: 'nothing happened after 7.0 s', bad: true },
    ],
    [
      'a slow click',
      crumb('ui.slowClickDetected', { data: { endReason: 'mutation', timeAfterClickMs: 3200, clickCount: 1 } }),
      { kind: 'click', detail: 'the page changed only after 3.2 s' },
    ],
    [
      'a click that was dead and repeated',
      crumb('ui.slowClickDetected', { data: { endReason: 'timeout', clickCount: 4 } }),
      { kind: 'rage', detail: '4 clicks' },
    ],
    ['rage', crumb('ui.multiClick', { data: { clickCount: 5 } }), { kind: 'rage', detail: '5 clicks' }],
    ['a double click', crumb('ui.multiClick', { data: { clickCount: 2 } }), undefined],
    ['a route', crumb('navigation', { data: { to: '/done' } }), { kind: 'navigation', text: '/done' }],
    ['a page', span('navigation.navigate'), { kind: 'navigation', text: 'https://shop/pay', at: 10_000 }],
    ['console', crumb('console', { level: 'error' }), { kind: 'console', detail: 'error', bad: true }],
    ['an own breadcrumb', crumb('till'), { kind: 'console', detail: 'till' }],
    ['the SDK about itself', crumb('replay.mutations'), undefined],
    [
      'a request',
      span('resource.fetch', { method: 'POST', statusCode: 201 }),
      { kind: 'network', text: 'POST https://shop/pay', detail: '201, 250 ms', bad: false },
    ],
    ['a refused request', span('resource.xhr', { statusCode: 502 }), { kind: 'network', bad: true }],
    ['a request without an answer', span('resource.fetch'), { detail: 'no answer, 250 ms', bad: true }],
    ['an image', span('resource.img', { statusCode: 200 }), undefined],
    ['a breadcrumb without a time', crumb('ui.click', { timestamp: 'soon' }), undefined],
    ['options of the SDK', { type: 5, timestamp: 1, data: { tag: 'options', payload: {} } }, undefined],
  ])('%s', (_, event, expected) => {
    const { played, steps } = readRecorded([event]);
    expect(played).toEqual([]);
    if (expected) expect(steps).toMatchObject([expected]);
    else expect(steps).toEqual([]);
  });

  test('only events of the recorder are played, whatever else stands among them', () => {
    const page = { type: 4, timestamp: 1000, data: { href: 'https://shop/' } };
    expect(readRecorded([null, 'x', [], { type: 4 }, { type: 4, timestamp: '1' }, page, span('paint')]).played).toEqual(
      [page],
    );
  });

  test.each<[string, unknown[], number]>([
    ['three quick clicks on a spot', [click(0), click(300), click(600)], 1],
    ['two', [click(0), click(300)], 0],
    ['three slow ones', [click(0), click(900), click(1800)], 0],
    ['three on different spots', [click(0), click(300, 100), click(600, 200)], 0],
    ['two bursts', [0, 200, 400, 5000, 5200, 5400].map((at) => click(at)), 2],
    [
      'what the SDK told already',
      [click(9_900), click(10_100), click(10_300), crumb('ui.multiClick', { data: { clickCount: 3 } })],
      1,
    ],
  ])('rage: %s', (_, events, expected) => {
    expect(readRecorded(events).steps.filter(({ kind }) => kind === 'rage')).toHaveLength(expected);
  });
});

test.each([
  [0, '0:00'],
  [7_400, '0:07'],
  [760_000, '12:40'],
  [3_723_000, '1:02:03'],
  [-5, '0:00'],
])('%s ms is %s', (ms, text) => expect(clockText(ms)).toBe(text));

test('an address is shown by its path', () => {
  expect(pathOf('https://shop.example/pay?step=2#card')).toBe('/pay?step=2#card');
  expect(pathOf('no address')).toBe('no address');
});

describe('a session of a mobile SDK', () => {
  const at = 1_800_000_000_000;
  const video = (payload: object): object => ({ type: 5, timestamp: at, data: { tag: 'video', payload } });
  const told = { segmentId: 2, size: 1000, duration: 5000, width: 400, height: 800, container: 'mp4' };

  test.each([
    ['a clip', told, [{ segment: 2, at, durationMs: 5000, width: 400, height: 800 }]],
    ['no length', { ...told, duration: 0 }, []],
    ['no size', { ...told, width: undefined }, []],
    ['a wrong number', { ...told, segmentId: '2' }, []],
  ])('%s', (_, payload, clips) => expect(readRecorded([video(payload)])).toMatchObject({ clips, played: [] }));

  test('taps are steps, and touches are drawn where fingers were', () => {
    const tap = { timestamp: at / 1000, category: 'ui.tap', message: 'pay_button' };
    const events = [
      { type: 5, timestamp: at, data: { tag: 'breadcrumb', payload: tap } },
      {
        type: 3,
        timestamp: at + 20,
        data: {
          source: 6,
          positions: [
            { x: 3, y: 4, timeOffset: -5 },
            { x: 5, y: 6 },
          ],
        },
      },
      { type: 3, timestamp: at + 10, data: { source: 2, type: 7, x: 1, y: 2 } },
      { type: 3, timestamp: at + 30, data: { source: 3, x: 1, y: 2 } },
    ];
    const { steps, played } = readRecorded(events);
    expect(steps).toMatchObject([{ kind: 'click', text: 'pay_button' }]);
    expect(touchesOf(played)).toEqual([
      { at: at + 10, x: 1, y: 2 },
      { at: at + 15, x: 3, y: 4 },
      { at: at + 20, x: 5, y: 6 },
    ]);
  });
});
