import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import type { Agent as HttpAgent } from 'node:http';
import path from 'node:path';
import { fail, ok, type Clock, type Logger, type Result } from '@sightline/base';
import { linkProtocol, type AgentMessage, type HostFacts, type ServerMessage } from '@sightline/fleet/messages';
import { runCheck } from '@sightline/monitors';
import type { Config } from './config.ts';
import { diagnostics } from './diagnostics/all.ts';
import { DockerEngine } from './docker/engine.ts';
import { watchContainers, type ContainerWatch } from './docker/watch-containers.ts';
import { enrol } from './enrol.ts';
import { startForwarder, type RunningForwarder } from './forward/start-forwarder.ts';
import { holdDataFolder, listenForProbes, type AgentHealth, type AgentStatus } from './health.ts';
import { startHostMetrics } from './host/host-metrics.ts';
import { thisHost } from './host/host-reader.ts';
import { identityWarning, keepIdentity, readIdentity, tokenMark, type Identity } from './identity.ts';
import { LinkMemory } from './link-memory.ts';
import { startLink, type Link } from './link/link.ts';
import { startMonitors, type RunningMonitors } from './monitors/run-monitors.ts';
import { outboundAgent } from './outbound.ts';
import { policyTemplate, readPolicy } from './policy/policy.ts';
import { watchPolicy } from './policy/watch-policy.ts';
import { ActionLog } from './requests/action-log.ts';
import { Answerer } from './requests/answerer.ts';
import { SkewMeter } from './link/skew-meter.ts';
import { startScrapeSite } from './scrape/scrape-site.ts';

export interface AgentParts {
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the program is told to stop: an enrolment that waits for the network ends. */
  readonly stop: AbortSignal;
}

/** The agent at work. */
export interface RunningAgent {
  readonly healthPort: number;
  readonly receivePort: number;
  status(): AgentStatus;
  revoked(): boolean;
  /** Keeps what was accepted, tells the server, ends within a few seconds. */
  close(): Promise<void>;
}

export const policyFile = (dataFolder: string): string => path.join(dataFolder, 'policy.json');

/** What the machine is; the engine's version is asked for, a moment at most. */
async function readFacts(docker: DockerEngine): Promise<HostFacts> {
  const session = await docker.session(AbortSignal.timeout(3000));
  return { ...thisHost.facts(), docker: session.ok ? session.value.name.slice(0, 100) : '' };
}

/**
 * The identity of this data folder: the one it has, or a new one for the one-time token. Fails with a sentence that says
 * what to do.
 */
export async function becomeKnown(
  config: Config,
  docker: DockerEngine,
  parts: Pick<AgentParts, 'version' | 'clock' | 'logger' | 'stop'>,
): Promise<Result<Identity, string>> {
  const { logger, clock, stop, version } = parts;
  const known = readIdentity(config.dataFolder);
  if (!known.ok) return known;
  const before = known.value;
  if (before && (!config.token || tokenMark(config.token) === before.enrolledWith)) {
    const warning = identityWarning(config.dataFolder);
    if (warning) logger.warn(warning);
    if (config.site && config.site !== before.site)
      return fail(
        `This agent is enrolled for ${before.site}, not for ${config.site} (--site). Enrol it again with a token that was made for ${config.site}.`,
      );
    return ok(config.server ? { ...before, server: config.server } : before);
  }
  const server = config.server || before?.server || '';
  if (!server || !config.token)
    return fail(
      'This agent is not enrolled yet. Settings, Agents in Sightline shows the command with --server and --token for each site.',
    );
  if (server.startsWith('http:') && !/^http:\/\/(localhost|127\.|\[::1\])/.test(server))
    logger.warn('the server is reached without TLS: whoever can listen on the way can read the token and all records');
  const facts = await readFacts(docker);
  const name = config.name || facts.host;
  const httpAgent = outboundAgent(server, config.proxy);
  const enrolled = await enrol(
    { server, token: config.token, name, version, facts, site: config.site },
    { httpAgent, clock, logger, signal: stop },
  );
  httpAgent.destroy();
  if (!enrolled.ok) return enrolled;
  keepIdentity(config.dataFolder, enrolled.value);
  logger.info('enrolled', { site: enrolled.value.site, organisation: enrolled.value.organisation });
  return enrolled;
}

