import { createServer } from 'node:net';
import { readFileSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { type ApiDeps, registerApi } from '@sightline/api';
import { ok, type Clock, type Logger } from '@sightline/base';
import { type Control, openControl } from '@sightline/control';
import {
  AcceptedFrames,
  createLedger,
  type DecodePorts,
  type Ledger,
  laneSegmentBytes,
  openSpool,
  protocols,
  registerForwarded,
  RecordGate,
  registerIngest,
  type ReceiverParts,
  type Spool,
  startGrpc,
  startLoader,
} from '@sightline/ingest';
import type { TelemetryReads } from '@sightline/query';
import { type MetricEngine, unavailableMetrics } from '@sightline/query/promql';
import type { MetricHead } from '@sightline/metrics';
import type { Uptime } from '@sightline/detect';
import type { FindingSink } from '@sightline/record';
import type { Deliverer } from '@sightline/respond';
import {
  bringUpToDate,
  connectStore,
  exactlyOnceSettings,
  openEmbeddedStore,
  type RestoreStep,
} from '@sightline/store';
import Fastify, { type FastifyInstance } from 'fastify';
import { Closers } from './closers.ts';
import { setupKeyRemark, type Config } from './config.ts';
import { makeDataFolder } from './data-folder.ts';
import { DemoFleet } from './demo-fleet.ts';
import { registerProbes } from './probes.ts';
import { diskReload } from './reload.ts';
import { processMetrics } from './process-metrics.ts';
import type { StageParts, Stores } from './stage.ts';
import { openGrouping } from './stages/grouping.ts';
import { openPipelines } from './stages/pipelines.ts';
import { openBackfills } from './stages/backfills.ts';
import { openCanaries } from './stages/canaries.ts';
import { openFoldedWatch } from './stages/folded-metrics.ts';
import { CachedClassBook, openHotStep } from './stages/retention.ts';
import { openScrubbing } from './stages/scrubbing.ts';
import { openDetect } from './stages/detect.ts';
import { openFileRules } from './stages/file-rules.ts';
import { openLogListeners } from './stages/log-listeners.ts';
import { announceHead, hasPeers, registerHeadRoute } from './stages/head-route.ts';
import { openMetricHead } from './stages/metric-head.ts';
import { openMetricsStage, openMetricUpkeep, wholeAnswers } from './stages/metrics.ts';
import { openNotify } from './stages/notify.ts';
import { withAgentTargets } from './stages/agent-targets.ts';
import { openFleetStage } from './stages/fleet.ts';
import { openRespondStage } from './stages/respond.ts';
import { type FileStores, openFiles } from './stages/files.ts';
import { openOwnership } from './stages/ownership.ts';
import { openMonitors, takeCheckIn } from './stages/monitors.ts';
import { openScrape } from './stages/scrape.ts';
import { openStatsd } from './stages/statsd.ts';
import {
  archiveUnread,
  openArchive,
  openArchiveReads,
  openArchiveRecords,
  openDayProofs,
  openRestores,
} from './stages/archive.ts';
import { openSpanSteps } from './stages/spans.ts';
import { letPeopleSeeMetrics, registerInterface } from './web-interface.ts';

/** The running product. */
export interface Running {
  /** Address that people open on this machine. */
  readonly url: string;
  /** One-time link for the first owner; undefined once there is one. */
  readonly setupLink: string | undefined;
  /** Where OTLP is taken besides the main port, and what could not be had: one sentence each. */
  readonly otlp: readonly string[];
  /** Where logs are archived, and the fingerprint of the key that signs; undefined without `--archive`. */
  readonly archive: string | undefined;
  /** Reads the files of the disk again (`--rules`, `--scrape-config`); what is wrong leaves what was in force. A sentence each. */
  reload(): Promise<readonly string[]>;
  /** Takes no more, drains and closes everything, in reverse order of opening. */
  close(): Promise<void>;
}

export const version = (
  JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string }
).version;

