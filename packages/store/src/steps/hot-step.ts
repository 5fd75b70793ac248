import { BackgroundLoop, systemClock, type Clock, type Logger } from '@sightline/base';
import { hotDaysAtMost, type RetentionTerms } from '@sightline/record';
import type { ParameterValue, TelemetryStore } from '../port/index.ts';
import { type Condition, heldCondition, type HeldRows } from './held-rows.ts';
import { countersText } from '../counters-text.ts';

/** Records of an organisation, class and day that leave the engine. `day` is `YYYY-MM-DD` in UTC. */
export interface HotRows {
  readonly organisation: string;
  readonly class: string;
  readonly day: string;
  /** Those that had come by then, ms. */
  readonly until: number;
  readonly rows: number;
}

/** Records of an organisation whose days are over and that are not in the archive yet. */
export interface WaitingRows {
  readonly organisation: string;
  readonly rows: number;
  /** Since when this process has seen such records without a break, ms. */
  readonly sinceMs: number;
  /** Up to when the archive has what the organisation received, ms; 0 for nothing. */
  readonly sealedUntilMs: number;
}

export interface HotStepParts {
  readonly store: TelemetryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** As in `EdgeStep`. */
  readonly waitingSinceMs: () => number | undefined;
  /** Takes or renews the right to delete; false while another process has it. */
  readonly lease: () => Promise<boolean>;
  /** Organisations with classes of their own; all others keep everything for thirty days. */
  readonly terms: () => Promise<ReadonlyMap<string, RetentionTerms>>;
  readonly holds: () => Promise<readonly HeldRows[]>;
  /** Runs `work` with the holds while nobody can place one: it begins a deletion, and does not wait for its end. */
  readonly whileNonePlaced: <T>(work: (holds: readonly HeldRows[]) => Promise<T>) => Promise<T>;
  /**
   * Up to when (without it, ms) what each of these organisations received lies sealed in the archive; 0 for nothing. What came later
   * stays. Undefined where nothing is archived.
   */
  readonly sealedUntil?: (organisations: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /** Told after each run: what stays because the archive does not have it yet, by organisation; `sinceMs` when that began. */
  readonly waiting?: (rows: readonly WaitingRows[]) => Promise<void>;
  /** What is about to be deleted is noted before, and finished after. */
  readonly deletions: {
    begin(rows: readonly HotRows[]): Promise<void>;
    unfinished(): Promise<readonly HotRows[]>;
    finish(rows: HotRows, deleted: number): Promise<void>;
  };
}

const dayMs = 86_400_000;
const settledAfterMs = 15_000;
const lookEveryMs = 10 * 60_000;
const countTimeoutMs = 10 * 60_000;
const deleteTimeoutMs = 30 * 60_000;
/** Of the statement that begins a deletion; who places a hold waits meanwhile. */
const beginTimeoutMs = 15_000;
/** Groups of one day that are deleted in one statement; a day with more is worked off in several. */
const groupsAtOnce = 1000;
const groupsAtMost = 100_000;
const daysAtMost = 10_000;
/** What waits for the archive is looked at again so often. */
const waitingEveryMs = 3_600_000;
const renewEveryMs = 30_000;
/** Holds that change while it is counted what they leave: then it is counted anew. */
const countsAtMost = 10;

type Parameters = Readonly<Record<string, ParameterValue>>;
/** A deletion that the engine has taken on. */
interface Begun {
  /** Records by organisation and class. */
  readonly doomed: ReadonlyMap<string, number>;
  readonly rewrites: boolean;
}

/**
 * Once a day: logs whose class's days in the engine are over leave it, day of the records by day, but for those under a legal hold. A
 * whole day that is over is dropped; of others one mutation rewrites the parts. What the archive is to have stays until it has it. What goes is counted and noted before, carried out, and noted
 * as done: a kill in between is carried out again, and deletes nothing else.
 */
export class HotStep {
  readonly #parts: HotStepParts;
  readonly #loop: BackgroundLoop;
  #deleted = 0;
  #failures = 0;
  #plannedTo = 0;
  #plannedAtMs = 0;
  #waiting = new Map<string, WaitingRows>();

