import { readFileSync } from 'node:fs';
import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { SamplingPolicy } from '@sightline/record';
import { traceVerdicts, type ParameterValue, type TelemetryStore } from '../port/index.ts';
import { exactlyOnceSettings } from '../schema/exactly-once.ts';

/** A policy at work. */
export interface ActivePolicy {
  readonly organisation: string;
  readonly policy: SamplingPolicy;
  /** Since when, ms: what was received before is left alone. */
  readonly sinceMs: number;
}

export interface SamplingStepParts {
  readonly store: TelemetryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** As in `EdgeStep`. */
  readonly waitingSinceMs: () => number | undefined;
  /** Policies that are switched on, of every organisation. */
  readonly policies: () => Promise<readonly ActivePolicy[]>;
}

const minuteMs = 60_000;
/** Decided and deleted at once: a delete costs about the same for one minute as for five. */
const windowMs = 5 * minuteMs;
const settledAfterMs = 15_000;
/** Spans of one trace are looked for this far around what came. */
const aroundMs = 30 * minuteMs;
const mostBackMs = 24 * 60 * minuteMs;
const lookEveryMs = 30_000;
const windowsAtOnce = 50;
/** Spans of a window that are judged in one statement: more are parted by trace. */
const spansAtOnce = 500_000;
const daysAtMost = 400;
const seriesAtMost = 2000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const ms = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64})`;
const sampled = readFileSync(new URL('sampling.sql', import.meta.url), 'utf8');

interface Came {
  readonly spans: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

type Parameters = Readonly<Record<string, ParameterValue>>;

/**
 * Tail sampling: lets traces go that a policy does not keep, once nothing of them has come for the policy's wait, window of receipt
 * by window. Views have counted their spans by then, and edges are joined. The decision is written first, under the window's
 * name as deduplication token, then it is carried out; each may be repeated: a kill, or a second server, changes nothing.
 */
export class SamplingStep {
  readonly #parts: SamplingStepParts;
  readonly #loop: BackgroundLoop;
  readonly #counted = new Map<string, number>();

  constructor(parts: SamplingStepParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      fault: 'traces could not be sampled; tried again',
      round: async () => void (await this.catchUp()),
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  /** Spans that this process let go, in Prometheus' text format. */
  metrics(): string {
    if (this.#counted.size === 0) return '';
    const lines = [...this.#counted].map(([labels, spans]) => `sightline_sampled_spans_total${labels} ${spans}`);
    return `# HELP sightline_sampled_spans_total Spans that a sampling policy let go, after they were counted.\n# TYPE sightline_sampled_spans_total counter\n${lines.join('\n')}\n`;
  }

  /** Works off what is settled, at most fifty windows of each policy, then frees the disk; answers how many windows that were. Throws `StoreError`. */
  async catchUp(): Promise<number> {
    let done = 0;
    const faults: unknown[] = [];
    for (const active of await this.#parts.policies()) {
      try {
        for (let n = 0; n < windowsAtOnce && !this.#loop.signal.aborted; n++) {
          const from = await this.#next(active);
          if (from === undefined) break;
          await this.#window(active, from);
          done++;
        }
      } catch (error) {
        // One organisation's fault holds no other back.
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
    await this.#purge();
    return done;
  }

  /** Begin of the policy's next window that holds spans and is settled, ms. */
  async #next({ organisation, policy, sinceMs }: ActivePolicy): Promise<number | undefined> {
    const { clock, waitingSinceMs } = this.#parts;
    const now = clock.now();
    const step = stepOf(organisation);
    const done = await this.#doneTo(step);
    const after = Math.max(done, ceilWindow(Math.max(sinceMs, now - mostBackMs)));
    // What came until then is in the tables, and the edges between its services are joined.
    const known = Math.min(now - settledAfterMs, waitingSinceMs() ?? Infinity);
    const settled = floorWindow(Math.min(known - policy.waitMs, await this.#doneTo('edges')));
    if (after >= settled) return undefined;
    const [first] = await this.#query<{ n: string; firstMs: string }>(
      `SELECT toString(count()) AS n, toString(toUnixTimestamp64Milli(toDateTime64(min(received_at), 3))) AS firstMs FROM spans
       WHERE organisation = {organisation:String} AND received_at >= ${ms('after')} AND received_at < ${ms('settled')}`,
      { organisation, after, settled },
    );
    // A window may have been carried out in part when it was cut off: then its spans may be gone.
    const cutOff = await this.#doneTo(`${step} decided`);
    if (cutOff > after) return cutOff - windowMs;
    if (Number(first?.n ?? 0) > 0) return floorWindow(Number(first?.firstMs));
    await this.#note(step, settled);
    return undefined;
  }

  async #window(active: ActivePolicy, fromMs: number): Promise<void> {
    const { organisation } = active;
    const step = stepOf(organisation);
    const toMs = fromMs + windowMs;
    // Looked at before it is asked whether it was decided: nothing has been deleted of what is counted here if it was not.
    const came = await this.#came(organisation, fromMs, toMs);
    if ((await this.#doneTo(`${step} decided`)) < toMs) {
      await this.#decide(active, fromMs, toMs, came);
      await this.#note(`${step} decided`, toMs);
    }
    await this.#carryOut(organisation, fromMs, toMs);
    await this.#count(organisation, fromMs);
    await this.#note(step, toMs);
  }

  /** How many spans came in the window, and of when they are. */
  async #came(organisation: string, fromMs: number, toMs: number): Promise<Came> {
    const [range] = await this.#query<{ n: string; first: string; last: string }>(
      `SELECT toString(count()) AS n, toString(min(toUnixTimestamp64Milli(toDateTime64(ts, 3)))) AS first, toString(max(toUnixTimestamp64Milli(toDateTime64(ts, 3)))) AS last FROM spans
       WHERE organisation = {organisation:String} AND received_at >= ${ms('fromMs')} AND received_at < ${ms('toMs')}`,
      { organisation, fromMs, toMs },
    );
    return { spans: Number(range?.n ?? 0), firstMs: Number(range?.first ?? 0), lastMs: Number(range?.last ?? 0) };
  }

  async #decide({ organisation, policy }: ActivePolicy, fromMs: number, toMs: number, came: Came): Promise<void> {
    const parts = Math.max(1, Math.ceil(came.spans / spansAtOnce));
    const around = `organisation = {organisation:String} AND ts >= {from_ts:DateTime64(9)} AND ts <= {to_ts:DateTime64(9)}`;
    const ids = `SELECT trace_id FROM spans PREWHERE ${around} AND received_at >= ${ms('from_ms')} AND received_at < ${ms('to_ms')} AND cityHash64(trace_id) % {parts:UInt32} = {part:UInt32}`;
    const verdicts = traceVerdicts(policy, {
      spans: `spans PREWHERE ${around} AND trace_id IN (${ids}) WHERE received_at < ${ms('quiet_ms')}`,
      errors: `SELECT trace_id FROM errors WHERE ${around}`,
      gone: `SELECT trace_id FROM sampled_traces WHERE organisation = {organisation:String} AND slot >= toDateTime(${ms('from_ms')}) - INTERVAL 1 DAY AND trace_id IN (${ids})`,
    });
    for (let part = 0; part < parts; part++) {
      await this.#execute(
        sampled.replace('{verdicts}', verdicts.sql),
        {
          ...verdicts.parameters,
          organisation,
          policy: policy.name,
          now: this.#parts.clock.now(),
          from_ms: fromMs,
          to_ms: toMs,
          quiet_ms: toMs + policy.waitMs,
          from_ts: new Date(Math.max(0, came.firstMs - aroundMs)),
          to_ts: new Date(came.lastMs + aroundMs),
          parts,
          part,
        },
        `sampling-${organisation}-${fromMs}-${part}-${parts}`,
      );
    }
  }

  /** Deletes what was counted: no span that came after the window, so that nothing goes uncounted. */
  async #carryOut(organisation: string, fromMs: number, toMs: number): Promise<void> {
    const decided = `FROM sampled_traces WHERE organisation = {organisation:String} AND slot = toDateTime(${ms('fromMs')})`;
    const days = await this.#query<{ day: string; first: string; last: string }>(
      `SELECT toString(toDate(arrayJoin(range(toUInt16(toDate(first_ts)), toUInt16(toDate(last_ts)) + 1)))) AS day,
         toString(min(toUnixTimestamp64Nano(first_ts))) AS first, toString(max(toUnixTimestamp64Nano(last_ts))) AS last
       ${decided} GROUP BY day ORDER BY day LIMIT ${daysAtMost}`,
      { organisation, fromMs },
    );
    for (const { day, first, last } of days) {
      await this.#parts.store.execute(
        `DELETE FROM spans IN PARTITION '${day}' WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Nano({first:Int64}) AND ts <= fromUnixTimestamp64Nano({last:Int64})
           AND received_at < ${ms('toMs')} AND trace_id IN (SELECT trace_id ${decided})`,
        { organisation, fromMs, toMs, first: BigInt(first), last: BigInt(last) },
        {
          timeoutMs: 300_000,
          threads: 1,
          settings: { lightweight_deletes_sync: 1, allow_nondeterministic_mutations: 1 },
          signal: this.#loop.signal,
        },
      );
    }
  }

  async #count(organisation: string, fromMs: number): Promise<void> {
    const rows = await this.#query<{ rule: string; service: string; n: string }>(
      `SELECT toString(rule) AS rule, toString(service) AS service, toString(sum(n)) AS n FROM sampled_traces ARRAY JOIN services AS service, spans AS n
       WHERE organisation = {organisation:String} AND slot = toDateTime(${ms('fromMs')}) GROUP BY rule, service LIMIT ${seriesAtMost}`,
      { organisation, fromMs },
    );
    for (const { rule, service, n } of rows) {
      const labels = `{rule=${JSON.stringify(rule === '' ? 'others' : rule)},service=${JSON.stringify(service)}}`;
      const key = this.#counted.has(labels) || this.#counted.size < seriesAtMost ? labels : '{rule="",service="other"}';
      this.#counted.set(key, (this.#counted.get(key) ?? 0) + Number(n));
    }
  }

  /** Frees the disk of what was deleted on a day that is over; parts that merge do so by themselves. */
  async #purge(): Promise<void> {
    const dayEnd = Math.floor((this.#parts.clock.now() - 2 * hourMs) / dayMs) * dayMs;
    const step = 'sampling purge';
    if ((await this.#doneTo(step)) >= dayEnd) return;
    const day = new Date(dayEnd - dayMs).toISOString().slice(0, 10);
    const [found] = await this.#query<{ n: string }>(
      `SELECT toString(count()) AS n FROM sampled_traces WHERE slot >= toDateTime({day:Date}) AND toDate(first_ts) = {day:Date}`,
      { day },
    );
    if (Number(found?.n ?? 0) > 0)
      await this.#parts.store.execute(`ALTER TABLE spans APPLY DELETED MASK IN PARTITION '${day}'`);
    await this.#note(step, dayEnd);
  }

  async #doneTo(step: string): Promise<number> {
    const [row] = await this.#query<{ doneMs: string }>(
      `SELECT toString(max(toUnixTimestamp64Milli(done_to))) AS doneMs FROM span_steps WHERE step = {step:String}`,
      { step },
    );
    return Number(row?.doneMs ?? 0);
  }

  async #note(step: string, doneMs: number): Promise<void> {
    await this.#execute(
      `INSERT INTO span_steps (step, done_to) SELECT {step:String}, fromUnixTimestamp64Milli({doneMs:Int64})`,
      { step, doneMs },
      `${step}-${doneMs}`,
    );
  }

  #query<Row>(sql: string, parameters: Parameters): Promise<Row[]> {
    return this.#parts.store.query<Row>(sql, parameters, { timeoutMs: 60_000, signal: this.#loop.signal });
  }

  #execute(sql: string, parameters: Parameters, token: string): Promise<void> {
    return this.#parts.store.execute(sql, parameters, {
      timeoutMs: 120_000,
      threads: 1,
      settings: { ...exactlyOnceSettings, insert_deduplication_token: token },
      signal: this.#loop.signal,
    });
  }
}

const stepOf = (organisation: string): string => `sampling ${organisation}`;
const floorWindow = (at: number): number => Math.floor(at / windowMs) * windowMs;
const ceilWindow = (at: number): number => Math.ceil(at / windowMs) * windowMs;