/** Opens both stores at the same time; where one fails, the other is closed before the error goes on. */
async function openStores(config: Config, clock: Clock, logger: Logger, closers: Closers): Promise<Stores> {
  const openTelemetry = async (): Promise<Pick<Stores, 'store' | 'engine'>> => {
    const engine = config.clickhouseUrl
      ? undefined
      : await openEmbeddedStore({ dataFolder: config.dataFolder, logger, clock });
    const store = engine ?? (await connectStore({ url: config.clickhouseUrl, clock }));
    closers.add('telemetry store', () => store.close());
    await bringUpToDate(store, logger);
    return { store, engine };
  };
  const openDatabase = async (): Promise<Control> => {
    const control = await openControl({
      dataFolder: config.dataFolder,
      logger,
      clock,
      ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : {}),
    });
    closers.add('control plane', () => control.close());
    return control;
  };
  const [telemetry, control] = await Promise.allSettled([openTelemetry(), openDatabase()]);
  if (telemetry.status === 'rejected') throw telemetry.reason;
  if (control.status === 'rejected') throw control.reason;
  return { ...telemetry.value, control: control.value };
}

function readsOf({ store, control }: Stores, metrics: MetricEngine | undefined): TelemetryReads {
  return {
    query: (...question) => store.query(...question),
    stream: (...question) => store.stream(...question),
    metrics: metrics ?? unavailableMetrics('this server holds no metrics'),
    issues: async (organisation) => {
      const [decisions, merges] = await Promise.all([
        control.issueStates.list(organisation),
        control.issues.merges.list(organisation),
      ]);
      return { decisions, merged: new Map(merges.map(({ issue, into }) => [issue, into])) };
    },
    feedback: async (...range) => (await control.feedback.written(...range)).states,
    templates: control.detect.templates,
  };
}

/** Everything between a client's bytes and the tables. */
async function openIngest(
  config: Config,
  stores: Stores,
  clock: Clock,
  logger: Logger,
  closers: Closers,
  ports: DecodePorts,
): Promise<{ parts: ReceiverParts; spool: Spool; ledger: Ledger; accepted: AcceptedFrames; head: MetricHead }> {
  const { store, control } = stores;
  const ledger = createLedger({ target: store, settings: exactlyOnceSettings, clock, logger });
  closers.add('ledger', () => ledger.close());
  const accepted = await AcceptedFrames.open(path.join(config.dataFolder, 'forwarded'), logger);
  closers.add('forwarded frames', () => accepted.close());
  const disk = await openSpool({
    folder: path.join(config.dataFolder, 'spool'),
    limits: { totalBytes: config.spoolLimitBytes, segmentBytesOf: laneSegmentBytes(protocols) },
    clock,
    logger,
    recovered: (frame) => accepted.recovered(frame),
  });
  closers.add('spool', () => disk.close());
  const spool = accepted.guard(disk);
  const head = await openMetricHead({ config, stores, logger, closers });
  const loader = await startLoader({
    spool,
    target: store,
    protocols,
    ledger,
    settings: exactlyOnceSettings,
    metrics: head,
    ports,
    grouping: openGrouping(stores, clock, logger),
    classes: new CachedClassBook(control.retention, clock, logger.with({ part: 'retention' })),
    scrubbing: openScrubbing(stores, clock, logger),
    pipelines: openPipelines(stores, clock, logger),
    clock,
    logger,
  });
  closers.add('loader', () => loader.close());
  const organisations = {
    ensure: async (name: string): Promise<string | undefined> => {
      const found = await control.organisations.ensure(name);
      return found.ok ? found.value.id : undefined;
    },
  };
  const limits = { metricsKeptMs: config.retentionMetricsMs };
  const gate = new RecordGate();
  const parts = { protocols, spool, keys: control.keys, organisations, ledger, gate, limits, clock, logger };
  return { parts, spool, ledger, accepted, head };
}

type Component = Awaited<ReturnType<ApiDeps['health']>>['components'][number];

