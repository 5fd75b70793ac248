import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { ParameterValue, TelemetryExports, TelemetryReader, TelemetryWriter } from '../port/index.ts';
import { mostManifestBytes } from './archive-reader.ts';
import { archivedColumns, classOfLog } from './archived-logs.ts';
import { writeDurably } from './disk-target.ts';
import type { DayProof } from './day-proof.ts';
import type { ArchiveDisposal } from './disposal.ts';
import type { Keyring } from './keyring.ts';
import {
  type ArchivedFile,
  type AuditHead,
  dayName,
  fingerprint,
  type LogClass,
  type Manifest,
  manifestName,
  organisationName,
  publicKeyName,
  readManifest,
  rootOf,
  sha256,
  signatureName,
} from './manifest.ts';
import { ParquetTail } from './parquet-rows.ts';
import { type DataKey, sealPieces } from './sealed-file.ts';
import { recordHead } from './records.ts';
import { type DayOfLogs, dropSorted, dropSortedDays, sortDay } from './sorted-day.ts';
import type { ArchiveTarget } from './target.ts';
import { Turns } from './turns.ts';
import { countersText } from '../counters-text.ts';

/** Signs with the installation's Ed25519 key. */
export interface ArchiveSigner {
  readonly publicKeyPem: string;
  sign(bytes: Uint8Array): Uint8Array;
}

export interface ArchiveStepParts {
  readonly store: TelemetryReader & TelemetryWriter & TelemetryExports;
  readonly clock: Clock;
  readonly logger: Logger;
  /** As in `EdgeStep`. */
  readonly waitingSinceMs: () => number | undefined;
  readonly target: ArchiveTarget;
  readonly signer: ArchiveSigner;
  /** Keys under which files are encrypted; undefined to write plain Parquet. */
  readonly keyring: Keyring | undefined;
  /** What ends files and keys; undefined where nothing is ever ended. */
  readonly disposal?: Pick<ArchiveDisposal, 'settle' | 'expire' | 'metrics'> | undefined;
  /** The newest entry of an organisation's audit trail; undefined where nothing is to be signed of one. */
  readonly auditHead?: ((organisation: string) => Promise<AuditHead | undefined>) | undefined;
  /** What signs records during the day; undefined where nothing does. */
  readonly dayProof?: Pick<DayProof, 'seal' | 'sealed'> | undefined;
  /** Shared with the disposal: no day is written while keys are destroyed. */
  readonly turns?: Turns;
  /** For tests: rows of one file. */
  readonly rowsAtMost?: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A day is written this long after it is over, once nothing of it waits for its table any more. */
const quietMs = hourMs;
/** Logs are kept for thirty days: there is nothing before. */
const mostBackMs = 31 * dayMs;
const lookEveryMs = 10 * 60_000;
const rowsAtMost = 250_000;
const organisationsAtMost = 10_000;
/** Classes and sites with files of their own; a day with more has files by class alone. */
const groupsAtMost = 5000;
const fileTimeoutMs = 15 * 60_000;
/** A day with more files is sorted first: each file would else be a scan of the whole day. */
const scansAtMost = 2;
/** What a killed writer left is somebody else's until then, seconds. */
const leftoverS = 86_400;

const received = `organisation = {organisation:String} AND received_at >= fromUnixTimestamp64Milli({from:Int64}) AND received_at < fromUnixTimestamp64Milli({to:Int64})`;

const parquetSettings = {
  output_format_parquet_compression_method: 'zstd',
  output_format_parquet_string_as_string: 1,
  output_format_parquet_row_group_size: 50_000,
  output_format_parquet_row_group_size_bytes: 32 * 1024 * 1024,
  max_bytes_before_external_sort: 200_000_000,
};

interface Group {
  readonly class: LogClass;
  readonly of_site: string;
  readonly rows: string;
  readonly first: string;
  readonly last: string;
}

/** The part of a group that is one file: its records' own times (nanoseconds, `to` excluded), and a share of them by hash where too many share a moment. */
interface Slice {
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
  readonly parts: number;
  readonly part: number;
  readonly first: string;
  readonly last: string;
}

interface Day {
  readonly organisation: string;
  readonly dayMs: number;
  readonly number: number;
  readonly previous: string | null;
}

/**
 * Writes each organisation's logs of a day of receipt as Parquet files with a signed manifest, when the day is over. A day
 * of several files is read once, sorted by the engine, and cut while it streams. It
 * is written apart and put in place at once: a kill before it leaves nothing, and a second server that was slower drops what it
 * wrote. What has been done is what lies in the archive.
 */
export class ArchiveStep {
  readonly #parts: ArchiveStepParts;
  readonly #loop: BackgroundLoop;
  readonly #publicKey: KeyObject;
  readonly #counted = { rows: 0, bytes: 0, days: 0, failures: 0 };
  readonly #turns: Turns;
  #doneTo = 0;
  readonly #sealed = new Map<string, number>();