  constructor(parts: HotStepParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'logs whose days are over could not be deleted; tried again',
      failed: () => void this.#failures++,
      round: async () => void (await this.catchUp()),
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** What this process deleted, in Prometheus' text format. */
  metrics(): string {
    const waiting = [...this.#waiting.values()].reduce((sum, { rows }) => sum + rows, 0);
    const gauge = `# HELP sightline_retention_waiting_rows Logs whose days are over and that stay until the archive has them.\n# TYPE sightline_retention_waiting_rows gauge\nsightline_retention_waiting_rows ${waiting}\n`;
    const counters = countersText('sightline_retention', [
      ['deleted_rows', 'Logs that left the engine because the days of their class were over.', this.#deleted],
      ['failures', 'Runs of the retention of logs that failed and are tried again.', this.#failures],
    ]);
    return counters + gauge;
  }

  /** Carries out what was cut off, then what is over today; answers how many records went. Throws `StoreError` and what the ports throw. */
  async catchUp(): Promise<number> {
    if (!(await this.#parts.lease())) return 0;
    const working = new AbortController();
    const renewing = this.#renew(working.signal);
    try {
      return await this.#work();
    } finally {
      working.abort();
      await renewing;
    }
  }

  async #work(): Promise<number> {
    const { clock, waiting } = this.#parts;
    let deleted = await this.#carryOut(true);
    const today = Math.floor(clock.now() / dayMs);
    const waits = this.#waiting.size > 0 && clock.now() - this.#plannedAtMs >= waitingEveryMs;
    if (this.#plannedTo >= today && !waits) return deleted;
    const found = new Map<string, WaitingRows>();
    for (const day of await this.#days(today)) {
      if (this.#loop.signal.aborted || !(await this.#parts.lease())) return deleted;
      await this.#plan(day, today, found);
      deleted += await this.#carryOut(false);
    }
    this.#waiting = found;
    this.#plannedTo = today;
    this.#plannedAtMs = clock.now();
    await waiting?.([...found.values()]);
    return deleted;
  }

  /** Keeps the lease while a statement takes long; it is short, so that one who was killed does not hold others up. */
  async #renew(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Statements take real time, whatever clock the step was given.
      await systemClock.sleep(renewEveryMs, signal);
      if (signal.aborted) return;
      await this.#parts.lease().catch((error: unknown) => {
        this.#parts.logger.warn('the lease of the retention of logs could not be renewed', { error });
      });
    }
  }

  /** Days that are over and have records, the oldest first. */
  async #days(today: number): Promise<number[]> {
    const rows = await this.#query<{ day: string }>(
      `SELECT DISTINCT partition AS day FROM system.parts WHERE database = currentDatabase() AND table = 'logs' AND active
       ORDER BY day LIMIT ${daysAtMost}`,
      {},
    );
    return rows.map(({ day }) => Date.parse(`${day}T00:00:00Z`) / dayMs).filter((day) => day < today);
  }

  /** Notes what of a day is over, and adds to `found` what waits for the archive. */
  async #plan(day: number, today: number, found: Map<string, WaitingRows>): Promise<void> {
    const { clock, waitingSinceMs, deletions } = this.#parts;
    // A record is kept for whole days after its own is over.
    const over = await this.#over(today - day - 1);
    if (!over) return;
    const until = Math.min(clock.now() - settledAfterMs, waitingSinceMs() ?? Infinity);
    const name = nameOf(day);
    const held = this.#held(day, await this.#parts.holds());
    const sealed = await this.#sealed(name);
    const rows = await this.#query<{ organisation: string; class: string; n: string; waits: string }>(
      `SELECT toString(organisation) AS organisation, toString(class) AS class, toString(countIf(${sealed.sql})) AS n, toString(countIf(NOT ${sealed.sql})) AS waits FROM logs
       WHERE ${ofDay} AND received_at < ${ms('until')} AND ${over.sql} AND NOT ${held.sql}
       GROUP BY organisation, class ORDER BY organisation, class LIMIT ${groupsAtMost}`,
      { ...over.parameters, ...held.parameters, ...sealed.parameters, day: name, until },
    );
    for (const { organisation, waits } of rows) {
      if (waits === '0') continue;
      const sinceMs = this.#waiting.get(organisation)?.sinceMs ?? clock.now();
      found.set(organisation, {
        organisation,
        rows: (found.get(organisation)?.rows ?? 0) + Number(waits),
        sinceMs,
        sealedUntilMs: sealed.until.get(organisation) ?? 0,
      });
    }
    const leaving = rows.filter(({ n }) => n !== '0');
    await deletions.begin(
      leaving.map(({ organisation, class: kept, n }) => ({
        organisation,
        class: kept,
        day: name,
        until,
        rows: Number(n),
      })),
    );
  }

