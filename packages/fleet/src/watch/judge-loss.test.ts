import type { LinkBefore } from '@sightline/control';
import { expect, test } from 'vitest';
import { helloAt } from '../test-support.ts';
import { judgeLoss } from './judge-loss.ts';

const minute = 60_000;
/** 22:30 UTC; the link was lost ten minutes before. */
const now = Date.UTC(2026, 10, 20, 22, 30);
const lostAt = now - 10 * minute;
const down: LinkBefore = { link: 'down', linkSince: lostAt, lastSeenAt: lostAt, linkFoundAt: null, lastAddress: '' };
const spool = (waitingRecords: number) => ({ ...helloAt(now).spool, waitingRecords });

/** The site's clock is an hour ahead: nothing of that may show. */
const ahead = 60 * minute;
function judged(
  site: {
    startedAt: number;
    bootedAt: number;
    sawLossAt?: number;
    ended?: boolean;
    stopped?: boolean;
    waiting?: number;
  },
  before: LinkBefore = down,
): string {
  const hello = helloAt(now + ahead, {
    startedAt: site.startedAt + ahead,
    bootedAt: site.bootedAt + ahead,
    lost:
      site.sawLossAt === undefined
        ? null
        : { at: site.sawLossAt + ahead, why: 'cut', ended: site.ended, stopped: site.stopped },
    spool: spool(site.waiting ?? 0),
  });
  return judgeLoss(before, hello, now);
}

test.each([
  [
    'the line, when the agent ran all along',
    { startedAt: lostAt - minute, bootedAt: lostAt - minute, waiting: 12_400 },
    'The link was down for 10 min, from 22:20:00 UTC to 22:30:00 UTC; the agent ran all along and kept 12,400 records.',
  ],
  [
    'the machine, when it was booted since',
    { startedAt: now - minute, bootedAt: now - 2 * minute, waiting: 1 },
    'The machine was off from 22:20:00 UTC until it was started at 22:28:00 UTC and kept 1 record.',
  ],
  [
    'the agent, when only it was started since',
    { startedAt: now - minute, bootedAt: lostAt - minute },
    'The agent was down from 22:20:00 UTC until it was started at 22:29:00 UTC; the machine ran all along.',
  ],
  [
    'the line first, when the agent saw it go before it was started again',
    { startedAt: now - minute, bootedAt: lostAt - minute, sawLossAt: lostAt + 20_000 },
    'The link was down for 10 min, from 22:20:00 UTC to 22:30:00 UTC; the agent saw it go and was started again at 22:29:00 UTC.',
  ],
  [
    'the line first, and the machine later',
    { startedAt: now - minute, bootedAt: now - 2 * minute, sawLossAt: lostAt + 20_000 },
    'The link was lost at 22:20:00 UTC while the machine ran; the machine was started again at 22:28:00 UTC.',
  ],
  [
    'the agent, when it knows of the loss only because it was killed',
    { startedAt: now - minute, bootedAt: lostAt - minute, sawLossAt: lostAt - 5000, ended: true },
    'The agent was down from 22:20:00 UTC until it was started at 22:29:00 UTC; the machine ran all along.',
  ],
  [
    'the agent, when it was told to stop',
    { startedAt: now - minute, bootedAt: lostAt - minute, sawLossAt: lostAt - 500, ended: true, stopped: true },
    'The agent was stopped at 22:20:00 UTC and started again at 22:29:00 UTC; the machine ran all along.',
  ],
  [
    'the agent, though it had been told to stop at another time',
    {
      startedAt: now - minute,
      bootedAt: lostAt - 500 * minute,
      sawLossAt: lostAt - 300 * minute,
      ended: true,
      stopped: true,
    },
    'The agent was down from 22:20:00 UTC until it was started at 22:29:00 UTC; the machine ran all along.',
  ],
  [
    'not the line, when what the agent saw go was another loss',
    { startedAt: now - minute, bootedAt: lostAt - 500 * minute, sawLossAt: lostAt - 300 * minute },
    'The agent was down from 22:20:00 UTC until it was started at 22:29:00 UTC; the machine ran all along.',
  ],
])('it was %s', (_, site, words) => {
  expect(judged(site)).toBe(words);
});

const old = { startedAt: lostAt - minute, bootedAt: lostAt - minute };
test.each<[string, LinkBefore, RegExp]>([
  ['a first connection', { ...down, link: 'never', lastSeenAt: null }, /^$/],
  ['a short gap', { ...down, linkSince: now - 20_000 }, /^$/],
  ['a connection that takes over from a live one', { ...down, link: 'up', lastSeenAt: now - 3000 }, /^$/],
  ['a server that was away', { ...down, link: 'up', linkSince: 0 }, /^The link was down for 10 min/],
])('of %s', (_, before, words) => {
  expect(judged(old, before)).toMatch(words);
});
