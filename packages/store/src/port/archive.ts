import type { ParameterValue } from './index.ts';

/** What one day of receipt of an organisation's archive holds. */
export interface ArchivedDay {
  /** `YYYY-MM-DD` in UTC. */
  readonly day: string;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** Of the records' own times, milliseconds, never later (never earlier) than the first (the last) record; both 0 without records. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** One archived file: a day of receipt, a class and, unless `site` is null, a site. */
export interface ArchivedLogFile {
  readonly day: string;
  /** Below the day's folder. */
  readonly path: string;
  readonly class: string;
  /** '' for records without one; null where the file holds all sites. */
  readonly site: string | null;
  readonly rows: number;
  readonly bytes: number;
  /** As in `ArchivedDay`. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Files of an archive that the engine can read until `close`. */
export interface OpenArchive {
  /** What follows FROM: a table like `logs`, with its `id`, for WHERE (no PREWHERE). Undefined where no file could be opened. */
  readonly table: string | undefined;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Files that the catalogue names and that could not be opened, with why, in words. */
  readonly missing: readonly string[];
  close(): Promise<void>;
}

/** The archive of logs as a place to search. Throws the system's error where the archive does not answer. */
export interface ArchivedLogs {
  /** The days of an organisation, oldest first. A day that was written in the last half minute may be missing. */
  days(organisation: string): Promise<readonly ArchivedDay[]>;
  /** Files of one day. */
  files(organisation: string, day: string): Promise<readonly ArchivedLogFile[]>;
  /** Files that may hold records whose own time is from `fromMs` up to (without) `toMs`. */
  filesBetween(organisation: string, fromMs: number, toMs: number): Promise<readonly ArchivedLogFile[]>;
  /** `name` begins the names of the parameters: letters only. */
  open(organisation: string, files: readonly ArchivedLogFile[], name: string): Promise<OpenArchive>;
}

/** A day of an archive whose files were checked against its manifest. */
export interface ProvedDay {
  readonly day: string;
  /** When, ms. */
  readonly at: number;
  /** SHA-256 of the manifest's bytes. */
  readonly manifest: string;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** One sentence each; empty where all is as it was signed. */
  readonly faults: readonly string[];
}

/** What was proved of a period. */
export interface ProvedPeriod {
  /** Fingerprint of the key that signed. */
  readonly key: string;
  /** Faults of manifests, signatures, their chain and the records of what was taken out; checked now. */
  readonly faults: readonly string[];
  /** Days with a manifest whose files were checked, now or within the last day, oldest first. */
  readonly days: readonly ProvedDay[];
  /** Days whose files were not read: a bound ended it before. */
  readonly unread: readonly string[];
}

/** Checks an archive as `verify` does, within bounds. Throws the system's error where the archive does not answer. */
export interface ArchiveProofs {
  /** Days `from` to `through`, both included. A second call takes what the first one checked, and goes on with the rest. */
  prove(organisation: string, from: string, through: string, signal: AbortSignal): Promise<ProvedPeriod>;
}

/** What is proved of records that no day's manifest signs yet. */
export interface ProvedToday {
  /** Records that were received before this are signed; undefined where none is yet. */
  readonly signedUntilMs: number | undefined;
  /** End of the last day that a manifest signs, ISO 8601 in UTC; '' without one. */
  readonly since: string;
  /** The newest head, by the SHA-256 of its signed text in hexadecimal. */
  readonly head: { readonly number: number; readonly sha256: string } | undefined;
  readonly records: number;
  /** Records among them that came into their table after the last head: the next one signs them. */
  readonly unsigned: number;
  /** True where there are more records than were compared. */
  readonly cut: boolean;
  /** One sentence each; empty where all is as it was signed. */
  readonly faults: readonly string[];
  /** What Sightline itself changed on somebody's order, one sentence each. */
  readonly notes: readonly string[];
}

/** Compares records that are kept for proof with what was signed of them minutes after they were stored. Throws where archive or engine do not answer. */
export interface DayProofs {
  /** Undefined where this process does not know the installation's public key. */
  check(organisation: string, signal: AbortSignal): Promise<ProvedToday | undefined>;
  /** The texts that are signed by their SHA-256, of the last 31 days, one line of JSON each, for `verify` elsewhere. */
  rows(organisation: string, signal: AbortSignal): AsyncIterable<string>;
}

/** What one signed record says was taken out of an archive: files, or the keys of a class. */
export interface TakenOut {
  readonly number: number;
  readonly kind: 'files-deleted' | 'keys-destroyed';
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
  /** Of `keys-destroyed`: '' for every class. */
  readonly class: string;
  readonly keys: number;
  /** What cannot be read any more without those keys. */
  readonly unreadable: { readonly files: number; readonly rows: number };
  /** What was deleted. */
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** First and last day of the deleted files; '' without any. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** Of the whole record with its signature, in hexadecimal. */
  readonly sha256: string;
  /** What is wrong with it, one sentence; '' where nothing is: then it follows from the one before and, if `checked`, is signed by this installation. */
  readonly fault: string;
  /** False where this process does not know the installation's public key, so that the signature says nothing to it. */
  readonly checked: boolean;
}

/** An entry of the audit trail that a day's manifest signs. */
export interface SignedAudit {
  readonly day: string;
  readonly number: number;
  readonly sha256: string;
}

/** Proofs that lie in an archive beside the logs. Throws the system's error where the archive does not answer. */
export interface ArchiveRecordReads {
  /** Of the key by which the installation signs, PEM; undefined while this process does not know it. */
  publicKeyPem(): Promise<string | undefined>;
  /** Newest first, those with a smaller number than `before`; `next` is the `before` of the page after it, undefined at the end. */
  list(
    organisation: string,
    page: { readonly limit: number; readonly before?: number | undefined },
  ): Promise<{ readonly records: readonly TakenOut[]; readonly next: number | undefined }>;
  /** A record's text as it was signed, and the signature (Ed25519, 64 bytes); undefined where there is none of this number. */
  file(
    organisation: string,
    number: number,
  ): Promise<{ readonly text: Uint8Array; readonly signature: Uint8Array } | undefined>;
  /** What the newest manifest says of the audit trail; undefined where it says nothing, or is not known to be signed by this installation. */
  signedAudit(organisation: string): Promise<SignedAudit | undefined>;
}
