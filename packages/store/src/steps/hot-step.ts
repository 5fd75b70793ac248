import type { Clock, Logger } from '@sightline/base';
import { hotDaysAtMost, type RetentionTerms } from '@sightline/record';
import type { ParameterValue, TelemetryStore } from '../port/index.ts';
import { type Condition, heldCondition, type HeldRows } from './held-rows.ts';

/** Records of an organisation, class and day that leave the engine. `day` is `YYYY-MM-DD` in UTC. */
export interface HotRows {
  readonly organisation: string;
  readonly class: string;
  readonly day: string;
  /** Those that had come by then, ms. */
  readonly until: number;
  readonly rows: number;
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
  /** Read anew before each statement that deletes. */
  readonly holds: () => Promise<readonly HeldRows[]>;
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
/** Groups of one day that are deleted in one statement; a day with more is worked off in several. */
const groupsAtOnce = 1000;
const groupsAtMost = 100_000;
const daysAtMost = 10_000;

type Parameters = Readonly<Record<string, ParameterValue>>;
/**
 * Once a day: logs whose class's days in the engine are over leave it, day of the records by day, but for those under a legal hold. A
 * whole day that is over is dropped; of others one mutation rewrites the parts. What goes is counted and noted before, carried out, and noted
 * as done: a kill in between is carried out again, and deletes nothing else.
 */
export class HotStep {
  readonly #parts: HotStepParts;
  readonly #ending = new AbortController();
  #deleted = 0;
  #failures = 0;
  #plannedTo = 0;
  #loop: Promise<void> | undefined;

  constructor(parts: HotStepParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#loop;
  }

  /** What this process deleted, in Prometheus' text format. */
  metrics(): string {
    return [
      ['deleted_rows', 'Logs that left the engine because the days of their class were over.', this.#deleted],
      ['failures', 'Runs of the retention of logs that failed and are tried again.', this.#failures],
    ]
      .map(
        ([name, help, value]) =>
          `# HELP sightline_retention_${name}_total ${help}\n# TYPE sightline_retention_${name}_total counter\nsightline_retention_${name}_total ${value}\n`,
      )
      .join('');
  }

  /** Carries out what was cut off, then what is over today; answers how many records went. Throws `StoreError` and what the ports throw. */
  async catchUp(): Promise<number> {
    if (!(await this.#parts.lease())) return 0;
    let deleted = await this.#carryOut(true);
    const today = Math.floor(this.#parts.clock.now() / dayMs);
    if (this.#plannedTo < today) {
      for (const day of await this.#days(today)) {
        if (this.#ending.signal.aborted || !(await this.#parts.lease())) return deleted;
        await this.#plan(day, today);
        deleted += await this.#carryOut(false);
      }
      this.#plannedTo = today;
    }
    return deleted;
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#parts;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.catchUp();
      } catch (error) {
        this.#failures++;
        if (!signal.aborted) logger.warn('logs whose days are over could not be deleted; tried again', { error });
      }
      await clock.sleep(lookEveryMs, signal);
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

  /** Notes what of a day is over. */
  async #plan(day: number, today: number): Promise<void> {
    const { clock, waitingSinceMs, deletions } = this.#parts;
    // A record is kept for whole days after its own is over.
    const over = await this.#over(today - day - 1);
    if (!over) return;
    const until = Math.min(clock.now() - settledAfterMs, waitingSinceMs() ?? Infinity);
    const name = nameOf(day);
    const held = await this.#held(day);
    const rows = await this.#query<{ organisation: string; class: string; n: string }>(
      `SELECT toString(organisation) AS organisation, toString(class) AS class, toString(count()) AS n FROM logs
       WHERE ${ofDay} AND received_at < ${ms('until')} AND ${over.sql} AND NOT ${held.sql}
       GROUP BY organisation, class ORDER BY organisation, class LIMIT ${groupsAtMost}`,
      { ...over.parameters, ...held.parameters, day: name, until },
    );
    await deletions.begin(
      rows.map(({ organisation, class: kept, n }) => ({
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

  /** What is held of a day. Throws where that are too many holds to ask for. */
  async #held(day: number): Promise<Condition> {
    return heldCondition(await this.#parts.holds(), day * dayMs, (day + 1) * dayMs);
  }

  /** Deletes what is noted and not done; answers how many records went. `again`: by a run that was cut off. */
  async #carryOut(again: boolean): Promise<number> {
    let deleted = 0;
    for (const group of grouped(await this.#parts.deletions.unfinished())) {
      if (this.#ending.signal.aborted || !(await this.#parts.lease())) break;
      deleted += await this.#delete(group, again);
    }
    return deleted;
  }

  /** Records of one day and moment. */
  async #delete(group: readonly HotRows[], again: boolean): Promise<number> {
    const { store, clock, deletions, logger } = this.#parts;
    const [{ day, until } = { day: '', until: 0 }] = group;
    const number = Date.parse(`${day}T00:00:00Z`) / dayMs;
    const held = await this.#held(number);
    const where = `has({pairs:Array(String)}, ${pair}) AND received_at < ${ms('until')} AND NOT ${held.sql}`;
    const parameters = { ...held.parameters, pairs: group.map(pairOf), until };
    const there = await this.#query<{ pair: string; n: string; doomed: string }>(
      `SELECT ${pair} AS pair, toString(count()) AS n, toString(countIf(${where})) AS doomed FROM logs WHERE ${ofDay} GROUP BY pair LIMIT ${groupsAtMost}`,
      { ...parameters, day },
    );
    const doomed = new Map(there.map((row) => [row.pair, Number(row.doomed)]));
    if (there.some((row) => row.doomed !== '0')) {
      const whole =
        there.every((row) => row.doomed === row.n) && Math.floor(clock.now() / dayMs) - number > hotDaysAtMost;
      await store.execute(
        whole
          ? `ALTER TABLE logs DROP PARTITION '${day}'`
          : `ALTER TABLE logs DELETE IN PARTITION '${day}' WHERE ${where}`,
        whole ? {} : parameters,
        { timeoutMs: deleteTimeoutMs, threads: 1, settings: { mutations_sync: 1 }, signal: this.#ending.signal },
      );
    }
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

  #query<Row>(sql: string, parameters: Parameters): Promise<Row[]> {
    return this.#parts.store.query<Row>(sql, parameters, {
      timeoutMs: countTimeoutMs,
      threads: 1,
      signal: this.#ending.signal,
    });
  }
}

const ms = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64})`;
const ofDay = 'toDate(ts) = {day:Date}';
const pair = `concat(organisation, '\\0', class)`;
const pairOf = ({ organisation, class: name }: Pick<HotRows, 'organisation' | 'class'>): string =>
  `${organisation}\0${name}`;
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