/** Judges each component; answers within the time limits of what it asks. */
function healthOf(
  config: Config,
  stores: Stores,
  spool: Spool | undefined,
  clock: Clock,
  startedAtMs: number,
): ApiDeps['health'] {
  return async () => {
    const [store, control] = await Promise.all([stores.store.healthy(), stores.control.healthy()]);
    const components: Component[] = [
      {
        name: 'telemetry store',
        status: store ? 'healthy' : 'unhealthy',
        detail: store
          ? stores.engine
            ? `embedded engine, restarted ${stores.engine.restarts()} times`
            : 'ClickHouse server'
          : 'does not answer; records wait in the spool',
      },
      {
        name: 'control plane',
        status: control ? 'healthy' : 'unhealthy',
        detail: control ? stores.control.database.description : 'PostgreSQL does not answer',
      },
    ];
    const status = spool?.status();
    if (status) {
      const fill = status.bytes / status.limitBytes;
      const lagMs = status.oldestAtMs === undefined ? 0 : clock.now() - status.oldestAtMs;
      components.push({
        name: 'ingest',
        status: fill > 0.9 ? 'unhealthy' : fill > 0.5 || lagMs > 60_000 ? 'degraded' : 'healthy',
        detail: `${status.records} records wait, the oldest for ${Math.round(lagMs / 1000)} s`,
      });
    }
    const disk = statfsSync(config.dataFolder);
    const free = disk.bavail / disk.blocks;
    components.push({
      name: 'disk',
      status: free < 0.03 ? 'unhealthy' : free < 0.1 ? 'degraded' : 'healthy',
      detail: `${(100 * free).toFixed(0)} % free`,
    });
    const worst = components.some((c) => c.status === 'unhealthy')
      ? 'unhealthy'
      : components.some((c) => c.status === 'degraded')
        ? 'degraded'
        : 'healthy';
    return { status: worst, version, uptimeS: Math.round((clock.now() - startedAtMs) / 1000), components };
  };
}

function newServer(config: Config): FastifyInstance {
  return Fastify({
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    logger: false,
    forceCloseConnections: true,
    requestTimeout: 60_000,
    keepAliveTimeout: 75_000,
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 500 },
  });
}

/** Throws what `listen` would: a port that is taken ends the start before any work has begun that would have to be undone. */
async function expectFreePort({ host, port }: Config): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen({ host, port }, () => probe.close(() => resolve()));
  });
}

/**
 * Puts the product together: the only place that knows implementations. Throws when a store cannot be opened or the port
 * is taken; what was opened by then is closed again.
 */
