import type { ApiDeps } from '@sightline/api';
import { ok, type Clock, type Logger } from '@sightline/base';
import type { Uptime } from '@sightline/detect';
import type { FindingSink } from '@sightline/record';
import { Closers } from './closers.ts';
import { setupKeyRemark, type Config } from './config.ts';
import { makeDataFolder } from './data-folder.ts';
import { DemoFleet } from './demo-fleet.ts';
import { healthOf } from './health.ts';
import { expectFreePort, newHttpServer } from './http-server.ts';
import { registerProbes } from './probes.ts';
import { processMetrics } from './process-metrics.ts';
import { diskReload } from './reload.ts';
import type { Later, StageBase, StageParts } from './stage.ts';
import { withAgentTargets } from './stages/agent-targets.ts';
import { openCanaries } from './stages/canaries.ts';
import type { FileRulesStage } from './stages/file-rules.ts';
import { openFiles } from './stages/files.ts';
import { openFleetStage } from './stages/fleet.ts';
import { announceHead, hasPeers } from './stages/head-route.ts';
import { ingestStatus, openIngest, registerIngestRoutes } from './stages/ingest.ts';
import { openLogListeners } from './stages/log-listeners.ts';
import { openMetricsStage } from './stages/metrics.ts';
import { takeCheckIn } from './stages/monitors.ts';
import { openOtlpPorts } from './stages/otlp-ports.ts';
import { openQueryApi } from './stages/query-api.ts';
import { openScrape, type ScrapeStage } from './stages/scrape.ts';
import { openStatsd } from './stages/statsd.ts';
import { openUpkeep } from './stages/upkeep.ts';
import { openWatch } from './stages/watch.ts';
import { openStores, readsOf } from './stores.ts';
import { version } from './version.ts';
import { letPeopleSeeMetrics } from './web-interface.ts';

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

/**
 * Puts the product together: the only place that knows implementations. Throws when a store cannot be opened or the port
 * is taken; what was opened by then is closed again.
 */
