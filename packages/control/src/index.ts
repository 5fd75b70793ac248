export * from './control.ts';
export * from './fleet/port.ts';
export * from './dashboards/port.ts';
export * from './rule-files/port.ts';
export * from './scrape-configurations/port.ts';
export * from './releases/port.ts';
export * from './pipelines/port.ts';
export * from './sampling/port.ts';
export * from './scrubbing/port.ts';
export * from './scrubbing/canaries-port.ts';
export * from './scrubbing/backfills-port.ts';
export * from './retention/port.ts';
export { holdsPiece } from './retention/holds.ts';
export * from './searches/port.ts';
export * from './archive-restores/port.ts';
export * from './detect/port.ts';
export * from './alerting/port.ts';
export * from './respond/port.ts';
export * from './monitors/port.ts';
export * from './feedback/port.ts';
export * from './issues/port.ts';
export * from './teams/port.ts';
export { verifyAuditExport } from './audit-export.ts';
export { isDatabaseUnavailable } from './database/unavailable.ts';
export { openSealer } from './secrets.ts';
export { openControl, type OpenControlOptions } from './open-control.ts';
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './database/embedded/embedded-postgres.ts';