export async function compose(config: Config, clock: Clock, logger: Logger): Promise<Running> {
  const startedAtMs = clock.now();
  makeDataFolder(config.dataFolder);
  const closers = new Closers(logger);
  try {
    const stores = await openStores(config, clock, logger, closers);
    await expectFreePort(config);
    const watching = { uptime: undefined as Uptime | undefined };
    const files: FileStores = await openFiles({ config, stores, clock, logger, closers });
    const ingest = config.roles.has('ingest')
      ? await openIngest(config, stores, clock, logger, closers, {
          ...files.ports,
          checkIn: (checkIn) => takeCheckIn(watching.uptime, checkIn),
        })
      : undefined;
    const setup = await stores.control.setup.start(config.setup ?? {});
    if (!setup.ok) throw new Error(setup.error.message);
    const remark = setupKeyRemark(config.setup?.key ?? '');
    if (remark !== '') logger.warn(remark);

    const app = newServer(config);
    closers.add('HTTP', () => app.close());
    const address = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
    // The port is known only once it is bound (--port 0), the routes must be known before: the address is filled in later.
    const { publicUrl, demo, metricSeriesLimit } = config;
    const settings = { publicUrl, version, demo, metricSeriesLimit };
    const fleet = { current: undefined as DemoFleet | undefined };
    const delivery = { current: undefined as Deliverer | undefined };
    const sink = { current: undefined as FindingSink | undefined };
    const sampling = { current: undefined as { metrics(): string } | undefined };
    const bare = { config, stores, clock, logger, closers, publicUrl: () => settings.publicUrl };
    const unread = archiveUnread(bare);
    const metrics =
      config.roles.has('query') || config.roles.has('detect') ? await openMetricsStage(bare, ingest?.head) : undefined;
    const archive =
      config.roles.has('detect') && config.archive !== ''
        ? await openArchive(bare, ingest && { waitingSinceMs: () => ingest.spool.status().oldestAtMs })
        : undefined;
    const hot = config.roles.has('detect')
      ? openHotStep(
          bare,
          ingest && { waitingSinceMs: () => ingest.spool.status().oldestAtMs },
          archive && {
            sealedUntil: (organisation) => archive.step.sealedUntil(organisation),
            findings: () => sink.current,
          },
        )
      : undefined;
    const backfills = config.roles.has('detect')
      ? openBackfills(bare, ingest && { waitingSinceMs: () => ingest.spool.status().oldestAtMs }, archive, files.blobs)
      : undefined;
    const rollUps = ingest ? await openMetricUpkeep(bare, ingest.head, metrics) : undefined;
    const acting = metrics && wholeAnswers(metrics);
    const stage: StageParts = { ...bare, reads: readsOf(stores, metrics) };
    const responding = openRespondStage(stage, () => delivery.current?.wake());
    const { respond } = responding;
    const findings: FindingSink = respond;
    sink.current = findings;
    const uptime = openMonitors(stage, findings);
    watching.uptime = uptime;
    const rules = config.roles.has('detect')
      ? openDetect(
          { ...stage, reads: readsOf(stores, acting) },
          findings,
          () => ingestStatus(ingest?.spool, clock).lagMs,
        )
      : undefined;
    const foldedWatch = rules ? openFoldedWatch(stage, findings) : undefined;
    if (config.roles.has('detect')) openOwnership(stage, () => delivery.current?.wake());
    const fileRules =
      rules && metrics
        ? openFileRules(stage, {
            findings,
            engine: acting ?? metrics,
            spool: ingest?.spool,
            holds: (organisation) => rules.holds(organisation),
          })
        : undefined;
    const agents = config.roles.has('fleet')
      ? await openFleetStage(app, stage, {
          findings,
          monitors: {
            ordersFor: (organisation, site) => uptime.ordersFor(organisation, site),
            accept: (organisation, site, results, skewMs) => uptime.acceptResults(organisation, site, results, skewMs),
          },
        })
      : undefined;
    if (config.roles.has('query')) letPeopleSeeMetrics(app);
    if (ingest) {
      await registerIngest(app, ingest.parts);
      if (hasPeers(config)) await registerHeadRoute(app, bare, ingest.head);
      const metricsKeptMs = config.retentionMetricsMs;
      await registerForwarded(app, { ...ingest, agents: stores.control.fleet.agents, metricsKeptMs, clock, logger });
    }
    const canaries = ingest && openCanaries(stage, findings, ingest.parts, () => ingest.spool.status().oldestAtMs);
    if (ingest) openStatsd(stage, ingest);
    if (ingest) openLogListeners(stage, ingest.parts);
    const scraping = ingest ? await openScrape(stage, version, ingest) : undefined;
    const targetReader = agents ? withAgentTargets(agents, scraping?.reader) : scraping?.reader;
    const fileReload = diskReload(
      [
        {
          what: 'Rules',
          reload: async () => {
            const read = await fileRules?.reload();
            return read?.ok ? ok(`${read.value.files} files, ${read.value.groups} groups`) : read;
          },
        },
        {
          what: 'Scraping',
          reload: async () => {
            const read = await scraping?.reload();
            return read?.ok ? ok(`${read.value.jobs} jobs`) : read;
          },
        },
      ],
      clock,
      logger.with({ part: 'reload' }),
    );
    const health = healthOf(config, stores, ingest?.spool, clock, startedAtMs);
    let restores: RestoreStep | undefined;
    if (!config.roles.has('query')) registerProbes(app, health);
    else {
      const archiveReads = await openArchiveReads(bare);
      if (unread !== undefined) logger.warn(unread, { part: 'archive' });
      if (archiveReads) restores = openRestores(bare, archiveReads);
      const archiveRecords = await openArchiveRecords(bare);
      const dayProofs = await openDayProofs(bare);
      await registerApi(app, {
        store: stage.reads,
        control: stores.control,
        ingest: { status: () => ingestStatus(ingest?.spool, clock) },
        clock,
        logger,
        settings,
        health,
        files,
        ...(agents ? { agents } : {}),
        fileReload,
        ...(targetReader ? { targetReader } : {}),
        ...(archive ? { keyDestruction: archive.disposal } : {}),
        ...(fileRules ? { ruleReader: fileRules.reader } : {}),
        ...(archiveReads ? { archive: archiveReads } : {}),
        ...(archiveRecords ? { archiveRecords } : {}),
        ...(dayProofs ? { dayProofs } : {}),
        ...(unread === undefined ? {} : { archiveUnread: unread }),
        monitors: uptime,
        respond,
        metrics: () =>
          [
            ingest?.ledger.metrics() ?? '',
            ingest?.head.metrics() ?? '',
            metrics?.metrics() ?? '',
            rollUps?.metrics() ?? '',
            respond.metrics(),
            agents?.metrics() ?? '',
            delivery.current?.metrics() ?? '',
            rules?.metrics() ?? '',
            fileRules?.metrics() ?? '',
            sampling.current?.metrics() ?? '',
            archive?.step.metrics() ?? '',
            archive?.dayProof.metrics() ?? '',
            hot?.metrics() ?? '',
            processMetrics(stores.engine, ingest?.spool, version),
          ].join(''),
        ...(config.demo
          ? {
              faults: {
                list: async () => (await fleet.current?.list()) ?? [],
                switch: async (name, active, sites) => fleet.current?.switch(name, active, sites),
              },
            }
          : {}),
      });
      await registerInterface(app);
    }
    await app.listen({ host: config.host, port: config.port });
    restores?.start();
    const bound = app.server.address();
    const port = typeof bound === 'object' && bound ? bound.port : config.port;
    const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
    if (settings.publicUrl === '') settings.publicUrl = url;
    if (ingest && hasPeers(config)) announceHead(bare, port);
    if (config.roles.has('detect')) {
      delivery.current = openNotify(stage);
      responding.start();
      archive?.step.start();
      archive?.dayProof.start();
      hot?.start();
      foldedWatch?.start();
      backfills?.start();
      sampling.current = openSpanSteps(stage, ingest && { waitingSinceMs: () => ingest.spool.status().oldestAtMs });
    }

    canaries?.start();
    const otlp = ingest && config.otlpPorts ? await openOtlpPorts(config, ingest.parts, closers) : [];
    if (config.demo) {
      const demo = new DemoFleet({
        url: `http://127.0.0.1:${port}`,
        dataFolder: config.dataFolder,
        control: stores.control,
        clock,
        logger,
      });
      fleet.current = demo;
      closers.add('demo fleet', () => demo.close());
      demo.start();
    }
    const token = setup.value.token;
    return {
      url,
      setupLink: token === undefined ? undefined : `${settings.publicUrl}/setup?token=${token}`,
      otlp,
      archive:
        archive &&
        `${config.archive}, signed by ${archive.step.key}${unread === undefined ? '' : '; it cannot be searched with --clickhouse-url'}`,
      reload: async () =>
        (await fileReload.reload()).map(
          ({ what, ok: read, detail }) => `${what}: ${read ? 'read again' : 'what was in force stays'}, ${detail}`,
        ),
      close: () => closers.closeAll(),
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

function ingestStatus(spool: Spool | undefined, clock: Clock): ReturnType<ApiDeps['ingest']['status']> {
  const status = spool?.status();
  return {
    lagMs: status?.oldestAtMs === undefined ? 0 : Math.max(0, clock.now() - status.oldestAtMs),
    spoolBytes: status?.bytes ?? 0,
    spoolLimitBytes: status?.limitBytes ?? 0,
    waitingRecords: status?.records ?? 0,
  };
}

/** The ports that OTLP exporters try first. Another program may hold them: then it is said, and the main port serves. */
async function openOtlpPorts(config: Config, parts: ReceiverParts, closers: Closers): Promise<string[]> {
  const said: string[] = [];
  const ports = config.otlpPorts;
  if (!ports) return said;
  try {
    const grpc = await startGrpc(parts, { host: config.host, port: ports.grpc });
    closers.add('OTLP over gRPC', () => grpc.close());
    said.push(`gRPC on port ${grpc.port}`);
  } catch {
    said.push(`gRPC not available: port ${ports.grpc} is taken by another program (--otlp-ports chooses others)`);
  }
  const http = newServer(config);
  try {
    await registerIngest(http, parts);
    await http.listen({ host: config.host, port: ports.http });
    closers.add('OTLP over HTTP', () => http.close());
    said.push(`HTTP on port ${ports.http}`);
  } catch {
    await http.close();
    said.push(`port ${ports.http} is taken by another program; send OTLP over HTTP to the main port`);
  }
  return said;
}
