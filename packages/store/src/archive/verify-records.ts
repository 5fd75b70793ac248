import type { KeyObject } from 'node:crypto';
import { fingerprint, type Manifest } from './manifest.ts';
import {
  type ArchiveRecord,
  type DeletedFile,
  isSignedRecord,
  readRecord,
  recordNumbers,
  type StoredRecord,
} from './records.ts';
import type { ArchiveTarget } from './target.ts';

interface Deletion {
  readonly record: ArchiveRecord;
  readonly file: DeletedFile;
}

/** The records of what was taken out of one organisation's archive, as far as they are proved. */
export class RecordChain {
  readonly #organisation: string;
  readonly #options: { readonly target: ArchiveTarget; readonly publicKey: KeyObject };
  readonly #fault: (sentence: string, otherKey?: string) => void;
  readonly #hashes = new Map<number, string>();
  readonly #deleted = new Map<string, Deletion>();
  readonly #destroyed = new Map<string, ArchiveRecord>();
  readonly #destructions: ArchiveRecord[] = [];
  readonly #missingSaid = new Set<number>();
  /** SHA-256 of the newest record; '' where there is none. */
  last = '';

  constructor(
    organisation: string,
    options: { readonly target: ArchiveTarget; readonly publicKey: KeyObject },
    /** `otherKey`: what a record names that was not signed by the given key. */
    fault: (sentence: string, otherKey?: string) => void,
  ) {
    this.#organisation = organisation;
    this.#options = options;
    this.#fault = fault;
  }

  /** Reads and checks the whole chain. Records that are not signed prove nothing and are named. */
  async read(): Promise<void> {
    const numbers = await recordNumbers(this.#options.target, this.#organisation);
    let before: StoredRecord | undefined;
    for (const number of numbers) {
      const stored = await readRecord(this.#options.target, this.#organisation, number);
      if (!stored) continue;
      for (let missing = (before?.number ?? 0) + 1; missing < number; missing++) this.#missing(missing);
      this.#hashes.set(number, stored.sha256);
      this.last = stored.sha256;
      if (this.#isProved(stored, before)) this.#take(stored.record!);
      before = stored;
    }
  }

  #isProved(stored: StoredRecord, before: StoredRecord | undefined): boolean {
    const { publicKey } = this.#options;
    const { number, record } = stored;
    if (!record) {
      this.#fault(`record ${number} cannot be read.`);
      return false;
    }
    if (!isSignedRecord(stored, publicKey)) {
      if (record.key === fingerprint(publicKey))
        this.#fault(`record ${number} has a signature that is not its own: it was changed or forged.`);
      else this.#fault(`record ${number} was not signed by the given key; it names the key ${record.key}.`, record.key);
      return false;
    }
    if (record.organisation !== this.#organisation || record.number !== number) {
      this.#fault(
        `record ${number} is number ${record.number} of ${record.organisation}: it was put in another place.`,
      );
      return false;
    }
    if (before && before.number === number - 1 && record.previous !== before.sha256)
      this.#fault(`record ${number} does not follow from the one before: one of the two was replaced.`);
    return true;
  }

  #take(record: ArchiveRecord): void {
    for (const file of record.files) this.#deleted.set(`${file.day}/${file.path}`, { record, file });
    if (record.kind !== 'keys-destroyed') return;
    this.#destructions.push(record);
    for (const { id } of record.keys) this.#destroyed.set(id, record);
  }

  /** Names records that a day's manifest knows and that are not there, or not the same. */
  follows(day: string, { records }: Manifest): void {
    if (!records) return;
    const found = this.#hashes.get(records.number);
    if (found === undefined) this.#missing(records.number);
    else if (found !== records.sha256)
      this.#fault(`record ${records.number} is not the one that ${day} knows: it was replaced.`);
  }

  #missing(number: number): void {
    if (this.#missingSaid.has(number)) return;
    this.#missingSaid.add(number);
    this.#fault(`record ${number} of what was taken out is missing.`);
  }

  /** The record that says that a file was deleted. */
  deletion(day: string, path: string): Deletion | undefined {
    return this.#deleted.get(`${day}/${path}`);
  }

  /** The record that says that a key was destroyed. */
  destruction(key: string): ArchiveRecord | undefined {
    return this.#destroyed.get(key);
  }

  /** One sentence for each destruction, and one for all that was deleted. */
  notes(): string[] {
    const ended = this.#destructions.map(({ class: kept, at, by, reason, unreadable: { files, rows } }) => {
      const what = kept === '' ? 'every class' : `the class ${kept}`;
      return `${this.#organisation}: the keys of ${what} were destroyed on ${at} by ${by} (${reason}): ${files} files with ${rows} rows cannot be read any more.`;
    });
    const byWhom = new Map<string, { files: number; rows: number; first: string; last: string }>();
    for (const { record, file } of this.#deleted.values()) {
      const why = `by ${record.by} (${record.reason})`;
      const one = byWhom.get(why) ?? { files: 0, rows: 0, first: file.day, last: file.day };
      byWhom.set(why, {
        files: one.files + 1,
        rows: one.rows + file.rows,
        first: file.day < one.first ? file.day : one.first,
        last: file.day > one.last ? file.day : one.last,
      });
    }
    const deleted = [...byWhom].map(
      ([why, { files, rows, first, last }]) =>
        `${this.#organisation}: ${files} files of ${first} to ${last} with ${rows} rows were deleted ${why}, each on record.`,
    );
    return [...ended, ...deleted];
  }
}