  constructor(parts: ArchiveStepParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'logs could not be archived; tried again',
      round: async () => void (await this.catchUp()),
    });
    this.#turns = parts.turns ?? new Turns();
    this.#publicKey = createPublicKey(parts.signer.publicKeyPem);
  }

  /** Fingerprint of the key that signs. */
  get key(): string {
    return fingerprint(this.#publicKey);
  }

  /** Makes the place, puts the public key there and removes what an earlier run did not finish. Throws where it cannot write. */
  async prepare(): Promise<void> {
    const { target, signer } = this.#parts;
    await target.prepare();
    await target.put(publicKeyName, Buffer.from(signer.publicKeyPem), true);
    await dropSortedDays(this.#parts.store, leftoverS);
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** What this process wrote, in Prometheus' text format. */
  metrics(): string {
    const { rows, bytes, days, failures } = this.#counted;
    const written = countersText('sightline_archive', [
      ['rows', 'Logs written to the archive.', rows],
      ['bytes', 'Bytes of Parquet written to the archive.', bytes],
      ['days', 'Days of an organisation written to the archive.', days],
      ['failures', 'Days that could not be written and are tried again.', failures],
    ]);
    return written + (this.#parts.disposal?.metrics() ?? '');
  }

  /** Writes every day that is over and quiet; answers how many that were. Throws the first fault after all had their turn. */
  async catchUp(): Promise<number> {
    const { clock, waitingSinceMs, disposal } = this.#parts;
    const waiting = waitingSinceMs();
    const settled = Math.min(clock.now() - quietMs, waiting ?? Infinity);
    const until = Math.floor(settled / dayMs) * dayMs;
    await disposal?.settle(waiting);
    if (until <= this.#doneTo) return 0;
    const since = until - mostBackMs;
    let done = 0;
    const faults: unknown[] = [];
    for (const organisation of await this.#organisations(since, until)) {
      try {
        for (let next = await this.#next(organisation, since, until); next;) {
          if (this.#loop.signal.aborted) return done;
          const day = next;
          await this.#turns.take(() => this.#write(day));
          done++;
          next = await this.#next(organisation, since, until);
        }
      } catch (error) {
        // One organisation's fault holds no other back.
        this.#counted.failures++;
        faults.push(error);
      }
    }
    try {
      // Once a day, after that of yesterday was written.
      await disposal?.expire();
    } catch (error) {
      this.#counted.failures++;
      faults.push(error);
    }
    if (faults.length > 0) throw faults[0];
    this.#doneTo = until;
    return done;
  }

  /**
   * Up to when (without it, ms) what the organisation received lies sealed in the archive; 0 where nothing does. Throws where its newest
   * manifest is damaged.
   */
  async sealedUntil(organisation: string): Promise<number> {
    if (!organisationName.test(organisation)) return 0;
    const known = this.#sealed.get(organisation);
    if (known !== undefined && known >= this.#doneTo && this.#doneTo > 0) return known;
    const last = await this.#last(organisation);
    const until = last ? Date.parse(last.manifest.day) + dayMs : 0;
    this.#sealed.set(organisation, until);
    return until;
  }

  async #organisations(since: number, until: number): Promise<string[]> {
    const rows = await this.#query<{ organisation: string }>(
      `SELECT DISTINCT organisation FROM logs WHERE received_at >= fromUnixTimestamp64Milli({since:Int64}) AND received_at < fromUnixTimestamp64Milli({until:Int64})
       ORDER BY organisation LIMIT ${organisationsAtMost}`,
      { since, until },
    );
    const known = (await this.#parts.target.folders('')).filter((name) => organisationName.test(name));
    return [...new Set([...rows.map((row) => row.organisation), ...known])].toSorted();
  }

  /** The first day of the organisation that is not in the folder; undefined when all are. */
  async #next(organisation: string, since: number, until: number): Promise<Day | undefined> {
    if (!organisationName.test(organisation)) throw new Error(`no name for a folder: ${JSON.stringify(organisation)}`);
    const last = await this.#last(organisation);
    if (last) {
      const next = Date.parse(last.manifest.day) + dayMs;
      return next < until
        ? { organisation, dayMs: next, number: last.manifest.number + 1, previous: last.hash }
        : undefined;
    }
    const [first] = await this.#query<{ n: string; firstMs: string }>(
      `SELECT toString(count()) AS n, toString(toUnixTimestamp64Milli(toDateTime64(min(received_at), 3))) AS firstMs FROM logs WHERE ${received}`,
      { organisation, from: since, to: until },
    );
    if (Number(first?.n ?? 0) === 0) return undefined;
    return {
      organisation,
      dayMs: Math.floor(Number(first?.firstMs) / dayMs) * dayMs,
      number: 1,
      previous: null,
    };
  }

  /** The newest manifest of the organisation. Throws where it is damaged: what somebody damaged is not signed on. */
  async #last(organisation: string): Promise<{ manifest: Manifest; hash: string } | undefined> {
    const { target } = this.#parts;
    const days = (await target.folders(organisation)).filter((name) => dayName.test(name));
    for (const day of days.toReversed()) {
      const name = `${organisation}/${day}/${manifestName}`;
      const bytes = await target.get(name, mostManifestBytes);
      const signed = async (): Promise<boolean> =>
        (await target.size(`${organisation}/${day}/${signatureName}`)) !== undefined;
      // The signature comes last: what has none is written again.
      if (target.leavesHalfDays && !(bytes && (await signed()))) continue;
      const manifest = bytes && readManifest(bytes);
      if (!manifest || manifest.day !== day)
        throw new Error(`${name} in ${target.name} is no manifest; nothing is added to it`);
      return { manifest, hash: sha256(bytes) };
    }
    return undefined;
  }

  async #write(day: Day): Promise<void> {
    const { target, clock, signer } = this.#parts;
    const name = new Date(day.dayMs).toISOString().slice(0, 10);
    const begun = await target.begin();
    try {
      const files = await this.#files(day, begun);
      const records = await recordHead(target, day.organisation);
      const audit = await this.#parts.auditHead?.(day.organisation);
      const proof = await this.#parts.dayProof?.seal(day.organisation, day.dayMs);
      const manifest: Manifest = {
        version: 1,
        organisation: day.organisation,
        day: name,
        number: day.number,
        previous: day.previous,
        writtenAt: new Date(clock.now()).toISOString(),
        files,
        rows: sum(files.map((file) => file.rows)),
        bytes: sum(files.map((file) => file.bytes)),
        root: rootOf(files),
        ...(records ? { records } : {}),
        ...(audit ? { audit } : {}),
        ...proof,
        key: this.key,
      };
      const bytes = Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
      await writeDurably(path.join(begun, manifestName), bytes);
      await writeDurably(path.join(begun, signatureName), signer.sign(bytes));
      if (await target.commit(begun, `${day.organisation}/${name}`)) {
        this.#counted.rows += manifest.rows;
        this.#counted.bytes += manifest.bytes;
        this.#counted.days++;
      }
      // Where this faults they stay, and hinder nobody.
      if (proof?.heads && !proof.unlike) await this.#parts.dayProof?.sealed(day.organisation, proof.heads);
    } finally {
      await target.discard(begun);
    }
  }

  /** Writes the day's files below `begun`. Throws when what they hold is not what the table holds: it is tried again. */
  async #files(day: Day, begun: string): Promise<ArchivedFile[]> {
    const rewrites = await this.#rewrites();
    if (rewrites.open > 0) throw new Error('logs are being rewritten: the day is written afterwards');
    const range = { organisation: day.organisation, from: day.dayMs, to: day.dayMs + dayMs };
    let bySite = true;
    let groups = await this.#groups(range, bySite);
    if (groups.length > groupsAtMost) {
      bySite = false;
      groups = await this.#groups(range, bySite);
    }
    const { store } = this.#parts;
    const table: DayOfLogs = { table: 'logs', where: received };
    const { signal } = this.#loop;
    const scans = sum(groups.map(({ rows }) => Math.ceil(Number(rows) / this.#rowsAtMost)));
    const source = scans > scansAtMost ? await sortDay(store, table, range, { bySite, signal }) : table;
    const files: ArchivedFile[] = [];
    try {
      for (const group of groups)
        files.push(...(await this.#group(day, begun, { group, bySite, source }, files.length)));
    } finally {
      await dropSorted(store, source.table);
    }
    const [held] = await this.#query<{ n: string }>(`SELECT toString(count()) AS n FROM logs WHERE ${received}`, range);
    const rows = sum(files.map((file) => file.rows));
    if (rows !== Number(held?.n ?? 0))
      throw new Error(`${rows} logs were written and the table holds ${held?.n ?? 0}: it changed meanwhile`);
    // Parts of a file's rows are told by their texts: where these change meanwhile, a row may be missed or written twice.
    if ((await this.#rewrites()).newest !== rewrites.newest)
      throw new Error('logs were rewritten while the day was written');
    return files;
  }

  get #rowsAtMost(): number {
    return this.#parts.rowsAtMost ?? rowsAtMost;
  }

  /** Writes the files of one class and site; `before` files of the day are there. */
  async #group(
    day: Day,
    begun: string,
    { group, bySite, source }: { readonly group: Group; readonly bySite: boolean; readonly source: DayOfLogs },
    before: number,
  ): Promise<ArchivedFile[]> {
    const { target, keyring } = this.#parts;
    const mark = target.writerMark === '' ? '' : `-${target.writerMark}`;
    const month = new Date(day.dayMs).toISOString().slice(0, 7);
    const key = await keyring?.current({ organisation: day.organisation, class: group.class }, month);
    await mkdir(path.join(begun, group.class), { recursive: true, mode: 0o700 });
    const site = bySite ? group.of_site : null;
    const named = site === null ? 'all-sites' : site === '' ? 'no-site' : site.replaceAll(/[^A-Za-z0-9_-]/g, '_');
    const where = `${source.where} AND (${classOfLog}) = {class:String} ${bySite ? 'AND site = {site:String}' : ''}`;
    const range = { organisation: day.organisation, from: day.dayMs, to: day.dayMs + dayMs };
    const parameters = { ...range, class: group.class, site: group.of_site };
    const files: ArchivedFile[] = [];
    for (const { from, to, parts, part, first, last } of await this.#slices(group, source, where, parameters)) {
      const number = String(before + files.length + 1).padStart(4, '0');
      const file = `${group.class}/${named.slice(0, 80)}-${number}${mark}.parquet${key ? '.sealed' : ''}`;
      const slice = [
        where,
        ...(from === undefined ? [] : ['ts >= fromUnixTimestamp64Nano({sliceFrom:Int64})']),
        ...(to === undefined ? [] : ['ts < fromUnixTimestamp64Nano({sliceTo:Int64})']),
        ...(parts > 1 ? ['cityHash64(ts, device, service, span_id, body) % {parts:UInt32} = {part:UInt32}'] : []),
      ].join(' AND ');
      const written = await this.#file(
        path.join(begun, file),
        `${source.table} WHERE ${slice} ORDER BY ts`,
        { ...parameters, sliceFrom: from ?? 0n, sliceTo: to ?? 0n, parts, part },
        key,
      );
      // Only a hash that left a part empty.
      if (written.rows === 0) await rm(path.join(begun, file));
      else
        files.push({ path: file, class: group.class, site, ...written, first, last, ...(key ? { key: key.id } : {}) });
    }
    return files;
  }

  /** Cuts a group by time into pieces of about the rows of a file, in order: so a search of some hours reads the files of those. */
  async #slices(
    { rows, first, last }: Group,
    source: DayOfLogs,
    where: string,
    parameters: Parameters,
  ): Promise<Slice[]> {
    const most = this.#rowsAtMost;
    const pieces = Math.ceil(Number(rows) / most);
    if (pieces <= 1) return [{ from: undefined, to: undefined, parts: 1, part: 0, first, last }];
    // Numbers of ours: the aggregate takes literals alone.
    const levels = Array.from({ length: pieces - 1 }, (_, n) => ((n + 1) / pieces).toFixed(6));
    const [found] = await this.#query<{ cuts: string[] }>(
      `SELECT arrayMap(x -> toString(x), arraySort(arrayDistinct(arrayMap(x -> toInt64(x), quantiles(${levels.join(', ')})(toUnixTimestamp64Nano(ts)))))) AS cuts
       FROM ${source.table} WHERE ${where}`,
      parameters,
    );
    const cuts = (found?.cuts ?? []).map(BigInt);
    const counted = await this.#query<{ n: number; rows: string; first: string; last: string }>(
      `SELECT toUInt32(arrayCount(cut -> toUnixTimestamp64Nano(ts) >= cut, {cuts:Array(Int64)})) AS n, toString(count()) AS rows, ${isoOf('min')} AS first, ${isoOf('max')} AS last
       FROM ${source.table} WHERE ${where} GROUP BY n ORDER BY n`,
      { ...parameters, cuts },
    );
    return counted.flatMap((slice) => {
      const parts = Number(slice.rows) > 1.5 * most ? Math.ceil(Number(slice.rows) / most) : 1;
      const bounds = { from: cuts[slice.n - 1], to: cuts[slice.n], first: slice.first, last: slice.last };
      return Array.from({ length: parts }, (_, part): Slice => ({ ...bounds, parts, part }));
    });
  }

  /** Rewrites of the table of logs that are under way, and the newest of all. */
  async #rewrites(): Promise<{ open: number; newest: number }> {
    const [row] = await this.#query<{ open: number; newest: number }>(
      `SELECT toFloat64(countIf(NOT is_done)) AS open, toFloat64(max(toUInt64OrZero(extract(mutation_id, '([0-9]+)')))) AS newest
       FROM system.mutations WHERE database = currentDatabase() AND table = 'logs'`,
      {},
    );
    return { open: row?.open ?? 0, newest: row?.newest ?? 0 };
  }

  #groups(range: Parameters, bySite: boolean): Promise<Group[]> {
    return this.#query<Group>(
      `SELECT ${classOfLog} AS class, ${bySite ? 'toString(site)' : "''"} AS of_site, toString(count()) AS rows, ${isoOf('min')} AS first, ${isoOf('max')} AS last
       FROM logs WHERE ${received} GROUP BY class, of_site ORDER BY class, of_site LIMIT ${groupsAtMost + 1}`,
      range,
    );
  }

  async #file(
    file: string,
    rowsFrom: string,
    parameters: Parameters,
    key: DataKey | undefined,
  ): Promise<Pick<ArchivedFile, 'rows' | 'bytes' | 'sha256'>> {
    const plain = new ParquetTail();
    const hash = createHash('sha256');
    let bytes = 0;
    const { signal } = this.#loop;
    const pieces = this.#parts.store.bytes(
      `SELECT ${archivedColumns} FROM (SELECT * FROM ${rowsFrom}) FORMAT Parquet`,
      parameters,
      { timeoutMs: fileTimeoutMs, threads: 1, settings: parquetSettings, signal },
    );
    const seen = passing(pieces, (piece) => plain.push(piece));
    const stored = passing(key ? sealPieces(seen, key) : seen, (piece) => {
      hash.update(piece);
      bytes += piece.length;
    });
    await writeDurably(file, stored);
    const rows = plain.rows();
    // A query that broke half-way leaves text behind, never a footer.
    if (rows === undefined) throw new Error('the engine broke off a file');
    return { rows, bytes, sha256: hash.digest('hex') };
  }

  #query<Row>(sql: string, parameters: Parameters): Promise<Row[]> {
    return this.#parts.store.query<Row>(sql, parameters, {
      timeoutMs: 120_000,
      threads: 1,
      signal: this.#loop.signal,
    });
  }
}

/** The first (`min`) or last (`max`) own time of records, cut to microseconds. */
const isoOf = (of: 'min' | 'max'): string =>
  `formatDateTime(toDateTime64(${of}(ts), 6), '%Y-%m-%dT%H:%i:%s.%fZ', 'UTC')`;

type Parameters = Readonly<Record<string, ParameterValue>>;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** The same pieces, each shown to `see` first. */
async function* passing(
  pieces: AsyncIterable<Uint8Array>,
  see: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    see(piece);
    yield piece;
  }
}