export async function compose(config: Config, clock: Clock, logger: Logger): Promise<Running> {
  makeDataFolder(config.dataFolder);
  const closers = new Closers(logger);
  try {
    return await open(config, clock, logger, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function open(config: Config, clock: Clock, logger: Logger, closers: Closers): Promise<Running> {
  const startedAtMs = clock.now();
  const { roles, demo, metricSeriesLimit } = config;
  const stores = await openStores(config, clock, logger, closers);
  await expectFreePort(config);
  // The port is known only once it is bound (--port 0), the routes must be known before: the address is filled in later.
  const settings = { publicUrl: config.publicUrl, version, demo, metricSeriesLimit };
  const base: StageBase = { config, stores, clock, logger, closers, publicUrl: () => settings.publicUrl };

  const monitors: Later<Uptime> = { current: undefined };
  const files = await openFiles(base);
  const ingest = roles.has('ingest')
    ? await openIngest(base, { ...files.ports, checkIn: (checkIn) => takeCheckIn(monitors.current, checkIn) })
    : undefined;
  const setupToken = await openSetup(base);
  const app = newHttpServer(config);
  closers.add('HTTP', () => app.close());

  const findings: Later<FindingSink> = { current: undefined };
  const metrics = roles.has('query') || roles.has('detect') ? await openMetricsStage(base, ingest?.head) : undefined;
  const upkeep = await openUpkeep(base, { ingest, metrics, blobs: files.blobs, findings });
  const stage: StageParts = { ...base, reads: readsOf(stores, metrics) };
  const watch = openWatch(stage, { metrics, ingest, findings });
  const { respond, uptime, fileRules } = watch;
  monitors.current = uptime;
  const agents = roles.has('fleet')
    ? await openFleetStage(app, stage, {
        findings: respond,
        monitors: {
          ordersFor: (organisation, site) => uptime.ordersFor(organisation, site),
          accept: (organisation, site, results, skewMs) => uptime.acceptResults(organisation, site, results, skewMs),
        },
      })
    : undefined;

  if (roles.has('query')) letPeopleSeeMetrics(app);
  if (ingest) await registerIngestRoutes(app, base, ingest);
  const canaries = ingest && openCanaries(stage, respond, ingest.parts, () => ingest.waitingSinceMs());
  if (ingest) openStatsd(stage, ingest);
  if (ingest) openLogListeners(stage, ingest.parts);
  const scraping = ingest ? await openScrape(stage, version, ingest) : undefined;
  const targetReader = agents ? withAgentTargets(agents, scraping?.reader) : scraping?.reader;
  const fileReload = reloadOf(base, fileRules, scraping);
  const health = healthOf(config, stores, ingest?.spool, clock, startedAtMs);
  const fleet: Later<DemoFleet> = { current: undefined };
  if (!roles.has('query')) registerProbes(app, health);
  const api = roles.has('query')
    ? await openQueryApi(app, stage, {
        ingest: { status: () => ingestStatus(ingest?.spool, clock) },
        settings,
        health,
        files,
        fileReload,
        monitors: uptime,
        respond,
        metrics: () =>
          [
            ingest?.ledger.metrics() ?? '',
            ingest?.head.metrics() ?? '',
            metrics?.metrics() ?? '',
            upkeep.metrics(),
            watch.metrics(),
            agents?.metrics() ?? '',
            processMetrics(stores.engine, ingest?.spool, version),
          ].join(''),
        ...(agents ? { agents } : {}),
        ...(targetReader ? { targetReader } : {}),
        ...(upkeep.archive ? { keyDestruction: upkeep.archive.disposal } : {}),
        ...(fileRules ? { ruleReader: fileRules.reader } : {}),
        ...(demo ? { faults: faultsOf(fleet) } : {}),
      })
    : undefined;

  await app.listen({ host: config.host, port: config.port });
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound ? bound.port : config.port;
  const url = `http://${addressOf(config.host)}:${port}`;
  if (settings.publicUrl === '') settings.publicUrl = url;
  if (ingest && hasPeers(config)) announceHead(base, port);
  api?.start();
  watch.start();
  upkeep.start();
  canaries?.start();
  const otlp = ingest && config.otlpPorts ? await openOtlpPorts(config, ingest.parts, closers) : [];
  if (demo) fleet.current = startDemo(base, port);
  return {
    url,
    setupLink: setupToken === undefined ? undefined : `${settings.publicUrl}/setup?token=${setupToken}`,
    otlp,
    archive: upkeep.archive && archiveSaid(base, upkeep.archive.step.key),
    reload: async () =>
      (await fileReload.reload()).map(
        ({ what, ok: read, detail }) => `${what}: ${read ? 'read again' : 'what was in force stays'}, ${detail}`,
      ),
    close: () => closers.closeAll(),
  };
}

/** Makes the first organisation where the settings name one. Answers the token of the one-time link, undefined once there is an owner. */
async function openSetup({ config, stores, logger }: StageBase): Promise<string | undefined> {
  const setup = await stores.control.setup.start(config.setup ?? {});
  if (!setup.ok) throw new Error(setup.error.message);
  const remark = setupKeyRemark(config.setup?.key ?? '');
  if (remark !== '') logger.warn(remark);
  return setup.value.token;
}

/** How this machine's people write the host: one that stands for every interface is `localhost`. */
function addressOf(host: string): string {
  const address = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return address.includes(':') ? `[${address}]` : address;
}

function reloadOf(
  { clock, logger }: StageBase,
  fileRules: FileRulesStage | undefined,
  scraping: ScrapeStage | undefined,
): ReturnType<typeof diskReload> {
  const rules = async (): ReturnType<Parameters<typeof diskReload>[0][number]['reload']> => {
    const read = await fileRules?.reload();
    return read?.ok ? ok(`${read.value.files} files, ${read.value.groups} groups`) : read;
  };
  const jobs = async (): ReturnType<typeof rules> => {
    const read = await scraping?.reload();
    return read?.ok ? ok(`${read.value.jobs} jobs`) : read;
  };
  const sources = [
    { what: 'Rules', reload: rules },
    { what: 'Scraping', reload: jobs },
  ];
  return diskReload(sources, clock, logger.with({ part: 'reload' }));
}

const faultsOf = (fleet: Later<DemoFleet>): NonNullable<ApiDeps['faults']> => ({
  list: async () => (await fleet.current?.list()) ?? [],
  switch: async (name, active, sites) => fleet.current?.switch(name, active, sites),
});

function startDemo({ config, stores, clock, logger, closers }: StageBase, port: number): DemoFleet {
  const url = `http://127.0.0.1:${port}`;
  const demo = new DemoFleet({ url, dataFolder: config.dataFolder, control: stores.control, clock, logger });
  closers.add('demo fleet', () => demo.close());
  demo.start();
  return demo;
}

/** Where logs are archived, who signs, and whether they can be searched, for the line that the start prints. */
const archiveSaid = ({ config, stores }: StageBase, key: string): string =>
  `${config.archive}, signed by ${key}${stores.engine ? '' : '; it cannot be searched with --clickhouse-url'}`;
