export { BusinessDays, readBusinessDay, type BusinessDay, type SiteDay } from './business-day.ts';
export {
  readFleetTelemetry,
  summariseFleet,
  summariseSite,
  unknownSite,
  type FleetSummary,
  type FleetTelemetry,
  type KnownSite,
  type SiteSummary,
} from './read-fleet.ts';
export {
  readDevices,
  readServices,
  readTopIssues,
  type ServiceState,
  type SiteDevice,
  type TopIssue,
} from './read-site.ts';
export { readDeploys, type Deploy } from './deploys.ts';
export { readScopes, type Scopes } from './scopes.ts';
export { readSiteFacts, siteFacts, type SiteFacts } from './site-facts.ts';
export { readLanes, type Lane, type Point, type SiteRange } from './site-lanes.ts';
export { readSeenSites, type FleetScope } from './site-signals.ts';
export type { MinuteHealth, SiteState } from './site-state.ts';
export { startOfLocalDay } from './local-day.ts';
