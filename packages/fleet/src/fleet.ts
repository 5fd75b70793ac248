import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { BackgroundLoop, type Clock, fail, type Logger, type Result } from '@sightline/base';
import type { Agent, Control } from '@sightline/control';
import type { FindingSink } from '@sightline/record';
import { WebSocketServer } from 'ws';
import { enrolRequest, linkFrameLimitBytes } from './messages/index.ts';
import { type AskFault, OpenRequests, type Question } from './requests/open-requests.ts';
import { defaultFloodLimits, type FloodLimits } from './sessions/flood-gate.ts';
import { LinkSession } from './sessions/link-session.ts';
import { type AgentMonitors, type ScrapeReport, SessionTable } from './sessions/session-table.ts';
import { isTurned, linkPath, TokenDoor, turnAway } from './sessions/token-door.ts';
import { LinkWatch, type SiteSignals } from './watch/link-watch.ts';
import { momentWords, spanWords } from './watch/words.ts';

export interface FleetOptions {
  readonly control: Pick<Control, 'fleet' | 'audit' | 'respond'>;
  readonly findings: FindingSink;
  readonly signals: SiteSignals;
  readonly monitors?: AgentMonitors | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How much an agent may send; for tests. */
  readonly flood?: FloodLimits;
}

/** An answer over HTTP: status and JSON body; problem+json where the status is 400 and more. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The server's side of agents. */
export interface Fleet {
  /** `POST /api/v1/agent/enrol`: `body` as it came (JSON), `address` of who sent it. */
  enrol(body: unknown, address: string): Promise<HttpAnswer>;
  /** A request for an upgrade (`http.Server`'s event): the link when it is asked for with a good token, else a refusal. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, address: string): void;
  /**
   * Asks an agent of a site for a diagnostic and waits for its answer. `input` has passed the diagnostic's schema. Ends
   * with the reply in the diagnostic's form, or why there is none.
   */
  ask(
    where: { readonly organisation: string; readonly site: string },
    question: Question,
  ): Promise<Result<unknown, AskFault>>;
  /** Ends the link of an agent that was revoked. */
  revoked(agent: string): void;
  /** What the agents of an organisation that are connected to this server scrape. */
  scraped(organisation: string): readonly ScrapeReport[];
  /** Agents connected to this server. */
  connected(): number;
  /** The links in Prometheus' text format. */
  metrics(): string;
  /** Says goodbye to all agents and ends the loops; within 10 s. */
  close(): Promise<void>;
}

const connectionsAtMost = 10_000;
const tickMs = 1000;
const ordersEveryMs = 15_000;
const enrolLimitProblem = { type: 'about:blank', title: 'Too many tries', status: 429, detail: 'Wait a minute.' };

/** Opens the link for agents and watches over it. */
export function openFleet(options: FleetOptions): Fleet {
  const { control, clock, logger } = options;
  const agents = control.fleet.agents;
  const requests = new OpenRequests(clock);
  const door = new TokenDoor(agents, clock);
  const sessions = new SessionTable({
    agents,
    audit: control.audit,
    findings: options.findings,
    monitors: options.monitors,
    requests,
    clock,
    logger,
    barred: (agent, forMs) => door.bar(agent, forMs),
  });
  // Frames are small and rare: compression would cost each connection some 100 kB and save nothing.
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: linkFrameLimitBytes,
  });
  const watch = new LinkWatch({
    rows: agents.watch,
    findings: options.findings,
    incidents: control.respond.incidents,
    signals: options.signals,
    clock,
    logger,
    flush: () => sessions.flush(),
  });
  watch.start();
  const order = orderKeeper(sessions, clock, logger);
  order.start();

  const upgrade: Fleet['upgrade'] = (request, socket, head, address) => {
    socket.on('error', () => socket.destroy());
    void door
      .admit(request, address)
      .then((admitted) => {
        if (order.signal.aborted || sessions.size >= connectionsAtMost) return turnAway(socket, noRoom);
        if (isTurned(admitted)) return turnAway(socket, admitted);
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          if (admitted === 'revoked') {
            webSocket.send(JSON.stringify({ type: 'bye', why: 'revoked', retryAfterMs: 0 }));
            webSocket.close(1008, 'revoked');
            return;
          }
          const { id, organisation, site, name } = admitted;
          const owner = { agent: id, organisation, site, name, address };
          const flood = options.flood ?? defaultFloodLimits;
          sessions.add(new LinkSession(webSocket, owner, { clock, logger, flood, events: sessions }));
        });
      })
      .catch((error: unknown) => {
        logger.warn('An agent could not be let in', { address, error });
        turnAway(socket, noRoom);
      });
  };

  return {
    enrol: (body, address) => enrol(options, door, body, address),
    upgrade: (request, socket, head, address) => {
      if (request.url?.split('?')[0] === linkPath) return upgrade(request, socket, head, address);
      turnAway(socket, notHere);
    },
    ask: async ({ organisation, site }, question) => {
      const known = await agents.list(organisation, site);
      const linked = known.map(({ id }) => sessions.of(id)).filter((session) => session !== undefined);
      const session = linked.sort((a, b) => b.heardAtMs - a.heardAtMs)[0];
      return session ? requests.ask(session, question) : fail(notConnected(site, known, clock.now()));
    },
    revoked: (agent) => sessions.revoked(agent),
    scraped: (organisation) => sessions.scraped(organisation),
    connected: () => sessions.size,
    metrics: () => metricsText(sessions, requests),
    close: async () => {
      await Promise.all([order.close(), sessions.stop(), watch.close()]);
      await sessions.flush().catch((error: unknown) => logger.warn('Last heartbeats were not written', { error }));
      sockets.close();
    },
  };
}

