import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

export const monitorStates = ['unknown', 'up', 'down'] as const;
export type MonitorState = (typeof monitorStates)[number];
export type MonitorSeverity = 'critical' | 'high' | 'medium' | 'low';

/** What people decide about a monitor. Type and settings are checked by who knows the types; here they are kept. */
export interface NewMonitor {
  /** Unique within the organisation, 1 to 200 characters. */
  readonly name: string;
  readonly type: string;
  /** JSON-able; sealed here. */
  readonly settings: unknown;
  /** '' or the site it is about; needed when an agent runs it. */
  readonly site: string;
  readonly runsOn: 'server' | 'agent';
  /** 10 s to 31 days. */
  readonly everyMs: number;
  /** Of each try, 100 ms to 120 s. */
  readonly timeoutMs: number;
  /** Further tries before a failure is believed, 0 to 10. */
  readonly retries: number;
  readonly severity: MonitorSeverity;
  /** '' for the organisation's default escalation policy. */
  readonly policy: string;
  readonly runbook: string;
  readonly enabled: boolean;
  /** For heartbeats: how long after a call the next one is late. Null for those that are run. Not kept. */
  readonly lateAfterMs: number | null;
}

/** `settings` and `word` may hold secrets: never log or show them as they are. */
export interface Monitor extends Omit<NewMonitor, 'lateAfterMs'> {
  readonly id: string;
  readonly organisation: string;
  /** Of a heartbeat: the last part of its address; null for others. */
  readonly word: string | null;
  readonly state: MonitorState;
  readonly stateSince: number;
  /** How long it had been up when it went down; null where that is not known. */
  readonly upForMs: number | null;
  /** Failed runs in a row. */
  readonly failures: number;
  readonly lastCheckedAt: number | null;
  readonly lastMessage: string;
  readonly lastDurationMs: number | null;
  /** Of a heartbeat: since when its job runs, as far as it said so. */
  readonly startedAt: number | null;
  readonly nextRunAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

/** A monitor that is this process's to run until `leaseUntil`. */
export interface ClaimedMonitor extends Monitor {
  readonly leaseUntil: number;
}

/** A monitor whose finding is to be told: firing while `fires`, else over. */
export interface UntoldMonitor extends Monitor {
  readonly fires: boolean;
  /** Labels of the finding that was told to fire; null when none was. */
  readonly toldLabels: Readonly<Record<string, string>> | null;
  readonly removed: boolean;
}

/** What a run or a call said. */
export interface MonitorVerdict {
  readonly up: boolean;
  readonly message: string;
  readonly durationMs: number | null;
  readonly at: number;
  readonly nextRunAt: number;
  /** So many verdicts in a row make it down, and so many make it up again; one each where it is not said. */
  readonly downAfter?: number;
  readonly upAfter?: number;
}

export interface Monitors {
  /** By name, at most 5,000 (the bound of `create`). */
  list(organisation: string): Promise<Monitor[]>;
  find(organisation: string, id: string): Promise<Monitor | undefined>;
  /** The monitor of this name; names are unique within the organisation. */
  findByName(organisation: string, name: string): Promise<Monitor | undefined>;
  /** The heartbeat whose address ends with this word; any text may be asked. */
  findByWord(word: string): Promise<Monitor | undefined>;
  /** Refuses a name that is taken, and a policy that is not there. One that is run is due at once. */
  create(organisation: string, monitor: NewMonitor, by: string): Promise<Result<Monitor, Refused>>;
  /** Replaces what people decide; the type stays. A run that is under way is not believed any more. */
  update(organisation: string, id: string, monitor: NewMonitor, by: string): Promise<Result<Monitor, Refused>>;
  /** Pauses (its finding is over, its state unknown) or goes on. `lateAfterMs` as in `NewMonitor`. */
  enable(
    organisation: string,
    id: string,
    enabled: boolean,
    lateAfterMs: number | null,
    by: string,
  ): Promise<Result<Monitor, Refused>>;
  remove(organisation: string, id: string, by: string): Promise<Result<Monitor, Refused>>;

  /**
   * Takes at most `limit` monitors that are due and no agent's, longest due first, none of them taken by anybody else. Each
   * is leased for as long as its run may take at most: a process that dies leaves them to the others.
   */
  claim(limit: number): Promise<ClaimedMonitor[]>;
  /** Notes what a claimed run found. False when it was changed, told of or taken by another meanwhile: nothing is noted then. */
  settle(claimed: ClaimedMonitor, verdict: MonitorVerdict): Promise<boolean>;
  /** Gives a claimed monitor back unjudged: it is due again at once, or at `nextRunAt`. */
  release(claimed: ClaimedMonitor, nextRunAt?: number): Promise<void>;
  /** Notes what was told of a heartbeat or came from an agent. False when something newer is known already, or it is paused. */
  note(id: string, verdict: MonitorVerdict): Promise<boolean>;
  /** A heartbeat's job began; `nextRunAt` is when it is late, undefined to leave that. Nothing where it ended since `at`. */
  began(id: string, at: number, nextRunAt: number | undefined): Promise<void>;

  /** The enabled monitors that a site's agents run, at most 500. */
  ofAgents(organisation: string, site: string): Promise<Monitor[]>;
  /** Agents' monitors from which nothing came for three intervals become unknown; answers how many. */
  forget(): Promise<number>;

  /** Monitors whose finding is to be told, at most `limit`. */
  untold(limit: number): Promise<UntoldMonitor[]>;
  /** Notes that it was told as `untold` gave it, `labels` being those of a finding that fires. */
  told(monitor: UntoldMonitor, labels: Readonly<Record<string, string>>): Promise<void>;
}