/** Starts the agent: takes the data folder, enrols if need be, and connects. Fails with a sentence for people. */
export async function startAgent(config: Config, parts: AgentParts): Promise<Result<RunningAgent, string>> {
  const { logger } = parts;
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  let agent: WorkingAgent | undefined;
  const held = await holdDataFolder(config.dataFolder, () => agent?.status());
  if (!held.ok) return held;
  const file = policyFile(config.dataFolder);
  if (!statSync(file, { throwIfNoEntry: false })) writeFileSync(file, policyTemplate, { mode: 0o600 });
  const docker = new DockerEngine(config.engines);
  const identity = await becomeKnown(config, docker, parts);
  if (!identity.ok) {
    await held.value.close();
    return identity;
  }
  const httpAgent = outboundAgent(identity.value.server, config.proxy);
  const forwarding = await startForwarder({
    server: identity.value.server,
    token: () => identity.value.token,
    httpAgent,
    dataFolder: config.dataFolder,
    receive: {
      port: config.receivePort,
      ...(config.receiveGrpcPort !== undefined && { grpcPort: config.receiveGrpcPort }),
    },
    limits: { totalBytes: config.spoolLimitBytes },
    clock: parts.clock,
    logger: logger.with({ part: 'forwarding' }),
  });
  const working = new WorkingAgent(config, parts, identity.value, docker, httpAgent, forwarding);
  agent = working;
  const probes = await listenForProbes(config.healthPort, () => working.health());
  if (!probes.ok) logger.warn(`no health for probes: ${probes.error}; choose another port with --health-port`);
  return ok({
    healthPort: probes.ok ? probes.value.port : 0,
    receivePort: forwarding.receivePort ?? 0,
    status: () => working.status(),
    revoked: () => working.revoked(),
    close: async () => {
      if (probes.ok) await probes.value.close();
      await working.close();
      await held.value.close();
    },
  });
}

/** The parts of an enrolled agent and the wires between them. */
class WorkingAgent {
  readonly #config: Config;
  readonly #parts: AgentParts;
  readonly #identity: Identity;
  readonly #docker: DockerEngine;
  readonly #httpAgent: HttpAgent;
  readonly #forwarding: RunningForwarder;
  readonly #startedAtMs: number;
  readonly #memory: LinkMemory;
  readonly #skew = new SkewMeter();
  readonly #answerer: Answerer;
  readonly #containers: ContainerWatch;
  readonly #monitors: RunningMonitors;
  readonly #metrics: { close(): Promise<void> };
  readonly #scraping: { close(): Promise<void> };
  readonly #policy: { close(): Promise<void> };
  readonly #link: Link;

