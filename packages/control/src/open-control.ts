import { type Clock, type Logger, reasonOf } from '@sightline/base';
import type { Control } from './control.ts';
import { alerting } from './alerting/alerting.ts';
import { audit } from './audit.ts';
import { dashboards } from './dashboards/dashboards.ts';
import { ruleFiles } from './rule-files/rule-files.ts';
import { scrapeConfigurations } from './scrape-configurations/scrape-configurations.ts';
import { pipelines } from './pipelines/pipelines.ts';
import { sampling } from './sampling/sampling.ts';
import { scrubBackfills } from './scrubbing/backfills.ts';
import { scrubCanaries } from './scrubbing/canaries.ts';
import { scrubbing } from './scrubbing/scrubbing.ts';
import { retention } from './retention/retention.ts';
import { archiveRestores } from './archive-restores/archive-restores.ts';
import { savedSearches } from './searches/saved-searches.ts';
import { detect } from './detect/detect.ts';
import { type Database, openDatabase } from './database/database.ts';
import { startEmbeddedPostgres } from './database/embedded/embedded-postgres.ts';
import { fleetControl } from './fleet/fleet.ts';
import { invitations } from './invitations.ts';
import { feedbackStates } from './feedback/feedback-states.ts';
import { issueRecords } from './issues/issue-records.ts';
import { issueStates } from './issues/issue-states.ts';
import { keys } from './keys.ts';
import { monitors } from './monitors/monitors.ts';
import { organisations, projects } from './organisations.ts';
import { people } from './people.ts';
import { artifacts } from './releases/artifacts.ts';
import { releases } from './releases/releases.ts';
import { respond } from './respond/respond.ts';
import { openSealer } from './secrets.ts';
import { sessions } from './sessions.ts';
import { settings } from './settings.ts';
import { installation } from './installation.ts';
import { setup } from './setup.ts';
import { sites } from './sites.ts';
import { teams } from './teams/teams.ts';

/** How long statements that run have to end when the control plane is closed. */
const closeLimitMs = 3000;

export interface OpenControlOptions {
  /** `postgres://…` of PostgreSQL 15 or newer; without it the embedded server is started in `dataFolder`. */
  readonly databaseUrl?: string | undefined;
  /** Sightline's data folder: `control/` (embedded server) and `secrets/` lie in it. */
  readonly dataFolder: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Opens the control plane: starts or reaches PostgreSQL and brings its schema up to date. Throws an error
 * whose message says what is wrong and how to mend it.
 */
export async function openControl(options: OpenControlOptions): Promise<Control> {
  const { databaseUrl, dataFolder, logger, clock } = options;
  const sealer = await openSealer(dataFolder);
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new Error('DATABASE_URL must begin with postgres:// or postgresql://.');
  }
  const embedded = databaseUrl === undefined ? await startEmbeddedPostgres({ dataFolder, logger, clock }) : undefined;
  if (embedded && !embedded.ok) throw new Error(embedded.error);
  const connectionString = embedded?.value.connectionString ?? databaseUrl ?? '';
  const opened = await openDatabase(connectionString, logger);
  if (!opened.ok) {
    await embedded?.value.stop();
    throw new Error(opened.error);
  }
  const { db, pool, version } = opened.value;
  const context = { db, clock, logger, sealer };
  const keysService = keys(context);
  const alertingService = alerting(context);
  const sitesService = sites(context);
  return {
    organisations: organisations(context),
    people: people(context),
    teams: teams(context),
    sessions: sessions(context),
    invitations: invitations(context),
    keys: keysService,
    projects: projects(context),
    sites: sitesService,
    issueStates: issueStates(context),
    issues: issueRecords(context),
    feedback: feedbackStates(context),
    audit: audit(context),
    fleet: fleetControl(context, sitesService),
    detect: detect(context),
    alerting: alertingService,
    respond: respond(context, alertingService.notifications),
    monitors: monitors(context),
    dashboards: dashboards(context),
    searches: savedSearches(context),
    archiveRestores: archiveRestores(context),
    ruleFiles: ruleFiles(context),
    scrapeConfigurations: scrapeConfigurations(context),
    releases: releases(context),
    artifacts: artifacts(context),
    sampling: sampling(context),
    pipelines: pipelines(context),
    scrubbing: scrubbing(context),
    scrubCanaries: scrubCanaries(context),
    scrubBackfills: scrubBackfills(context),
    retention: retention(context),
    settings: settings(context),
    installation: installation(context),
    setup: setup(context),
    healthy: () => healthy(pool),
    database: { description: embedded ? `embedded ${version}` : version, connectionString },
    close: async () => {
      await keysService.flush().catch((error: unknown) => {
        logger.warn('When keys were last used could not be written', { reason: reasonOf(error) });
      });
      // What still runs ends with the server; whoever waits for it here would leave the server behind.
      const ended = new AbortController();
      await Promise.race([pool.end(), clock.sleep(closeLimitMs, ended.signal)]);
      ended.abort();
      await embedded?.value.stop();
    },
  };
}

async function healthy(pool: Database['pool']): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), 1000)));
  const answers = pool.query('SELECT 1').then(
    () => true,
    () => false,
  );
  return Promise.race([answers, late]).finally(() => clearTimeout(timer));
}
