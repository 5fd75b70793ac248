import { z } from 'zod';

/** Raised when an older peer could no longer understand. The server speaks this one and the one before. */
export const linkProtocol = 1;

/** Largest text frame, bytes. Longer answers are cut into parts. */
export const linkFrameLimitBytes = 256 * 1024;

/** Longest answer to one request, bytes of JSON over all its parts. */
export const answerLimitBytes = 8 * 1024 * 1024;

const ms = z.number().min(0).max(8_640_000_000_000_000);

/** What an agent says of its machine. */
export const hostFacts = z.object({
  host: z.string().max(255),
  os: z.string().max(100),
  arch: z.string().max(20),
  cpus: z.number().int().min(0).max(4096),
  memoryBytes: z.number().min(0),
  /** Docker Engine's version; '' when there is none to reach. */
  docker: z.string().max(100).default(''),
});
export type HostFacts = z.infer<typeof hostFacts>;

/** What the site's own policy file lets the server ask for. Service names; '*' is any. The agent decides; the server shows. */
export const sitePolicy = z.object({
  systemInfo: z.boolean(),
  dockerStatus: z.boolean(),
  logs: z.array(z.string().max(200)).max(200),
  restart: z.array(z.string().max(200)).max(200),
});
export type SitePolicy = z.infer<typeof sitePolicy>;

/** What waits in the agent's spool, and what it had to drop since it was installed, by reason. */
export const agentSpool = z.object({
  waitingRecords: z.number().int().min(0),
  waitingBytes: z.number().min(0),
  limitBytes: z.number().min(0),
  /** When the oldest waiting record came, by the site's clock; null when nothing waits. */
  oldestAt: ms.nullable(),
  dropped: z.record(z.string().max(100), z.number().int().min(0)),
});
export type AgentSpool = z.infer<typeof agentSpool>;

export const containerState = z.object({
  id: z.string().max(64),
  /** Name without the leading slash. */
  name: z.string().max(200),
  /** What people call it: the Compose service where there is one, else the name. */
  service: z.string().max(200),
  image: z.string().max(300),
  /** `running`, `exited`, `restarting`, `paused`, `created`, `dead`. */
  state: z.string().max(40),
  /** Docker's words: "Exited (137) 12 seconds ago". */
  status: z.string().max(200),
  /** `healthy`, `unhealthy`, `starting`; '' without a health check. */
  health: z.string().max(40),
  exitCode: z.number().int().nullable(),
  startedAt: ms.nullable(),
  finishedAt: ms.nullable(),
  restarts: z.number().int().min(0),
});
export type ContainerState = z.infer<typeof containerState>;

/** One result of a monitor that ran on the agent; the server judges it. */
export const monitorResult = z.object({
  monitor: z.string().max(100),
  at: ms,
  up: z.boolean(),
  durationMs: z.number().min(0),
  message: z.string().max(1000),
  attempts: z.number().int().min(1).max(20),
});
export type MonitorResult = z.infer<typeof monitorResult>;

/** A monitor as the agent is told to run it. */
export const monitorOrder = z.object({
  id: z.string().max(100),
  type: z.string().max(40),
  settings: z.record(z.string(), z.unknown()),
  everyMs: z.number().int().min(1000),
  timeoutMs: z.number().int().min(100),
  retries: z.number().int().min(0).max(10),
});
export type MonitorOrder = z.infer<typeof monitorOrder>;

/** How an answer went wrong: a stable word and a sentence for the person. */
export const answerFault = z.object({
  reason: z.enum(['forbidden', 'not-found', 'invalid', 'unavailable', 'timeout', 'replayed', 'busy', 'bug']),
  message: z.string().max(1000),
});
export type AnswerFault = z.infer<typeof answerFault>;

/** A target that the agent scrapes by its `scrape.yml`, as it stands. Times are the site's clock's. */
export const agentScrapeTarget = z.object({
  job: z.string().max(200),
  url: z.string().max(1000),
  labels: z.record(z.string().max(200), z.string().max(500)).refine((labels) => Object.keys(labels).length <= 60),
  health: z.enum(['up', 'down', 'unknown']),
  lastError: z.string().max(500),
  /** Null before the first scrape. */
  lastScrapeAt: ms.nullable(),
  lastScrapeMs: z.number().min(0),
  interval: z.string().max(40),
  timeout: z.string().max(40),
});
export type AgentScrapeTarget = z.infer<typeof agentScrapeTarget>;
export const scrapeTargetsAtMost = 200;

