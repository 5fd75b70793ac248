export * from './port/index.ts';
export {
  openEmbeddedStore,
  telemetryDatabase,
  type EmbeddedStore,
  type EmbeddedStoreOptions,
} from './embedded-store.ts';
export { openDiskBlobs } from './blobs/disk-blobs.ts';
export { connectStore, type ConnectOptions } from './connect-store.ts';
export { EdgeStep } from './steps/edge-step.ts';
export { SamplingStep, type ActivePolicy } from './steps/sampling-step.ts';
export { migrate, readMigrations, type Migration } from './schema/migrate.ts';
export { exactlyOnceSettings } from './schema/exactly-once.ts';
export { ArchiveStep, type ArchiveSigner } from './archive/archive-step.ts';
export { ArchiveCatalogue } from './archive/archive-catalogue.ts';
export { plainArchive } from './archive/plain-archive.ts';
export { dayName, readPublicKey } from './archive/manifest.ts';
export { verifyArchive } from './archive/verify-archive.ts';
