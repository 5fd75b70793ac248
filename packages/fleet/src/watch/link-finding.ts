import type { Agent } from '@sightline/control';
import type { Finding } from '@sightline/record';
import { momentWords, spanWords } from './words.ts';

/** What is known of a site besides its link. */
export interface OtherViews {
  /** When the last record of the site came, by whatever way; undefined when none ever did. */
  readonly lastSignalMs: number | undefined;
  /** Links of the organisation that are up, and those lost within the same minute, this one included. */
  readonly up: number;
  readonly lostTogether: number;
}

/** Records of a site that are younger than the loss by this much came without the agent. */
const apartMs = 20_000;

/** True when so many links went at once that the trouble is ours or the provider's. */
export function lostAllTogether({ up, lostTogether }: OtherViews): boolean {
  return lostTogether >= 3 && lostTogether > up;
}

const common = (agent: Agent, nowMs: number) =>
  ({
    organisation: agent.organisation,
    source: 'link',
    sourceId: agent.id,
    severity: 'high',
    title: `Link to ${agent.site} lost`,
    labels: { site: agent.site },
    value: null,
    threshold: null,
    unit: '',
    link: `/sites/${encodeURIComponent(agent.site)}?tab=actions`,
    atMs: nowMs,
    expiresAtMs: null,
    policy: '',
    runbook: '',
  }) as const;

/** The finding that an agent's link is lost, with what else is known, so that link and store are told apart. */
export function lostFinding(agent: Agent, views: OtherViews, nowMs: number): Finding {
  const lastHeardMs = agent.lastSeenAt ?? agent.linkSince;
  const heard = `Its agent was last heard at ${momentWords(lastHeardMs, nowMs)}.`;
  return {
    ...common(agent, nowMs),
    state: 'firing',
    summary: [heard, storeWords(views, agent.linkSince, nowMs), neighbourWords(views)].filter(Boolean).join(' '),
    annotations: { agent: agent.name, address: agent.lastAddress },
    sinceMs: agent.linkSince,
  };
}

/** The finding's end, with what the loss turned out to be. */
export function endedFinding(agent: Agent, nowMs: number): Finding {
  const since = agent.linkFoundAt ?? nowMs;
  return {
    ...common(agent, nowMs),
    state: 'resolved',
    summary: endWords(agent, since, nowMs),
    annotations: { agent: agent.name, address: agent.lastAddress },
    sinceMs: since,
  };
}

function endWords(agent: Agent, foundAtMs: number, nowMs: number): string {
  if (agent.link !== 'up')
    return `${agent.site} is no longer expected over this agent: it was revoked, or another reaches the site.`;
  return agent.linkVerdict === ''
    ? `The link to ${agent.site} is back, ${spanWords(nowMs - foundAtMs)} after it was missed.`
    : agent.linkVerdict;
}

function storeWords({ lastSignalMs }: OtherViews, lostAtMs: number, nowMs: number): string {
  if (lastSignalMs === undefined)
    return 'Nothing else was ever heard from the store, so it cannot be said whether it runs.';
  if (lastSignalMs > lostAtMs + apartMs)
    return `The store still sends: its last record is ${spanWords(nowMs - lastSignalMs)} old. The agent or its way out is lost, not the store.`;
  return `Nothing has come from the store since ${momentWords(lastSignalMs, nowMs)}, by any way: the store, its line or its agent is down.`;
}

function neighbourWords(views: OtherViews): string {
  const { up, lostTogether } = views;
  if (lostAllTogether(views))
    return `${lostTogether} of ${up + lostTogether} links were lost within the same minute: the trouble is likely here or at the provider, not in the stores.`;
  return up === 0 ? '' : `${up === 1 ? 'The link of 1 other agent is' : `The links of ${up} other agents are`} up.`;
}
