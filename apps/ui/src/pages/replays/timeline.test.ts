import { expect, test } from 'vitest';
import type { StepKind } from './steps.ts';
import { currentStep, marksOf, serverSteps, timeline, traceAt, type TimedStep } from './timeline.ts';

const step = (at: number, kind: StepKind = 'click'): TimedStep => ({ at, kind, text: kind, detail: '', bad: false });
type Errors = Parameters<typeof timeline>[1];
const error = { at: 5, type: 'Error', message: 'scale', service: 'till', issue: '00000000000000ff', eventId: 'e1' };

test('the recording and its errors on one line of time', () => {
  const recording = { parts: [{ played: [], steps: [step(1), step(9)], clips: [] }], whole: true, faults: [] };
  const { steps, left } = timeline(recording, [error] as Errors);
  expect(steps.map(({ at }) => at)).toEqual([1, 5, 9]);
  expect(steps[1]).toMatchObject({ kind: 'error', text: 'Error: scale', issue: { id: error.issue, event: 'e1' } });
  expect(left).toBe(0);
});

test('clicks that the SDK told of in the next segment are told once', () => {
  const part = (...steps: TimedStep[]) => ({ played: [], steps, clips: [] });
  const parts = [
    part({ ...step(100, 'rage'), seen: true }, { ...step(9000, 'rage'), seen: true }),
    part(step(150, 'rage')),
  ];
  const { steps } = timeline({ parts, whole: true, faults: [] }, []);
  expect(steps.map(({ at }) => at)).toEqual([150, 9000]);
});

test('a change of the page that the SDK tells twice stands once', () => {
  const to = (at: number, text: string): TimedStep => ({ ...step(at, 'navigation'), text });
  const steps = [to(1, '/pay'), to(40, 'https://shop.example/pay'), to(900, '/pay'), to(950, '/done')];
  const recording = { parts: [{ played: [], steps, clips: [] }], whole: true, faults: [] };
  expect(timeline(recording, []).steps.map(({ at }) => at)).toEqual([1, 900, 950]);
});

test('logs and spans of the servers stand where they happened, and lead to their trace', () => {
  const servers = serverSteps({
    logs: [{ id: '1-a', at: 4, severity: 'error', service: 'pay', body: 'card refused', traceId: 'aa' }],
    spans: [
      { at: 2, durationMs: 1500, name: 'POST /pay', service: 'pay', status: 'ok', traceId: 'aa', spanId: 'bb' },
      { at: 3, durationMs: 2, name: 'charge', service: '', status: 'error', traceId: 'aa', spanId: 'cc' },
    ],
    logsLeft: 0,
    spansLeft: 0,
  });
  const recording = { parts: [{ played: [], steps: [step(1), step(9)], clips: [] }], whole: true, faults: [] };
  expect(timeline(recording, [], servers).steps.map(({ kind, detail, bad }) => [kind, detail, bad])).toEqual([
    ['click', '', false],
    ['span', 'pay, 1.5 s', false],
    ['span', '2 ms, failed', true],
    ['log', 'pay, error', true],
    ['click', '', false],
  ]);
  expect(servers[1]?.trace).toEqual({ id: 'aa', span: 'bb' });
});

test('a line too long is cut and says by how much', () => {
  const many = Array.from({ length: 3500 }, (_, at) => step(at));
  const { steps, left } = timeline({ parts: [{ played: [], steps: many, clips: [] }], whole: true, faults: [] }, []);
  expect([steps.length, left]).toEqual([3000, 500]);
});

test('errors are marked whatever else happened, requests and console are not', () => {
  const clicks = Array.from({ length: 400 }, (_, at) => step(at));
  const marks = marksOf([...clicks, step(500, 'error'), step(501, 'network'), step(502, 'console')]);
  expect(marks).toHaveLength(300);
  expect(marks.at(-1)?.kind).toBe('error');
  expect(new Set(marks.map(({ kind }) => kind))).toEqual(new Set(['click', 'error']));
});

test.each([
  [0, -1],
  [1, 0],
  [4, 0],
  [5, 1],
  [99, 1],
])('at %s the step is %s', (now, expected) => expect(currentStep([step(1), step(5)], now)).toBe(expected));

test.each([
  ['under way', 15, 'a'],
  ['the last begun', 50, 'b'],
  ['before all of them', 5, 'a'],
  ['the later of two under way', 25, 'b'],
])('the trace %s', (_, now, expected) => {
  const traces = [
    { id: 'a', at: 10, endedAt: 40 },
    { id: 'b', at: 20, endedAt: 30 },
  ];
  expect(traceAt(traces, now)?.id).toBe(expected);
  expect(traceAt([], now)).toBeUndefined();
});
