import type { MonitorSummary } from '@sightline/contract';
import { expect, test } from 'vitest';
import {
  barsWords,
  byUrgency,
  dueWords,
  everyWords,
  minutesWords,
  stateWord,
  uptimeText,
  uptimeTone,
} from './monitor-words.ts';

test.each([
  [null, '–', 'idle'],
  [1, '100 %', 'good'],
  // Never rounded up to what it was not.
  [0.999999, '99.99 %', 'good'],
  [0.99, '99 %', 'warn'],
  [0.5, '50 %', 'bad'],
  [0, '0 %', 'bad'],
])('%s up is %s, %s', (share, text, tone) => {
  expect([uptimeText(share), uptimeTone(share)]).toEqual([text, tone]);
});

test.each([
  [10_000, 'every 10 seconds'],
  [60_000, 'every minute'],
  [90_000, 'every 90 seconds'],
  [3_600_000, 'every hour'],
  [604_800_000, 'every 7 days'],
])('%i ms is %s', (ms, words) => expect(everyWords(ms)).toBe(words));

test.each([
  [0.2, '< 1 min'],
  [12.4, '12 min'],
  [190, '3.2 h'],
])('%s minutes are %s', (minutes, words) => expect(minutesWords(minutes)).toBe(words));

test('bars in a sentence', () => {
  expect(barsWords([null, null], [0, 0])).toBe('Nothing measured in the last 90 days');
  expect(barsWords([1, 1], [0, 0])).toBe('Up on all 2 measured days of the last 2');
  expect(barsWords([null, 0.5, 1], [0, 720, 0])).toBe(
    'Down on 1 of 2 measured days, 12.0 h in all, nothing measured on 1',
  );
});

test('what is down comes first, what is paused last; a new one waits', () => {
  const of = (name: string, state: MonitorSummary['state']) => ({ name, state }) as MonitorSummary;
  const all = [of('b', 'up'), of('a', 'paused'), of('till 10', 'down'), of('till 9', 'down'), of('c', 'unknown')];
  expect(all.toSorted(byUrgency).map(({ name }) => name)).toEqual(['till 9', 'till 10', 'c', 'b', 'a']);
  expect(stateWord({ state: 'unknown', lastCheckedAt: null })).toBe('waiting');
  expect(stateWord({ state: 'unknown', lastCheckedAt: 5 })).toBe('unknown');
});

test.each([
  [{}, 'every day'],
  [{ cron: '' }, 'every day'],
  [{ cron: '0 3 * * *' }, '0 3 * * *'],
  [{ cron: '0 3 * * *', timeZone: 'Europe/Berlin' }, '0 3 * * *, Europe/Berlin'],
])('a monitor with %j is due %s', (settings, words) => expect(dueWords({ everyMs: 86_400_000, settings })).toBe(words));