  constructor(
    config: Config,
    parts: AgentParts,
    identity: Identity,
    docker: DockerEngine,
    httpAgent: HttpAgent,
    forwarding: RunningForwarder,
  ) {
    this.#config = config;
    this.#parts = parts;
    this.#identity = identity;
    this.#docker = docker;
    this.#httpAgent = httpAgent;
    this.#forwarding = forwarding;
    const { clock, logger, version } = parts;
    const file = (name: string): string => path.join(config.dataFolder, name);
    this.#startedAtMs = clock.now();
    this.#memory = new LinkMemory(file('link.json'), clock);
    this.#answerer = new Answerer({
      diagnostics,
      tools: { docker, host: thisHost, clock, version, startedAtMs: this.#startedAtMs },
      policyFile: policyFile(config.dataFolder),
      log: new ActionLog(file('actions.log'), clock),
      clock,
      logger,
    });
    this.#monitors = startMonitors({
      clock,
      logger,
      file: file('monitor-results.json'),
      send: (message) => this.#link.send(message),
      runCheck,
    });
    this.#link = startLink({
      server: identity.server,
      token: identity.token,
      version,
      clock,
      logger,
      httpAgent,
      hello: () => this.#hello(),
      heartbeat: () => ({
        type: 'heartbeat',
        sentAt: clock.now(),
        spool: forwarding.status(),
        policy: readPolicy(policyFile(config.dataFolder)).policy,
      }),
      onUp: ({ monitors }) => {
        this.#memory.up();
        this.#tellContainers();
        this.#monitors.order(monitors);
        this.#monitors.linkUp();
        forwarding.wake();
      },
      onMessage: (message) => this.#receive(message),
      onPong: (skewMs) => {
        this.#skew.add(skewMs);
        this.#memory.up();
      },
      onDown: (why, stopped) => {
        this.#memory.down(why, stopped);
        this.#answerer.dropAll();
        this.#monitors.linkDown();
      },
    });
    this.#containers = watchContainers(docker, clock, logger, () => this.#tellContainers());
    this.#metrics = startHostMetrics({
      host: thisHost,
      clock,
      logger,
      resource: {
        'service.name': 'sightline-agent',
        'service.version': version,
        'store.id': identity.site,
        'host.name': thisHost.facts().host,
      },
      containers: () => this.#containers.containers(),
      submit: async (request) => {
        const kept = await forwarding.submit('metrics', request);
        if (!kept.ok) logger.warn('figures of the machine were not kept', { why: kept.error });
      },
    });
    this.#scraping = startScrapeSite({
      file: file('scrape.yml'),
      version,
      clock,
      logger: logger.with({ part: 'scraping' }),
      submit: async (request, samples) => {
        const kept = await forwarding.submitScraped(request, samples);
        if (!kept.ok) logger.warn('a scrape was not kept', { why: kept.error });
      },
      // Nobody is told while the link is down: the next report comes soon.
      report: (message) => void this.#link.send(message),
    });
    this.#policy = watchPolicy(policyFile(config.dataFolder), clock, logger, () => this.#link.beat());
  }

  revoked(): boolean {
    return this.#link.state().state === 'revoked';
  }

  health(): AgentHealth {
    const link = this.#link.state();
    const spool = this.#forwarding.status();
    const full = spool.limitBytes > 0 && spool.waitingBytes >= spool.limitBytes;
    const components: AgentHealth['components'] = [
      { name: 'link', status: link.state === 'up' ? 'healthy' : 'degraded', detail: link.why },
      {
        name: 'spool',
        status: full ? 'degraded' : 'healthy',
        detail: `${spool.waitingRecords} records (${(spool.waitingBytes / 1e6).toFixed(1)} MB) wait`,
      },
      {
        name: 'receive',
        status: this.#forwarding.receivePort ? 'healthy' : 'unhealthy',
        detail: this.#forwarding.receiveFault ?? `127.0.0.1:${this.#forwarding.receivePort}`,
      },
    ];
    const worst = (['unhealthy', 'degraded'] as const).find((one) => components.some(({ status }) => status === one));
    return { status: worst ?? 'healthy', components };
  }

  status(): AgentStatus {
    const { server, site, organisation, agent } = this.#identity;
    const policy = readPolicy(policyFile(this.#config.dataFolder));
    return {
      ...this.health(),
      version: this.#parts.version,
      pid: process.pid,
      uptimeS: Math.max(0, Math.round((this.#parts.clock.now() - this.#startedAtMs) / 1000)),
      server,
      site,
      organisation,
      agent,
      link: this.#link.state(),
      lost: this.#memory.lost(),
      clockSkewMs: this.#skew.median(),
      spool: this.#forwarding.status(),
      engine: this.#containers.engine(),
      containers: this.#containers.containers().length,
      policyFile: policy.file,
      policyFault: policy.fault,
      rssBytes: process.memoryUsage.rss(),
    };
  }

  async close(): Promise<void> {
    const { logger } = this.#parts;
    const closers: [name: string, close: () => Promise<void>][] = [
      ['policy', () => this.#policy.close()],
      ['scraping', () => this.#scraping.close()],
      ['host metrics', () => this.#metrics.close()],
      ['monitors', () => this.#monitors.close()],
      ['containers', () => this.#containers.close()],
      ['link', () => this.#link.close('the agent was stopped')],
      ['forwarding', () => this.#forwarding.close()],
    ];
    for (const [name, close] of closers)
      await close().catch((error: unknown) => logger.error(`${name} did not close cleanly`, { error }));
    this.#httpAgent.destroy();
  }

  async #hello(): Promise<Extract<AgentMessage, { type: 'hello' }>> {
    const { clock, version } = this.#parts;
    const { policy } = readPolicy(policyFile(this.#config.dataFolder));
    const facts = await readFacts(this.#docker);
    return {
      type: 'hello',
      protocol: linkProtocol,
      version,
      facts,
      policy,
      spool: this.#forwarding.status(),
      startedAt: this.#startedAtMs,
      bootedAt: Math.max(0, clock.now() - thisHost.uptimeS() * 1000),
      lost: this.#memory.lost(),
      sentAt: clock.now(),
    };
  }

  #receive(message: ServerMessage): void {
    if (message.type === 'request') void this.#answerer.answer(message, (answer) => this.#link.send(answer));
    else if (message.type === 'cancel') this.#answerer.cancel(message.id);
    else if (message.type === 'monitors') this.#monitors.order(message.monitors);
    else if (message.type === 'checked') this.#monitors.checked(message.batch);
  }

  /** Containers are facts of the site, like the machine's: told unless the policy keeps them to itself. */
  #tellContainers(): void {
    if (!readPolicy(policyFile(this.#config.dataFolder)).policy.dockerStatus) return;
    const containers = [...this.#containers.containers()];
    this.#link.send({ type: 'containers', at: this.#parts.clock.now(), containers });
  }
}
