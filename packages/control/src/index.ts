export * from './control.ts';
export { openControl, type OpenControlOptions } from './open-control.ts';
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './database/embedded/embedded-postgres.ts';