function metricsText(sessions: SessionTable, requests: OpenRequests): string {
  return [
    '# HELP sightline_agents_connected Agents whose link this server holds.',
    '# TYPE sightline_agents_connected gauge',
    `sightline_agents_connected ${sessions.size}`,
    '# HELP sightline_agent_requests_open Requests that wait for the answer of an agent.',
    '# TYPE sightline_agent_requests_open gauge',
    `sightline_agent_requests_open ${requests.size}`,
    '',
  ].join('\n');
}

/** Each second: silent links are ended; now and then agents hear what to run. */
function orderKeeper(sessions: SessionTable, clock: Clock, logger: Logger): BackgroundLoop {
  let toldAt = clock.now();
  return new BackgroundLoop({
    clock,
    logger,
    everyMs: tickMs,
    pausesFirst: true,
    round: async () => {
      sessions.endSilent();
      if (clock.now() - toldAt < ordersEveryMs) return;
      toldAt = clock.now();
      await sessions.tellOrders();
    },
    fault: 'Agents were not told their monitors',
  });
}

async function enrol(
  { control, logger }: FleetOptions,
  door: TokenDoor,
  body: unknown,
  address: string,
): Promise<HttpAnswer> {
  if (!door.mayTry(address)) return { status: 429, body: enrolLimitProblem };
  const read = enrolRequest.safeParse(body);
  if (!read.success) {
    const issue = read.error.issues[0];
    const detail = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not in the form of an enrolment'}`;
    return { status: 422, body: { type: 'about:blank', title: 'The enrolment is not valid', status: 422, detail } };
  }
  const { token, name, version, facts } = read.data;
  const made = await control.fleet.agents.enrol(token, { name, version, facts, address });
  if (!made.ok) {
    door.countWrong(address);
    logger.warn('An enrolment was refused', { address, name, reason: made.error.reason });
    const status = enrolStatus[made.error.reason];
    return { status, body: { type: 'about:blank', title: 'Not enrolled', status, detail: made.error.message } };
  }
  const { agent } = made.value;
  await control.audit.append(
    agent.organisation,
    { name: agent.enrolledBy, address },
    { action: 'agent.enrol', subject: agent.site, detail: `${agent.name}, ${agent.id}` },
  );
  const { id, organisation, site } = agent;
  return { status: 200, body: { agent: id, token: made.value.token, organisation, site } };
}

const enrolStatus = { 'not-found': 401, conflict: 409, forbidden: 403, expired: 410, invalid: 422 } as const;

/** Why a site cannot be asked, with what a person needs next. */
function notConnected(site: string, known: readonly Agent[], now: number): AskFault {
  if (known.length === 0)
    return { reason: 'not-found', message: `No agent is enrolled for ${site}. Enrol one in Settings → Agents.` };
  const elsewhere = known.some(({ link }) => link === 'up');
  if (elsewhere)
    return {
      reason: 'unavailable',
      message: `${site}'s agent is connected to another server of this installation. Ask there, or try again in a few seconds.`,
    };
  const latest = [...known].sort((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0))[0];
  if (!latest || latest.lastSeenAt === null)
    return { reason: 'unavailable', message: `${site}'s agent was enrolled, but has never connected.` };
  return {
    reason: 'unavailable',
    message: `${site}'s agent is not connected since ${momentWords(latest.linkSince, now)}; last heard ${spanWords(now - latest.lastSeenAt)} ago.`,
  };
}

const noRoom = { status: 503, title: 'Not now', detail: 'The server takes no agent at the moment.', retryAfterS: 5 };
const notHere = { status: 404, title: 'Not found', detail: `WebSockets are spoken at ${linkPath} only.` };