export const agentMessage = z.discriminatedUnion('type', [
  /** The first frame. `lost` tells of the time without a link: what the agent saw while we did not. */
  z.object({
    type: z.literal('hello'),
    protocol: z.number().int(),
    version: z.string().max(40),
    facts: hostFacts,
    policy: sitePolicy,
    spool: agentSpool,
    /** When this process started, by the site's clock: later than the loss of the link means the machine or agent was down. */
    startedAt: ms,
    /** When the machine was booted, by the site's clock. */
    bootedAt: ms,
    /**
     * `ended`: the agent itself ended then, so it did not see the link go; `stopped`: because it was told to, as opposed to
     * killed with its machine or alone.
     */
    lost: z
      .object({ at: ms, why: z.string().max(300), ended: z.boolean().optional(), stopped: z.boolean().optional() })
      .nullable(),
    sentAt: ms,
  }),
  /** Every `heartbeatMs` of the welcome; answered by `pong`. */
  z.object({
    type: z.literal('heartbeat'),
    sentAt: ms,
    spool: agentSpool,
    /** The site's policy as it is now, since its file may be changed at any time. */
    policy: sitePolicy.optional(),
  }),
  /** Containers as they are, on the first connection and within seconds of each change. */
  z.object({ type: z.literal('containers'), at: ms, containers: z.array(containerState).max(200) }),
  /** What the agent scrapes, every 15 s while it has a configuration; those that are down first, `omitted` more there are. */
  z.object({
    type: z.literal('scrape-targets'),
    targets: z.array(agentScrapeTarget).max(scrapeTargetsAtMost),
    omitted: z.number().int().min(0),
  }),
  /** Results of monitors. Sent again with the next connection until `checked` names them. */
  z.object({ type: z.literal('results'), batch: z.number().int().min(1), results: z.array(monitorResult).max(500) }),
  /** A part of an answer. Parts of one request come in order; the last has `done` or `fault`. */
  z.object({
    type: z.literal('answer'),
    id: z.string().max(100),
    part: z.number().int().min(0),
    done: z.boolean(),
    /**
     * The diagnostic's reply, where it fits one frame (part 0, `done`). A longer one is cut: each part is then a text, and
     * the parts joined are the reply's JSON. At most `answerLimitBytes` altogether.
     */
    data: z.unknown().optional(),
    fault: answerFault.optional(),
  }),
]);
export type AgentMessage = z.infer<typeof agentMessage>;

export const serverMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    protocol: z.number().int(),
    agent: z.string(),
    organisation: z.string(),
    site: z.string(),
    heartbeatMs: z.number().int().min(1000),
    /** The server's clock, and the `sentAt` of the hello: with the moment of receipt they give the skew. */
    now: ms,
    echo: ms,
    monitors: z.array(monitorOrder).max(500),
  }),
  z.object({ type: z.literal('pong'), echo: ms, now: ms, skewMs: z.number().nullable() }),
  z.object({ type: z.literal('monitors'), monitors: z.array(monitorOrder).max(500) }),
  z.object({ type: z.literal('checked'), batch: z.number().int().min(1) }),
  /** Something to do. The agent refuses an id that it has seen before, and what its policy does not allow. */
  z.object({
    type: z.literal('request'),
    id: z.string().max(100),
    diagnostic: z.string().max(60),
    input: z.unknown(),
    /** Milliseconds from receipt after which nobody waits for the answer any more. */
    deadlineMs: z.number().int().min(1).max(600_000),
    /** Who asked, for the site's own log. */
    by: z.string().max(300),
  }),
  z.object({ type: z.literal('cancel'), id: z.string().max(100) }),
  /** The last frame. `revoked`: stop and say so; `replaced`: another agent with this token connected; `stopping`: come again. */
  z.object({
    type: z.literal('bye'),
    why: z.enum(['revoked', 'replaced', 'stopping', 'flooding', 'protocol']),
    retryAfterMs: z.number().int().min(0),
  }),
]);
export type ServerMessage = z.infer<typeof serverMessage>;

/** `POST /api/v1/agent/enrol`, without any other authorisation than the one-time token in it. */
export const enrolRequest = z.object({
  token: z.string().min(16).max(200),
  name: z.string().min(1).max(200),
  version: z.string().max(40),
  facts: hostFacts,
});
export const enrolReply = z.object({
  agent: z.string(),
  /** Shown once; the agent keeps it in a file of mode 0600. It opens the link and `/api/v1/agent/forward`. */
  token: z.string(),
  organisation: z.string(),
  site: z.string(),
});
