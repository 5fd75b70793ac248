import { createPublicKey, type KeyObject } from 'node:crypto';
import type { ArchiveRecordReads, SignedAudit, TakenOut } from '../port/index.ts';
import { fingerprint, organisationName } from './manifest.ts';
import { newestManifest } from './newest-manifest.ts';
import { isSignedRecord, readRecord, recordNumbers, type StoredRecord } from './records.ts';
import type { ArchiveTarget } from './target.ts';

export interface ArchiveRecordsParts {
  readonly target: ArchiveTarget;
  /** As in `ArchiveRecordReads`: of the installation's own secrets or control plane, never of the archive, where a forger exchanges both. */
  readonly publicKeyPem: () => Promise<string | undefined>;
}

/** Reads and judges what lies in an archive beside the logs: records of what was taken out, and what manifests sign of the audit trail. */
export class ArchiveRecords implements ArchiveRecordReads {
  readonly #target: ArchiveTarget;
  readonly publicKeyPem: () => Promise<string | undefined>;

  constructor({ target, publicKeyPem }: ArchiveRecordsParts) {
    this.#target = target;
    this.publicKeyPem = publicKeyPem;
  }

  async list(
    organisation: string,
    { limit, before = Infinity }: { readonly limit: number; readonly before?: number | undefined },
  ): Promise<{ records: TakenOut[]; next: number | undefined }> {
    if (!organisationName.test(organisation)) return { records: [], next: undefined };
    const numbers = (await recordNumbers(this.#target, organisation)).filter((number) => number < before).toReversed();
    const publicKey = await this.#publicKey();
    const records: TakenOut[] = [];
    /** The record after the one that is looked at: it names the hash of this one. */
    let later = Number.isFinite(before) ? await readRecord(this.#target, organisation, before) : undefined;
    for (const number of numbers.slice(0, limit)) {
      const stored = await readRecord(this.#target, organisation, number);
      if (!stored) continue;
      records.push({
        ...takenOut(stored),
        fault: faultOf(organisation, stored, later, publicKey),
        checked: publicKey !== undefined,
      });
      later = stored;
    }
    return { records, next: numbers.length > limit ? numbers[limit - 1] : undefined };
  }

  async file(organisation: string, number: number): Promise<{ text: Buffer; signature: Buffer } | undefined> {
    if (!organisationName.test(organisation)) return undefined;
    const stored = await readRecord(this.#target, organisation, number);
    return stored && { text: stored.text, signature: stored.signature };
  }

  async signedAudit(organisation: string): Promise<SignedAudit | undefined> {
    if (!organisationName.test(organisation)) return undefined;
    const publicKey = await this.#publicKey();
    if (!publicKey) return undefined;
    const manifest = await newestManifest(this.#target, organisation, publicKey);
    return manifest?.audit && { day: manifest.day, ...manifest.audit };
  }

  async #publicKey(): Promise<KeyObject | undefined> {
    const pem = await this.publicKeyPem();
    return pem === undefined ? undefined : createPublicKey(pem);
  }
}

/** What is wrong with a record; without a key its signature is left out of it. */
function faultOf(
  organisation: string,
  stored: StoredRecord,
  later: StoredRecord | undefined,
  publicKey: KeyObject | undefined,
): string {
  const { record, number, sha256 } = stored;
  if (!record) return 'It cannot be read.';
  if (publicKey && !isSignedRecord(stored, publicKey))
    return record.key === fingerprint(publicKey)
      ? 'Its signature is not its own: it was changed or forged.'
      : `It was not signed by this installation; it names the key ${record.key}.`;
  if (record.organisation !== organisation || record.number !== number)
    return `It is number ${record.number} of ${record.organisation}: it was put in another place.`;
  if (later?.record && later.number === number + 1 && later.record.previous !== sha256)
    return `Record ${later.number} does not follow from it: one of the two was replaced.`;
  if (later && later.number > number + 1)
    return later.number === number + 2
      ? `Record ${number + 1} is missing.`
      : `Records ${number + 1} to ${later.number - 1} are missing.`;
  return '';
}

function takenOut({ number, sha256, record }: StoredRecord): Omit<TakenOut, 'fault' | 'checked'> {
  const files = record?.files ?? [];
  const days = files.map(({ day }) => day).toSorted();
  return {
    number,
    kind: record?.kind ?? 'files-deleted',
    atMs: record ? Date.parse(record.at) : 0,
    by: record?.by ?? '',
    reason: record?.reason ?? '',
    class: record?.class ?? '',
    keys: record?.keys.length ?? 0,
    unreadable: record?.unreadable ?? { files: 0, rows: 0 },
    files: files.length,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    firstDay: days[0] ?? '',
    lastDay: days.at(-1) ?? '',
    sha256,
  };
}
