import type { Route } from '../route.ts';
import { archiveKeyRoutes } from './archive-keys.ts';
import { agentRoutes } from './agents.ts';
import { archiveRoutes } from './archive.ts';
import { diagnosticRoutes } from './diagnostics.ts';
import { channelRoutes } from './channels.ts';
import { keyRoutes } from './keys.ts';
import { monitorRoutes } from './monitors.ts';
import { auditRoutes } from './audit-trail.ts';
import { securityRoutes } from './security.ts';
import { peopleRoutes } from './people.ts';
import { policyRoutes } from './policies.ts';
import { sessionRoutes } from './session.ts';
import { dashboardRoutes } from './dashboards.ts';
import { savedSearchRoutes } from './saved-searches.ts';
import { dataRoutes } from './data.ts';
import { demoRoutes } from './demo.ts';
import { errorRulesRoutes } from './error-rules.ts';
import { errorRoutes } from './errors.ts';
import { feedbackRoutes } from './feedback.ts';
import { fleetRoutes } from './fleet.ts';
import { incidentRoutes } from './incidents.ts';
import { logRoutes } from './logs.ts';
import { logqlRoutes } from './logql.ts';
import { metricRoutes } from './metrics.ts';
import { promqlRoutes } from './promql.ts';
import { profileRoutes } from './profiles.ts';
import { replayRoutes } from './replays.ts';
import { pipelineRoutes } from './pipelines.ts';
import { retentionRoutes } from './retention.ts';
import { samplingRoutes } from './sampling.ts';
import { personalDataRoutes } from './personal-data.ts';
import { scrubBackfillRoutes } from './scrub-backfills.ts';
import { silenceRoutes } from './silences.ts';
import { siteHistoryRoutes } from './site-history.ts';
import { releaseRoutes } from './releases.ts';
import { ruleFileRoutes } from './rule-files.ts';
import { scrapingRoutes } from './scraping.ts';
import { ruleRoutes } from './rules.ts';
import { storyRoutes } from './story.ts';
import { teamRoutes } from './teams.ts';
import { traceAnalysisRoutes } from './trace-analysis.ts';
import { traceRoutes } from './traces.ts';
import { traceqlRoutes } from './traceql.ts';

/** Every area of our own API: one folder-mate file, one line here. */
export const allRoutes: readonly (readonly Route[])[] = [
  fleetRoutes,
  incidentRoutes,
  agentRoutes,
  diagnosticRoutes,
  channelRoutes,
  policyRoutes,
  silenceRoutes,
  monitorRoutes,
  siteHistoryRoutes,
  errorRoutes,
  errorRulesRoutes,
  releaseRoutes,
  feedbackRoutes,
  replayRoutes,
  profileRoutes,
  metricRoutes,
  promqlRoutes,
  dashboardRoutes,
  savedSearchRoutes,
  ruleRoutes,
  ruleFileRoutes,
  scrapingRoutes,
  dataRoutes,
  demoRoutes,
  sessionRoutes,
  peopleRoutes,
  auditRoutes,
  securityRoutes,
  teamRoutes,
  keyRoutes,
  logRoutes,
  logqlRoutes,
  archiveRoutes,
  traceRoutes,
  traceqlRoutes,
  traceAnalysisRoutes,
  pipelineRoutes,
  samplingRoutes,
  retentionRoutes,
  archiveKeyRoutes,
  personalDataRoutes,
  scrubBackfillRoutes,
  storyRoutes,
];
