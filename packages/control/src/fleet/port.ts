import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** The control plane's side of agents: who may connect for which site, and how each was last. */
export interface FleetControl {
  readonly enrolments: Enrolments;
  readonly agents: Agents;
}

export type LinkState = 'never' | 'up' | 'down';

/** A one-time token that is still open. */
export interface Enrolment {
  readonly id: string;
  readonly site: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number;
}

export interface Enrolments {
  /**
   * A one-time token with which one agent enrols for `site`, good for `lifeMs` (24 h). The site is created when it is not
   * known. Refuses site codes that no URL could hold, and more than 1,000 open ones.
   */
  create(
    organisation: string,
    site: string,
    createdBy: string,
    lifeMs?: number,
  ): Promise<Result<Enrolment & { readonly token: string }, Refused>>;
  /** Those still open, newest first. */
  list(organisation: string): Promise<Enrolment[]>;
  revoke(organisation: string, id: string): Promise<Result<Enrolment, Refused>>;
}

/** What an agent's token opens. */
export interface FoundAgent {
  readonly id: string;
  readonly organisation: string;
  readonly site: string;
  readonly name: string;
  /** The ingest-only key that records forwarded by the agent are counted under. */
  readonly keyId: string;
  /** Site clock minus ours, milliseconds, as measured last; null until it was. At most 5 s old. */
  readonly clockSkewMs: number | null;
}

export interface Agent {
  readonly id: string;
  readonly organisation: string;
  readonly site: string;
  readonly name: string;
  readonly enrolledAt: number;
  readonly enrolledBy: string;
  readonly version: string;
  /** `hostFacts`, `sitePolicy`, `agentSpool` and `containerState[]` of the link's messages; checked when they came. */
  readonly facts: unknown;
  readonly policy: unknown;
  readonly spool: unknown;
  readonly containers: unknown;
  /** When the containers were told last, by our clock; null when never. */
  readonly containersAt: number | null;
  readonly link: LinkState;
  readonly linkSince: number;
  readonly lastSeenAt: number | null;
  readonly lastAddress: string;
  readonly clockSkewMs: number | null;
  /** Since when the lost link is a finding; null while it is none. */
  readonly linkFoundAt: number | null;
  /** What the last loss turned out to be, in words; '' when there was none. */
  readonly linkVerdict: string;
}

/** How the link was before an agent came back. */
export type LinkBefore = Pick<Agent, 'link' | 'linkSince' | 'lastSeenAt' | 'linkFoundAt' | 'lastAddress'>;

/** What an agent says when it connects. */
export interface AgentHello {
  readonly version: string;
  readonly facts: unknown;
  readonly policy: unknown;
  readonly spool: unknown;
  readonly address: string;
}

/** A heartbeat, to be written with others. */
export interface AgentSeen {
  readonly agent: string;
  readonly session: string;
  readonly at: number;
  readonly spool?: unknown;
  readonly policy?: unknown;
  readonly clockSkewMs?: number | undefined;
  readonly containers?: unknown;
}

export interface Agents {
  /**
   * Makes an agent of a one-time token, in one transaction: the token is used up, an ingest key and the agent exist, or
   * nothing happened. The agent's own token is answered once; only its hash is kept.
   */
  enrol(
    token: string,
    about: { readonly name: string; readonly version: string; readonly facts: unknown; readonly address: string },
  ): Promise<Result<{ readonly agent: Agent; readonly token: string }, Refused>>;
  /** What a token opens; cached for 5 s, misses included. `revoked`: it was good once. Any text may be asked. */
  findByToken(token: string): Promise<FoundAgent | 'revoked' | undefined>;
  /** Agents that are not revoked, by site; at most 5,000. */
  list(organisation: string, site?: string): Promise<Agent[]>;
  find(organisation: string, id: string): Promise<Agent | undefined>;
  /** Ends the agent's rights and those of its ingest key at once; on other servers within 15 s. */
  revoke(organisation: string, id: string): Promise<Result<Agent, Refused>>;
  /**
   * The link of an agent is up in `session` (a connection's id), whichever had it before. `judge` says what a loss before
   * was, from how the link was left; kept as `linkVerdict`. Undefined when the agent was revoked.
   */
  linkUp(
    id: string,
    session: string,
    hello: AgentHello,
    judge: (before: LinkBefore) => string,
  ): Promise<LinkBefore | undefined>;
  /** The link is down since `at`, if `session` still has it. */
  linkDown(id: string, session: string, at: number): Promise<void>;
  /** Writes heartbeats in one statement; answers the sessions that still have their agent's link. */
  saw(seen: readonly AgentSeen[]): Promise<ReadonlySet<string>>;
  /** Why a session lost its agent's link: it was revoked, or another connection has it. */
  whyLost(id: string): Promise<'revoked' | 'replaced'>;
  readonly watch: LinkWatchRows;
}

/** What the link watch asks, over all organisations. Safe to run on several servers: telling twice changes nothing. */
export interface LinkWatchRows {
  /** Links that are said to be up but were not heard since `before` are down from then on; how many. */
  expire(before: number): Promise<number>;
  /**
   * Agents down since before `before`, not yet a finding, of sites that no other agent reaches. At most 1,000, the longest
   * lost first.
   */
  lost(before: number): Promise<Agent[]>;
  /** Agents whose finding is over: back, revoked, or their site is reached by another agent. At most 1,000. */
  ended(): Promise<Agent[]>;
  /** How many agents are up, and how many were lost within `withinMs` of `at`: what neighbours say. */
  neighbours(
    organisation: string,
    at: number,
    withinMs: number,
  ): Promise<{ readonly up: number; readonly lostTogether: number }>;
  /** Notes that the finding was told (`at`) or is over (null). */
  found(ids: readonly string[], at: number | null): Promise<void>;
}
