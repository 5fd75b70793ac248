export { historyDays, readMonitorHistory, type MonitorHistory, type UptimeShares } from './monitor-history.ts';
export { readMonitorResults, readResponseTimes, type MonitorResult, type ResponseTimes } from './monitor-results.ts';
