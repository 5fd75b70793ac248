import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ApiDeps } from '@sightline/api';
import type { Clock } from '@sightline/base';
import { type Control, holdsPiece, openSealer } from '@sightline/control';
import { builtInClasses, defaultClass, termsOf } from '@sightline/record';
import {
  ArchiveCatalogue,
  ArchiveDisposal,
  ArchiveProof,
  ArchiveReader,
  ArchiveRecords,
  type ArchiveSigner,
  ArchiveStep,
  type ArchiveTarget,
  DiskTarget,
  DayProof,
  DayProofReads,
  deletedFilesIn,
  fingerprint,
  type DisposalTerms,
  Keyring,
  RestoreStep,
  S3Target,
  Turns,
} from '@sightline/store';
import type { StageParts } from '../stage.ts';
import { waitingSince } from './spans.ts';

const dayMs = 86_400_000;
const purpose = 'archive signing key';
/** Under which the installation's processes find the public key. */
const publishedKey = 'archive-signing-key';

/** The archive at work. */
export interface Archive {
  readonly step: ArchiveStep;
  readonly disposal: ArchiveDisposal;
  readonly dayProof: DayProof;
  /** Whoever rewrites logs waits here while a day is written, and the other way round. */
  readonly turns: Turns;
}

type Parts = Pick<StageParts, 'config' | 'stores' | 'clock' | 'logger' | 'closers'>;

/** The archive of logs, ready to begin. Throws where its folder or its key cannot be used. */
export async function openArchive(
  { config, stores, clock, logger, closers }: Parts,
  ingest: { readonly waitingSinceMs: () => number | undefined } | undefined,
): Promise<Archive> {
  const keyring = await openKeyring(config.dataFolder);
  const signer = await openSigner(config.dataFolder);
  const shared = {
    store: stores.store,
    target: targetOf(config, clock),
    signer,
    clock,
    logger: logger.with({ part: 'archive' }),
    turns: new Turns(),
  };
  const waitingSinceMs = waitingSince(clock, ingest);
  const dayProof = new DayProof({ ...shared, waitingSinceMs, classes: provedClasses(stores.control) });
  const disposal = new ArchiveDisposal({
    ...shared,
    keyring,
    terms: termsFrom(stores.control.retention),
    around: (organisation, why, work) => dayProof.around(organisation, why, work),
  });
  const step = new ArchiveStep({
    ...shared,
    waitingSinceMs,
    dayProof,
    keyring: config.archiveEncrypted ? keyring : undefined,
    disposal,
    auditHead: (organisation) => stores.control.audit.head(organisation),
  });
  try {
    await step.prepare();
  } catch (error) {
    throw new Error(
      `The archive ${config.archive} cannot be written (${(error as Error).message}). Choose another one with --archive.`,
      { cause: error },
    );
  }
  const before = await stores.control.installation.publish(publishedKey, signer.publicKeyPem);
  if (before !== undefined && before !== signer.publicKeyPem)
    logger.warn(
      'The archive was signed with another key until now; days and records from before are proved by that one. Every process that archives needs the same secrets in its data folder.',
      { part: 'archive', key: step.key, before: fingerprint(createPublicKey(before)) },
    );
  closers.add('signatures of the day', () => dayProof.close());
  closers.add('archive', () => step.close());
  return { step, disposal, dayProof, turns: shared.turns };
}

const yearDays = 365;

/** Classes whose records are signed minutes after they are stored: those that the archive keeps for a year or longer, but for what is left over. */
const provedClasses =
  ({ retention }: Control) =>
  async (organisation: string): Promise<readonly string[]> => {
    const terms = await retention.find(organisation);
    return [...(terms?.classes ?? builtInClasses), ...(terms?.retired ?? [])]
      .map(({ name }) => name)
      .filter((name) => name !== defaultClass && termsOf(terms, name).keepDays >= yearDays);
  };

/** A folder or a bucket, as the settings say. */
function targetOf({ archive, archiveBucket, dataFolder }: StageParts['config'], clock: Clock): ArchiveTarget {
  if (!archiveBucket) return new DiskTarget(archive);
  return new S3Target({ place: archiveBucket, clock, scratch: path.join(dataFolder, 'run', 'archive-days') });
}

/** Classes and legal holds as the control plane has them. */
function termsFrom(retention: Control['retention']): DisposalTerms {
  return {
    keepDays: async (organisation, kept) => termsOf(await retention.find(organisation), kept).keepDays,
    whileNonePlaced: (organisation, work) =>
      retention.holds.whileNonePlaced(organisation, (active) =>
        work({
          holding: (piece) => active.find((hold) => holdsPiece(hold, piece))?.name,
          on: (kept) => active.find((hold) => kept === '' || hold.class === '' || hold.class === kept)?.name,
        }),
      ),
  };
}

/** What is brought back from the archive, at work. */
export function openRestores(
  { stores, clock, logger, closers }: Parts,
  { logs }: NonNullable<ApiDeps['archive']>,
): RestoreStep {
  const step = new RestoreStep({
    store: stores.store,
    archive: logs,
    restores: stores.control.archiveRestores,
    clock,
    logger: logger.with({ part: 'archive' }),
  });
  closers.add('restores from the archive', () => step.close());
  return step;
}

