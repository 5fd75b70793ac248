import { createPublicKey, type KeyObject } from 'node:crypto';
import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { DayProofs, ProvedToday, TelemetryReader } from '../port/index.ts';
import type { ArchiveSigner } from './archive-step.ts';
import { classOfLog } from './archived-logs.ts';
import { headFile, headName, headNumbers, rowsOfHeadAtMost, type SignedRow } from './day-heads.ts';
import { compareRows, faultsOf, type HeadChain, readHeads, type TakenOver, type Unlike } from './head-chain.ts';
import { fingerprint, organisationName, type SignedHead } from './manifest.ts';
import { newestManifest, takenOver } from './newest-manifest.ts';
import type { ArchiveTarget } from './target.ts';
import { countersText } from '../counters-text.ts';

export interface DayProofReadsParts {
  readonly store: TelemetryReader;
  readonly target: ArchiveTarget;
  /** As in `ArchiveRecordsParts`. */
  readonly publicKeyPem: () => Promise<string | undefined>;
  /** Names of the classes of an organisation whose records are signed as they are stored. */
  readonly classes: (organisation: string) => Promise<readonly string[]>;
  readonly clock: Clock;
}

export interface DayProofParts extends Omit<DayProofReadsParts, 'publicKeyPem'> {
  readonly signer: ArchiveSigner;
  readonly logger: Logger;
  /** As in `EdgeStep`. */
  readonly waitingSinceMs: () => number | undefined;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** What came in less than this ago may still be on its way into its table. */
const quietMs = 15_000;
const lookEveryMs = 5 * minuteMs;
/** A head is written this long after the last one even without records: so that a chain that ends early is seen. */
const emptyEveryMs = hourMs;
/** Nothing is in the engine longer than this after its receipt. */
const mostBackMs = 31 * dayMs;
const organisationsAtMost = 10_000;
/** Records of one window; one with more is cut in halves. */
const rowsOfWindow = 200_000;
/** Records that are read back to be compared. */
const rowsCompared = 3_000_000;

/** The text of a record whose SHA-256 is signed: each column, as a JSON array in a fixed order. */
const textOfRow = `toJSONString(tuple(toString(organisation), ${classOfLog}, toString(site), toString(device), toString(environment), toString(service), toString(release),
  toString(toTimeZone(ts, 'UTC')), toString(toTimeZone(received_at, 'UTC')), toString(severity), toString(severity_text), toString(event_name), body, hex(trace_id), hex(span_id), toString(flags),
  correlation_id, toString(scope_name), CAST(res, 'Map(String, String)'), CAST(attrs, 'Map(String, String)')))`;
const receivedText = `formatDateTime(toDateTime64(received_at, 6), '%Y-%m-%dT%H:%i:%s.%fZ', 'UTC')`;
const signedRows = `organisation = {organisation:String} AND ${classOfLog} IN {classes:Array(String)}
  AND received_at >= fromUnixTimestamp64Milli({from:Int64}) AND received_at < fromUnixTimestamp64Milli({to:Int64})`;
const rowQuery = `SELECT lower(hex(SHA256(${textOfRow}))) AS sha256, ${receivedText} AS received, toString(site) AS site, toString(service) AS service FROM logs WHERE ${signedRows}`;

/** Compares what is stored with what was signed since the last day that a manifest signs. */
export class DayProofReads implements DayProofs {
  readonly #parts: DayProofReadsParts;

  constructor(parts: DayProofReadsParts) {
    this.#parts = parts;
  }

