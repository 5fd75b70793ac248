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
export { HotStep, type WaitingRows } from './steps/hot-step.ts';
export type { HeldRows } from './steps/held-rows.ts';
export { BackfillStep, type BackfillScrubber } from './scrub/backfill-step.ts';
export type { BackfillBook, BackfillRun } from './scrub/backfill-book.ts';
export { SamplingStep, type ActivePolicy } from './steps/sampling-step.ts';
export { bringUpToDate, migrate, readMigrations, type Migration } from './schema/migrate.ts';
export { exactlyOnceSettings } from './schema/exactly-once.ts';
export { DayProof, DayProofReads } from './archive/day-proof.ts';
export { compareTexts } from './archive/head-chain.ts';
export { ArchiveStep, type ArchiveSigner } from './archive/archive-step.ts';
export { deletedFilesIn } from './archive/deleted-files.ts';
export { ArchiveCatalogue } from './archive/archive-catalogue.ts';
export { RestoreStep } from './archive/restore-step.ts';
export {
  ArchiveReader,
  type ArchivedFileOf,
  type ArchiveReaderParts,
  type NotOpened,
  type OpenedFile,
} from './archive/archive-reader.ts';
export { ArchiveDisposal, type ArchivePiece, type DisposalTerms } from './archive/disposal.ts';
export { Turns } from './archive/turns.ts';
export type { S3Place } from './archive/s3-client.ts';
export { S3Target } from './archive/s3-target.ts';
export { DiskTarget, writeDurably } from './archive/disk-target.ts';
export { exportKeys, readExportedKeys } from './archive/exported-keys.ts';
export { type ArchiveKeys, Keyring, type KeyOwner, type KeySealer } from './archive/keyring.ts';
export {
  type ArchivedFile,
  type AuditHead,
  dayName,
  fingerprint,
  type Manifest,
  readPublicKey,
} from './archive/manifest.ts';
export { SealedFileError } from './archive/sealed-file.ts';
export type { ArchiveEntry, ArchiveTarget } from './archive/target.ts';
export { ArchiveRecords } from './archive/archive-records.ts';
export { ArchiveProof } from './archive/archive-proof.ts';
export { type Verified, verifyArchive } from './archive/verify-archive.ts';
