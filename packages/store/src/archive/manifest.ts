import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { merkleRoot } from './merkle.ts';
import { areTexts, isCount, isFields, parsedAs } from './signed-file.ts';

/** Name of a record's retention class; `retentionClassName` of the part `record`. */
export type LogClass = string;

/** One Parquet file of a day. */
export interface ArchivedFile {
  /** Below the day's folder: `default/STORE_047-0001.parquet`, with `.sealed` behind it where it is encrypted. */
  readonly path: string;
  readonly class: LogClass;
  /** As records carry it, '' for those without; null where a day had too many sites for files of their own. */
  readonly site: string | null;
  readonly rows: number;
  readonly bytes: number;
  /** Of the whole file as it lies there, in hexadecimal. */
  readonly sha256: string;
  /** Of the records' own times, ISO 8601 in UTC. */
  readonly first: string;
  readonly last: string;
  /** Id of the data key under which the file is encrypted; absent where it is plain Parquet. */
  readonly key?: string;
}

/** An entry of an audit trail; its hash covers all entries before it. */
export interface AuditHead {
  readonly number: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** The newest head of a day, by the SHA-256 of its signed text in hexadecimal. */
export interface SignedHead {
  readonly number: number;
  readonly sha256: string;
}

/** What one organisation's logs of one day of receipt are, and what came before. */
export interface Manifest {
  readonly version: 1;
  readonly organisation: string;
  /** `YYYY-MM-DD` in UTC. */
  readonly day: string;
  /** 1 for the first day, and one more each day: days without logs have a manifest too. */
  readonly number: number;
  /** SHA-256 of the bytes of the manifest before, in hexadecimal; null for the first. */
  readonly previous: string | null;
  readonly writtenAt: string;
  readonly files: readonly ArchivedFile[];
  readonly rows: number;
  readonly bytes: number;
  /** Merkle root over the files' entries, in hexadecimal. */
  readonly root: string;
  /** The newest record of what was taken out, when this day was written; absent where there was none. */
  readonly records?: { readonly number: number; readonly sha256: string };
  /** The newest entry of the organisation's audit trail then, and its hash: with it all entries before are signed. Absent where there was none. */
  readonly audit?: AuditHead;
  /** The last head of this day and those before: its records, signed while the day went on, are those of this manifest. Absent where there was none. */
  readonly heads?: SignedHead;
  /** Records that were signed during the day and were missing or changed when it was written: one sentence each. Absent where all were as they were signed. */
  readonly unlike?: readonly string[];
  /** Fingerprint of the key that signed it. */
  readonly key: string;
}

export const manifestName = 'manifest.json';
/** Raw Ed25519 signature (RFC 8032) over the bytes of the manifest's file. */
export const signatureName = 'manifest.sig';
export const publicKeyName = 'public-key.pem';

/** Where a file of a day may lie: nothing that leads out of the day's folder. */
export const filePath = /^[a-z][a-z0-9_-]{0,39}\/[A-Za-z0-9_-]{1,120}\.parquet(\.sealed)?$/;
export const organisationName = /^[A-Za-z0-9_-]{1,100}$/;
export const dayName = /^\d{4}-\d{2}-\d{2}$/;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Root over the files in the manifest's order; an entry is its JSON, with the members in the order of `ArchivedFile`, `key` where there is one. */
export function rootOf(files: readonly ArchivedFile[]): string {
  const entries = files.map(({ path, class: kept, site, rows, bytes, sha256: hash, first, last, key }) =>
    Buffer.from(
      JSON.stringify([path, kept, site, rows, bytes, hash, first, last, ...(key === undefined ? [] : [key])]),
    ),
  );
  return merkleRoot(entries).toString('hex');
}

/** `SHA256:…` of the public key (its SubjectPublicKeyInfo, as `openssl pkey -pubin -outform DER` writes it). */
export function fingerprint(publicKey: KeyObject): string {
  return `SHA256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')}`;
}

/** Reads a PEM file's text; undefined where it is no public Ed25519 key. */
export function readPublicKey(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    // Whatever is no key at all.
    return undefined;
  }
}

export function isSigned(bytes: Uint8Array, signature: Uint8Array, publicKey: KeyObject): boolean {
  return signature.length === 64 && verify(null, bytes, publicKey, signature);
}

/** Undefined where the bytes are no manifest of this version. */
export function readManifest(bytes: Uint8Array): Manifest | undefined {
  return parsedAs(bytes, isManifest);
}

function isManifest(value: unknown): value is Manifest {
  if (!isFields(value) || value['version'] !== 1 || !Array.isArray(value['files'])) return false;
  return (
    areTexts(value, 'organisation', 'day', 'writtenAt', 'root', 'key') &&
    (value['previous'] === null || typeof value['previous'] === 'string') &&
    ['number', 'rows', 'bytes'].every((name) => isCount(value[name])) &&
    (value['unlike'] === undefined ||
      (Array.isArray(value['unlike']) && value['unlike'].every((one: unknown) => typeof one === 'string'))) &&
    ['records', 'audit', 'heads'].every((name) => {
      const head = value[name];
      return head === undefined || (isFields(head) && isCount(head['number']) && areTexts(head, 'sha256'));
    }) &&
    value['files'].every(isFile)
  );
}

function isFile(value: unknown): boolean {
  return (
    isFields(value) &&
    areTexts(value, 'path', 'class', 'sha256', 'first', 'last') &&
    (value['site'] === null || typeof value['site'] === 'string') &&
    isCount(value['rows']) &&
    isCount(value['bytes']) &&
    (value['key'] === undefined || typeof value['key'] === 'string')
  );
}
