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
  deletedFilesIn,
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

/** The archive at work. */
export interface Archive {
  readonly step: ArchiveStep;
  readonly disposal: ArchiveDisposal;
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
  const shared = {
    store: stores.store,
    target: targetOf(config, clock),
    signer: await openSigner(config.dataFolder),
    clock,
    logger: logger.with({ part: 'archive' }),
    turns: new Turns(),
  };
  const disposal = new ArchiveDisposal({ ...shared, keyring, terms: termsFrom(stores.control.retention) });
  const step = new ArchiveStep({
    ...shared,
    waitingSinceMs: waitingSince(clock, ingest),
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
  closers.add('archive', () => step.close());
  return { step, disposal, turns: shared.turns };
}

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
  clock,
}: Pick<StageParts, 'config' | 'clock'>): Promise<ApiDeps['archiveRecords']> {
  if (config.archive === '') return undefined;
  const { publicKeyPem } = await openSigner(config.dataFolder);
  return new ArchiveRecords({ target: targetOf(config, clock), publicKeyPem });
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