  async check(organisation: string, signal: AbortSignal): Promise<ProvedToday | undefined> {
    const key = await this.#parts.publicKeyPem();
    if (key === undefined || !organisationName.test(organisation)) return undefined;
    const publicKey = createPublicKey(key);
    const { target, clock } = this.#parts;
    const over = takenOver(await newestManifest(target, organisation, publicKey));
    const chain = await readHeads(target, organisation, publicKey, over);
    const toMs = chain.last && Date.parse(chain.last.head.to);
    const found = await compared(this.#parts, organisation, { ...chain, toMs }, clock.now(), signal);
    return {
      signedUntilMs: chain.last ? Date.parse(chain.last.head.to) : undefined,
      since: over.until,
      head: chain.last && { number: chain.last.head.number, sha256: chain.last.sha256 },
      records: chain.rows.length,
      unsigned: found.unsigned.length,
      cut: chain.cut,
      faults: [...chain.faults, ...faultsOf(found)],
      notes: chain.notes,
    };
  }

  async *rows(organisation: string, signal: AbortSignal): AsyncGenerator<string> {
    const { store, clock, classes } = this.#parts;
    const parameters = {
      organisation,
      classes: await classes(organisation),
      from: clock.now() - mostBackMs,
      to: clock.now() + dayMs,
    };
    const asked = { timeoutMs: 10 * minuteMs, threads: 1, signal };
    const sql = `SELECT ${textOfRow} AS text FROM logs WHERE ${signedRows} LIMIT ${rowsCompared}`;
    for await (const { text } of store.stream<{ text: string }>(sql, parameters, asked)) yield text;
  }
}

/**
 * Signs records of classes that are kept for proof, minutes after they are stored: their hashes go into heads in the archive, each with the
 * hash of the one before. When a day is written its manifest takes them over, after they were compared with what is written. Costs the
 * engine one read of what came since the last head; merges change no record, and nothing is asked of the loader.
 */
export class DayProof {
  readonly #parts: DayProofParts;
  readonly #publicKey: KeyObject;
  readonly #loop: BackgroundLoop;
  readonly #counted = { heads: 0, records: 0, unlike: 0 };
  /** What was signed last, by organisation: heads that are taken away leave a gap, and not every round reads them all. */
  readonly #known = new Map<string, Signed>();