/** Why the archive cannot be searched here, as a person would say it; undefined where it can, or where there is none. */
export function archiveUnread({ config, stores }: Pick<StageParts, 'config' | 'stores'>): string | undefined {
  return config.archive === '' || stores.engine
    ? undefined
    : 'This server writes the archive and cannot search it: with --clickhouse-url the ClickHouse server, on another machine, does not see decrypted files of this one. Use the embedded engine, or export days with npm run archive.';
}

/** What lies in the archive beside the logs; undefined without an archive. It can be read with a store of its own, too. */
export async function openArchiveRecords({
  config,
  stores,
  clock,
}: Pick<StageParts, 'config' | 'stores' | 'clock'>): Promise<ApiDeps['archiveRecords']> {
  if (config.archive === '') return undefined;
  return new ArchiveRecords({
    target: targetOf(config, clock),
    publicKeyPem: await publicKeyOf({ config, stores }),
  });
}

/** What is signed of the current day, compared with what is stored; undefined without an archive. */
export async function openDayProofs({
  config,
  stores,
  clock,
}: Pick<StageParts, 'config' | 'stores' | 'clock'>): Promise<ApiDeps['dayProofs']> {
  if (config.archive === '') return undefined;
  return new DayProofReads({
    store: stores.store,
    target: targetOf(config, clock),
    publicKeyPem: await publicKeyOf({ config, stores }),
    classes: provedClasses(stores.control),
    clock,
  });
}

/**
 * The key by which the installation signs. Where this process archives that is its own; others ask the control plane for what the
 * archiving one published, and never make one: it would call all that is signed forged.
 */
async function publicKeyOf({
  config,
  stores,
}: Pick<StageParts, 'config' | 'stores'>): Promise<() => Promise<string | undefined>> {
  if (!config.roles.has('detect')) return () => stores.control.installation.published(publishedKey);
  const { publicKeyPem } = await openSigner(config.dataFolder);
  return async () => publicKeyPem;
}

/** The archive as a place to search; undefined without one, and with a store of its own: that cannot read our files. */
export async function openArchiveReads({
  config,
  stores,
  clock,
  closers,
}: Pick<StageParts, 'config' | 'stores' | 'clock' | 'closers'>): Promise<ApiDeps['archive']> {
  if (config.archive === '' || !stores.engine) return undefined;
  const run = path.join(config.dataFolder, 'run');
  const target = targetOf(config, clock);
  const files = new ArchiveReader({
    target,
    keys: await openKeyring(config.dataFolder),
    scratch: path.join(run, 'archive-copies'),
  });
  await files.prepare();
  const logs = new ArchiveCatalogue({
    files,
    deleted: deletedFilesIn(target),
    clock,
    scratch: path.join(run, 'archive-reads'),
  });
  await logs.prepare();
  closers.add('reads of the archive', () => logs.close());
  const { publicKeyPem } = await openSigner(config.dataFolder);
  return {
    logs,
    proofs: new ArchiveProof({ target, publicKey: createPublicKey(publicKeyPem), clock }),
    restored: async (organisation) =>
      (await stores.control.archiveRestores.list(organisation)).filter(
        ({ readyAt, goneAt, leavesAt }) => readyAt !== null && goneAt === null && leavesAt > clock.now(),
      ),
    hotDays: async (organisation) => {
      const { retention } = stores.control;
      const terms = await retention.find(organisation);
      const gone = await retention.deletions.list(organisation, 1000);
      const daysOf = (name: string): number => {
        // Days that were longer afterwards bring nothing back.
        const deleted = gone.filter((one) => one.class === name).map(({ day }) => Date.parse(day) + dayMs);
        return Math.min(termsOf(terms, name).hotDays, (clock.now() - Math.max(0, ...deleted)) / dayMs);
      };
      const names = [...(terms?.classes ?? builtInClasses), ...(terms?.retired ?? [])].map(({ name }) => name);
      return {
        usual: daysOf(defaultClass),
        byClass: Object.fromEntries(names.map((name) => [name, daysOf(name)])),
      };
    },
  };
}

/** The data keys of the archive, sealed under the installation's own key. */
export async function openKeyring(dataFolder: string): Promise<Keyring> {
  return new Keyring(path.join(dataFolder, 'secrets', 'archive-keys'), await openSealer(dataFolder));
}

/**
 * The installation's Ed25519 key, made on the first start and sealed under the installation's own key. Throws where it was
 * sealed under another one: a new key would break the proof of all that was signed.
 */
export async function openSigner(dataFolder: string): Promise<ArchiveSigner> {
  const sealer = await openSealer(dataFolder);
  const file = path.join(dataFolder, 'secrets', 'archive-signing.sealed');
  const sealed = await readFile(file).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return makeKeyFile(file, sealer.seal(newKey(), purpose));
  });
  const pem = sealer.open(sealed, purpose);
  if (pem === undefined)
    throw new Error(`${file} cannot be opened with secrets/instance.key. Restore both from the same backup.`);
  const key = createPrivateKey(pem);
  return {
    publicKeyPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
    sign: (bytes) => sign(null, bytes, key),
  };
}

const newKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Linked into place whole, so that two first starts at once end with one key. */
async function makeKeyFile(file: string, sealed: Buffer): Promise<Buffer> {
  const fresh = `${file}.${randomUUID()}`;
  await writeFile(fresh, sealed, { mode: 0o600, flush: true });
  await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await unlink(fresh);
  return readFile(file);
}
