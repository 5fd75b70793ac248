import type { LinkBefore } from '@sightline/control';
import type { AgentMessage } from '../messages/index.ts';
import { momentWords, spanWords } from './words.ts';

type Hello = Extract<AgentMessage, { type: 'hello' }>;

/** Shorter gaps are everyday: nothing is said of them. */
const worthTellingMs = 45_000;
/** The site's clock and ours are compared over one message: so much may lie between. */
const toleranceMs = 5000;

/**
 * What a loss of the link was, told by the agent that came back: the line, the machine, or the agent itself. The agent's
 * moments are by the site's clock; they are put on ours by the clock's state in the same hello. '' when there was no loss.
 */
export function judgeLoss(before: LinkBefore, hello: Hello, nowMs: number): string {
  if (before.link === 'never') return '';
  const lostAtMs = before.link === 'down' ? before.linkSince : (before.lastSeenAt ?? before.linkSince);
  const spanMs = nowMs - lostAtMs;
  if (spanMs < worthTellingMs) return '';
  const ours = (atSiteMs: number): number => atSiteMs - (hello.sentAt - nowMs);
  const startedAtMs = ours(hello.startedAt);
  const bootedAtMs = ours(hello.bootedAt);
  const moment = (atMs: number): string => momentWords(atMs, nowMs);
  const kept = keptWords(hello.spool.waitingRecords);
  const between = `from ${moment(lostAtMs)} to ${moment(nowMs)}`;
  if (startedAtMs <= lostAtMs + toleranceMs)
    return `The link was down for ${spanWords(spanMs)}, ${between}; the agent ran all along${kept}.`;
  const { lost } = hello;
  const wasStopped = lost?.stopped === true && Math.abs(ours(lost.at) - lostAtMs) <= 2 * worthTellingMs;
  const sawLossMs = lost === null || lost.ended === true ? Number.NaN : ours(lost.at);
  // The agent saw the link go and ran then: the line was first, whatever came after.
  const linkFirst = Math.abs(sawLossMs - lostAtMs) <= 2 * worthTellingMs && sawLossMs <= startedAtMs;
  if (bootedAtMs > lostAtMs + toleranceMs)
    return linkFirst
      ? `The link was lost at ${moment(lostAtMs)} while the machine ran; the machine was started again at ${moment(bootedAtMs)}${kept}.`
      : `The machine was off from ${moment(lostAtMs)} until it was started at ${moment(bootedAtMs)}${kept}.`;
  if (wasStopped)
    return `The agent was stopped at ${moment(lostAtMs)} and started again at ${moment(startedAtMs)}; the machine ran all along${kept}.`;
  return linkFirst
    ? `The link was down for ${spanWords(spanMs)}, ${between}; the agent saw it go and was started again at ${moment(startedAtMs)}${kept}.`
    : `The agent was down from ${moment(lostAtMs)} until it was started at ${moment(startedAtMs)}; the machine ran all along${kept}.`;
}

function keptWords(records: number): string {
  if (records === 0) return '';
  return ` and kept ${records.toLocaleString('en-US')} ${records === 1 ? 'record' : 'records'}`;
}