  constructor(parts: DayProofParts) {
    this.#parts = parts;
    this.#publicKey = createPublicKey(parts.signer.publicKeyPem);
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'records could not be signed; tried again',
      round: async () => void (await this.sign()),
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** What this process signed, in Prometheus' text format. */
  metrics(): string {
    const { heads, records, unlike } = this.#counted;
    return countersText('sightline_archive', [
      ['heads', 'Heads written: signatures over records of the current day.', heads],
      ['signed_records', 'Records signed before their day was over.', records],
      ['unlike_records', 'Signed records that were missing or changed when they were looked at.', unlike],
    ]);
  }

  /** Signs what came since the last heads; answers how many heads that were. Throws the first fault after all had their turn. */
  async sign(): Promise<number> {
    const { clock, waitingSinceMs } = this.#parts;
    const until = Math.min(clock.now() - quietMs, waitingSinceMs() ?? Infinity);
    let heads = 0;
    const faults: unknown[] = [];
    for (const organisation of await this.#organisations(until)) {
      try {
        heads += await this.#signOf(organisation, until);
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
    return heads;
  }

  /**
   * Runs `work`, in which Sightline itself changes or deletes records on somebody's order, and signs anew what it left where that differs.
   * What had been changed by others before is counted in the head that says so.
   */
  async around<T>(organisation: string, why: string, work: () => Promise<T>): Promise<T> {
    if (!organisationName.test(organisation)) return work();
    const { target, clock } = this.#parts;
    const over = await this.#takenOver(organisation);
    const chain = await readHeads(target, organisation, this.#publicKey, over);
    if (chain.rows.length === 0) return work();
    const before = unlikeOf(await this.#compared(organisation, chain));
    const answer = await work();
    if (!chain.last || unlikeOf(await this.#compared(organisation, chain)) <= before) return answer;
    const { to } = chain.last.head;
    this.#known.delete(organisation);
    const rows = await this.#rows(organisation, fromOf(over, clock), Date.parse(to));
    const restated = before === 0 ? why : `${why}; ${before} signed records were missing or changed before`;
    await this.#append(organisation, signedOf(chain, over), { from: to, to, restated }, rows);
    return answer;
  }

  /** What the manifest of a day that is written now says of the heads: which it takes over, and what is not as it was signed. */
  async seal(
    organisation: string,
    day: number,
  ): Promise<{ readonly heads?: SignedHead; readonly unlike?: readonly string[] }> {
    const { target, logger } = this.#parts;
    const over = await this.#takenOver(organisation);
    const chain = await readHeads(target, organisation, this.#publicKey, over);
    const end = new Date(day + dayMs).toISOString();
    const heads = chain.heads.findLast(({ to }) => to <= end) ?? over.head;
    const rows = chain.rows.filter(({ received }) => received < end);
    const found = await this.#compared(organisation, { ...chain, rows });
    const unlike = [...chain.faults, ...faultsOf(found)].slice(0, unlikeAtMost);
    this.#counted.unlike += unlikeOf(found);
    if (unlike.length > 0)
      logger.error('Records are not as they were signed on their day', { organisation, faults: unlike.slice(0, 10) });
    return {
      ...(heads ? { heads: { number: heads.number, sha256: heads.sha256 } } : {}),
      ...(unlike.length > 0 ? { unlike } : {}),
    };
  }

  /** Removes heads that a manifest took over: what they sign is signed by it. Where it found faults they stay, as evidence. */
  async sealed(organisation: string, heads: SignedHead): Promise<void> {
    const { target } = this.#parts;
    for (const number of await headNumbers(target, organisation))
      if (number <= heads.number) await target.delete(headName(organisation, number));
  }

  async #takenOver(organisation: string): Promise<TakenOver> {
    return takenOver(await newestManifest(this.#parts.target, organisation, this.#publicKey));
  }

  /** Organisations with records to sign, and those that have heads. */
  async #organisations(until: number): Promise<string[]> {
    const { store, target, clock } = this.#parts;
    const rows = await store.query<{ organisation: string }>(
      `SELECT DISTINCT organisation FROM logs WHERE class != 'default' AND received_at >= fromUnixTimestamp64Milli({from:Int64}) AND received_at < fromUnixTimestamp64Milli({to:Int64})
       ORDER BY organisation LIMIT ${organisationsAtMost}`,
      { from: Math.floor(clock.now() / dayMs) * dayMs, to: until },
      { timeoutMs: 2 * minuteMs, threads: 1, signal: this.#loop.signal },
    );
    const known = await target.folders('');
    return [...new Set([...rows.map(({ organisation }) => organisation), ...known])]
      .filter((name) => organisationName.test(name))
      .toSorted();
  }

  async #signOf(organisation: string, until: number): Promise<number> {
    const over = await this.#takenOver(organisation);
    const startMs = fromOf(over, this.#parts.clock);
    let signed = await this.#signed(organisation, over);
    let written = 0;
    let from = Math.max(signed.toMs ?? 0, startMs);
    // What came into its table late was received before the last head.
    const late = signed.toMs === undefined ? [] : await this.#late(organisation, signed, over, startMs, from);
    if (signed.toMs === undefined && (await this.#count(organisation, from, until)) === 0) return 0;
    while (from < until && !this.#loop.signal.aborted) {
      let to = Math.min(until, (Math.floor(from / dayMs) + 1) * dayMs);
      let count = await this.#count(organisation, from, to);
      while (count > rowsOfWindow && to - from > 1000) {
        to = from + Math.ceil((to - from) / 2);
        count = await this.#count(organisation, from, to);
      }
      if (count === 0 && late.length === 0 && to - from < emptyEveryMs && to % dayMs !== 0) break;
      const rows = [...late.splice(0), ...(await this.#rows(organisation, from, to))];
      const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      signed = await this.#append(organisation, signed, range, rows);
      from = to;
      written++;
    }
    return written;
  }

  /** What was signed before: as it is known, or read anew where another process signed or a manifest took heads over. */
  async #signed(organisation: string, over: TakenOver): Promise<Signed> {
    const { target } = this.#parts;
    const known = this.#known.get(organisation);
    if (known?.until === over.until) {
      const next = await target.size(headName(organisation, (known.tip?.number ?? 0) + 1));
      if (next === undefined) return known;
    }
    const read = signedOf(await readHeads(target, organisation, this.#publicKey, over), over);
    // Heads that were taken away meanwhile leave a gap that is seen.
    const tip = (known?.tip?.number ?? 0) > (read.tip?.number ?? 0) ? known?.tip : read.tip;
    return { ...read, tip };
  }

  /** Signed nowhere, though received before the last head. Only where the counts differ every record is looked at. */
  async #late(organisation: string, signed: Signed, over: TakenOver, from: number, to: number): Promise<SignedRow[]> {
    const there = await this.#count(organisation, from, to);
    if (there === signed.count) return [];
    const { rows } = await readHeads(this.#parts.target, organisation, this.#publicKey, over);
    const found = await compareRows(rows, await this.#rows(organisation, from, to));
    if (unlikeOf(found) > 0)
      this.#parts.logger.error('Signed records are missing or were changed', {
        organisation,
        faults: faultsOf(found).slice(0, 10),
      });
    return [...found.unsigned];
  }

  /** Adds heads over the rows, a share each; the last one has the range. */
  async #append(
    organisation: string,
    before: Signed,
    { from, to, restated }: { readonly from: string; readonly to: string; readonly restated?: string },
    rows: readonly SignedRow[],
  ): Promise<Signed> {
    const { target, signer, clock } = this.#parts;
    let { tip } = before;
    for (let at = 0; at === 0 || at < rows.length; at += rowsOfHeadAtMost) {
      const share = rows.slice(at, at + rowsOfHeadAtMost);
      const number = (tip?.number ?? 0) + 1;
      const made = headFile(
        {
          organisation,
          number,
          previous: tip?.sha256 ?? null,
          from,
          to: at + rowsOfHeadAtMost >= rows.length ? to : from,
          at: new Date(clock.now()).toISOString(),
          ...(restated !== undefined && at === 0 ? { restated } : {}),
          key: fingerprint(this.#publicKey),
        },
        share,
        (bytes) => signer.sign(bytes),
      );
      if (!(await target.put(headName(organisation, number), made.bytes))) {
        this.#known.delete(organisation);
        throw new Error(`another process signed head ${number} of ${organisation} at the same time`);
      }
      tip = { number, sha256: made.sha256 };
      this.#counted.heads++;
      this.#counted.records += share.length;
    }
    const count = (restated === undefined ? before.count : 0) + rows.length;
    const signed = { until: before.until, tip, toMs: Date.parse(to), count };
    this.#known.set(organisation, signed);
    return signed;
  }

  #compared(organisation: string, chain: Pick<HeadChain, 'rows'>): Promise<Unlike> {
    return compared(this.#parts, organisation, chain, this.#parts.clock.now(), this.#loop.signal);
  }

  async #count(organisation: string, from: number, to: number): Promise<number> {
    const [row] = await this.#parts.store.query<{ n: string }>(
      `SELECT toString(count()) AS n FROM logs WHERE ${signedRows}`,
      { organisation, classes: await this.#parts.classes(organisation), from, to },
      { timeoutMs: 2 * minuteMs, threads: 1, signal: this.#loop.signal },
    );
    return Number(row?.n ?? 0);
  }

  async #rows(organisation: string, from: number, to: number): Promise<SignedRow[]> {
    return this.#parts.store.query<SignedRow>(
      `${rowQuery} ORDER BY received_at, sha256 LIMIT ${rowsCompared}`,
      { organisation, classes: await this.#parts.classes(organisation), from, to },
      { timeoutMs: 10 * minuteMs, threads: 1, signal: this.#loop.signal },
    );
  }
}

/** How far an organisation's records are signed. */
interface Signed {
  /** As in `TakenOver`. */
  readonly until: string;
  readonly tip: SignedHead | undefined;
  /** undefined before the first head. */
  readonly toMs: number | undefined;
  /** Records since the last day of a manifest. */
  readonly count: number;
}

const signedOf = ({ last, tip, rows }: HeadChain, { until }: TakenOver): Signed => ({
  until,
  tip,
  toMs: last && Date.parse(last.head.to),
  count: rows.length,
});

const unlikeAtMost = 1000;
const unlikeOf = ({ missing, changed }: Unlike): number => missing.length + changed.length;

/** From where records are signed: the end of the last day of a manifest, else the begin of the current day. */
function fromOf({ until }: TakenOver, clock: Clock): number {
  const today = Math.floor(clock.now() / dayMs) * dayMs;
  return until === '' ? today : Math.max(Date.parse(until), clock.now() - mostBackMs);
}

/** What became of the signed records of a chain: those that are there are read by when they were received, up to `toMs` at least. */
async function compared(
  { store, classes }: Pick<DayProofReadsParts, 'store' | 'classes'>,
  organisation: string,
  { rows, toMs = 0 }: Pick<HeadChain, 'rows'> & { readonly toMs?: number | undefined },
  nowMs: number,
  signal: AbortSignal,
): Promise<Unlike> {
  const times = rows.map(({ received }) => received).toSorted();
  const first = times[0];
  const lastTime = times.at(-1);
  if (first === undefined || lastTime === undefined) return { missing: [], changed: [], unsigned: [] };
  const parameters = {
    organisation,
    classes: await classes(organisation),
    from: Math.floor(Date.parse(first)),
    to: Math.min(Math.max(Date.parse(lastTime) + 1, toMs), nowMs + dayMs),
  };
  const asked = { timeoutMs: 10 * minuteMs, threads: 1, signal };
  return compareRows(rows, store.stream<SignedRow>(`${rowQuery} LIMIT ${rowsCompared}`, parameters, asked));
}