  /** What is over after so many whole days; undefined where nothing is. */
  async #over(days: number): Promise<Condition | undefined> {
    if (days >= hotDaysAtMost) return { sql: '1', parameters: {} };
    const pairs = [...(await this.#parts.terms())].flatMap(([organisation, { classes, retired }]) =>
      [...classes, ...retired]
        .filter(({ hotDays }) => hotDays <= days)
        .map((one) => pairOf({ organisation, class: one.name })),
    );
    return pairs.length === 0 ? undefined : { sql: `has({over:Array(String)}, ${pair})`, parameters: { over: pairs } };
  }

  /** Which records of a day lie in the archive, as far as it is to have them. */
  async #sealed(day: string): Promise<Condition & { readonly until: ReadonlyMap<string, number> }> {
    const { sealedUntil } = this.#parts;
    if (!sealedUntil) return { sql: '1', parameters: {}, until: new Map() };
    const there = await this.#query<{ organisation: string }>(
      `SELECT DISTINCT toString(organisation) AS organisation FROM logs WHERE ${ofDay} LIMIT ${groupsAtMost}`,
      { day },
    );
    const until = await sealedUntil(there.map(({ organisation }) => organisation));
    // An empty list has no type of its own: an organisation that cannot be stands for it.
    const known = [['\0', 0] as const, ...until];
    return {
      sql: `(received_at < fromUnixTimestamp64Milli(transform(toString(organisation), {sealedOf:Array(String)}, {sealedUntil:Array(Int64)}, toInt64(0))))`,
      parameters: { sealedOf: known.map(([name]) => name), sealedUntil: known.map(([, untilMs]) => untilMs) },
      until,
    };
  }

  /** What is held of a day. Throws where that are too many holds to ask for. */
  #held(day: number, all: readonly HeldRows[]): Condition {
    return heldCondition(all, day * dayMs, (day + 1) * dayMs);
  }

  /** Deletes what is noted and not done; answers how many records went. `again`: by a run that was cut off. */
  async #carryOut(again: boolean): Promise<number> {
    let deleted = 0;
    for (const group of grouped(await this.#parts.deletions.unfinished())) {
      if (this.#loop.signal.aborted || !(await this.#parts.lease())) break;
      deleted += await this.#delete(group, again);
    }
    return deleted;
  }

  /** Records of one day and moment. */
  async #delete(group: readonly HotRows[], again: boolean): Promise<number> {
    const { deletions, logger } = this.#parts;
    const [{ day } = { day: '' }] = group;
    let begun: Begun | undefined;
    for (let counts = 0; !begun; counts++) {
      if (counts === countsAtMost) throw new Error('legal holds changed while it was counted what they leave');
      begun = await this.#begin(group);
    }
    if (begun.rewrites) await this.#rewritten(day);
    const { doomed } = begun;
    let gone = 0;
    for (const rows of group) {
      // What a run that was cut off deleted is no longer there to be counted: then it is what was noted before.
      const went = again ? rows.rows : (doomed.get(pairOf(rows)) ?? 0);
      await deletions.finish(rows, went);
      gone += went;
    }
    this.#deleted += gone;
    if (gone > 0) logger.info('logs whose days in the engine are over were deleted', { day, rows: gone });
    return gone;
  }

  /**
   * Counts what the holds leave, then begins to delete it while none can be placed; undefined where they are others by then. A hold that
   * is placed afterwards comes after the deletion.
   */
  async #begin(group: readonly HotRows[]): Promise<Begun | undefined> {
    const { store, clock, holds, whileNonePlaced } = this.#parts;
    const [{ day, until } = { day: '', until: 0 }] = group;
    const number = Date.parse(`${day}T00:00:00Z`) / dayMs;
    const held = this.#held(number, await holds());
    const sealed = await this.#sealed(day);
    const where = `has({pairs:Array(String)}, ${pair}) AND received_at < ${ms('until')} AND ${sealed.sql} AND NOT ${held.sql}`;
    const parameters = { ...held.parameters, ...sealed.parameters, pairs: group.map(pairOf), until };
    const there = await this.#query<{ pair: string; n: string; doomed: string }>(
      `SELECT ${pair} AS pair, toString(count()) AS n, toString(countIf(${where})) AS doomed FROM logs WHERE ${ofDay} GROUP BY pair LIMIT ${groupsAtMost}`,
      { ...parameters, day },
    );
    const doomed = new Map(there.map((row) => [row.pair, Number(row.doomed)]));
    if (there.every((row) => row.doomed === '0')) return { doomed, rewrites: false };
    const whole =
      there.every((row) => row.doomed === row.n) && Math.floor(clock.now() / dayMs) - number > hotDaysAtMost;
    return whileNonePlaced(async (now) => {
      if (textOf(this.#held(number, now)) !== textOf(held)) return undefined;
      await store.execute(
        whole
          ? `ALTER TABLE logs DROP PARTITION '${day}'`
          : `ALTER TABLE logs DELETE IN PARTITION '${day}' WHERE ${where}`,
        whole ? {} : parameters,
        { timeoutMs: beginTimeoutMs, threads: 1, settings: { mutations_sync: 0 }, signal: this.#loop.signal },
      );
      return { doomed, rewrites: !whole };
    });
  }

  /** Waits until the parts of a day are rewritten. Throws where the engine says that it cannot, and after half an hour. */
  async #rewritten(day: string): Promise<void> {
    const startedMs = systemClock.now();
    let known: readonly string[] | undefined;
    for (let pauseMs = 5; ; pauseMs = Math.min(1000, pauseMs * 2)) {
      const open = await this.#query<{ id: string; failure: string }>(
        `SELECT mutation_id AS id, latest_fail_reason AS failure FROM system.mutations
         WHERE database = currentDatabase() AND table = 'logs' AND NOT is_done AND command LIKE concat('%IN PARTITION ', {named:String}, '%') LIMIT 1000`,
        { named: `'${day}'` },
      );
      // Those that were begun later are another's.
      known ??= open.map(({ id }) => id);
      const left = open.filter(({ id }) => known?.includes(id) === true);
      if (left.length === 0) return;
      const failed = left.find(({ failure }) => failure !== '');
      if (failed) throw new Error(`logs of ${day} could not be deleted: ${failed.failure}`);
      if (systemClock.now() - startedMs > deleteTimeoutMs)
        throw new Error(`logs of ${day} were not deleted in ${deleteTimeoutMs} ms`);
      await systemClock.sleep(pauseMs, this.#loop.signal);
      if (this.#loop.signal.aborted) throw new Error('the server is closing');
    }
  }

  #query<Row>(sql: string, parameters: Parameters): Promise<Row[]> {
    return this.#parts.store.query<Row>(sql, parameters, {
      timeoutMs: countTimeoutMs,
      threads: 1,
      signal: this.#loop.signal,
    });
  }
}

const ms = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64})`;
const ofDay = 'toDate(ts) = {day:Date}';
const pair = `concat(organisation, '\\0', class)`;
const pairOf = ({ organisation, class: name }: Pick<HotRows, 'organisation' | 'class'>): string =>
  `${organisation}\0${name}`;
/** To tell whether two conditions are the same. */
const textOf = (condition: Condition): string =>
  JSON.stringify(condition, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
const nameOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);

/** By day and moment, in pieces that one statement can name. */
function grouped(all: readonly HotRows[]): HotRows[][] {
  const groups = new Map<string, HotRows[]>();
  for (const rows of all) {
    const key = `${rows.day} ${rows.until}`;
    let group = groups.get(key);
    if (!group || group.length >= groupsAtOnce) groups.set(group ? `${key} ${groups.size}` : key, (group = []));
    group.push(rows);
  }
  return [...groups.values()];
}
