import type { Page } from '../shell/page.ts';
import { alertingPage } from './alerting/page.ts';
import { dashboardPage, dashboardsPage } from './dashboards/pages.ts';
import { dataPage } from './data/page.ts';
import { invitationPage, setupPage, signInPage } from './entry/pages.ts';
import { errorRulesPage, issuePage, issuesPage } from './errors/pages.ts';
import { feedbackPage } from './feedback/pages.ts';
import { fleetPage } from './fleet/page.ts';
import { incidentPage, incidentsPage } from './incidents/pages.ts';
import { logsAroundPage, logsPage } from './logs/page.ts';
import { metricsPage } from './metrics/page.ts';
import { monitorsPage } from './monitors/pages.ts';
import { replayPage, replaysPage } from './replays/pages.ts';
import { releasePage, releasesPage } from './releases/pages.ts';
import { editRulePage, newRulePage, rulePage, rulesPage } from './rules/pages.ts';
import { retentionPage } from './retention/page.ts';
import { settingsPage } from './settings/page.ts';
import { sitePage } from './site/page.ts';
import { storyDoorPage, storyPage } from './story/pages.ts';
import { compareTracesPage, profilePage, tracePage, tracesPage } from './traces/pages.ts';

/** Every page of the product, in the order of the rail. A new page is a folder and a line here. */
export const allPages: readonly Page[] = [
  fleetPage,
  incidentsPage,
  incidentPage,
  issuesPage,
  issuePage,
  errorRulesPage,
  logsPage,
  logsAroundPage,
  tracesPage,
  compareTracesPage,
  tracePage,
  profilePage,
  replaysPage,
  replayPage,
  metricsPage,
  dashboardsPage,
  dashboardPage,
  releasesPage,
  releasePage,
  feedbackPage,
  monitorsPage,
  storyPage,
  storyDoorPage,
  sitePage,
  rulesPage,
  newRulePage,
  rulePage,
  editRulePage,
  alertingPage,
  dataPage,
  retentionPage,
  settingsPage,
  signInPage,
  setupPage,
  invitationPage,
];
