import { createPublicKey, type KeyObject } from 'node:crypto';
import type { ArchiveRecordReads, SignedAudit, TakenOut } from '../port/index.ts';
import { mostManifestBytes } from './archive-reader.ts';
import {
  dayName,
  fingerprint,
  isSigned,
  manifestName,
  organisationName,
  readManifest,
  signatureName,
} from './manifest.ts';
import { isSignedRecord, readRecord, recordNumbers, type StoredRecord } from './records.ts';
import type { ArchiveTarget } from './target.ts';

/** Names of days that are looked at for the newest manifest: the last ones may not be finished. */
const newestDays = 5;

/** Reads and judges what lies in an archive beside the logs: records of what was taken out, and what manifests sign of the audit trail. */
export class ArchiveRecords implements ArchiveRecordReads {
  readonly publicKeyPem: string;
  readonly #target: ArchiveTarget;
  readonly #publicKey: KeyObject;

  constructor({ target, publicKeyPem }: { readonly target: ArchiveTarget; readonly publicKeyPem: string }) {
    this.#target = target;
    this.publicKeyPem = publicKeyPem;
    this.#publicKey = createPublicKey(publicKeyPem);
  }

  async list(
    organisation: string,
    { limit, before = Infinity }: { readonly limit: number; readonly before?: number | undefined },
  ): Promise<{ records: TakenOut[]; next: number | undefined }> {
    if (!organisationName.test(organisation)) return { records: [], next: undefined };
    const numbers = (await recordNumbers(this.#target, organisation)).filter((number) => number < before).toReversed();
    const records: TakenOut[] = [];
    /** The record after the one that is looked at: it names the hash of this one. */
    let later = Number.isFinite(before) ? await readRecord(this.#target, organisation, before) : undefined;
    for (const number of numbers.slice(0, limit)) {
      const stored = await readRecord(this.#target, organisation, number);
      if (!stored) continue;
      records.push(takenOut(stored, this.#faultOf(organisation, stored, later)));
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
    const days = (await this.#target.folders(organisation)).filter((name) => dayName.test(name));
    for (const day of days.slice(-newestDays).toReversed()) {
      const bytes = await this.#target.get(`${organisation}/${day}/${manifestName}`, mostManifestBytes);
      const signature = await this.#target.get(`${organisation}/${day}/${signatureName}`, 1024);
      if (!bytes || !signature) continue;
      const manifest = readManifest(bytes);
      const own = manifest?.organisation === organisation && isSigned(bytes, signature, this.#publicKey);
      return own && manifest.audit ? { day, ...manifest.audit } : undefined;
    }
    return undefined;
  }

  #faultOf(organisation: string, stored: StoredRecord, later: StoredRecord | undefined): string {
    const { record, number, sha256 } = stored;
    if (!record) return 'It cannot be read.';
    if (!isSignedRecord(stored, this.#publicKey))
      return record.key === fingerprint(this.#publicKey)
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
}

function takenOut({ number, sha256, record }: StoredRecord, fault: string): TakenOut {
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
    fault,
  };
}
