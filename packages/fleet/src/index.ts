export { openFleet, type Fleet, type FleetOptions, type HttpAnswer } from './fleet.ts';
export type { AskFault, Question } from './requests/open-requests.ts';
export { heartbeatMs, type AgentMonitors, type ScrapeReport } from './sessions/session-table.ts';
export { linkPath } from './sessions/token-door.ts';
export { graceMs, lostAfterMs, type SiteSignals } from './watch/link-watch.ts';
