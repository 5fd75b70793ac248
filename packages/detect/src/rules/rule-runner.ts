import { BackgroundLoop, type Clock, type Logger, reasonOf } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { FindingSink } from '@sightline/record';
import type { TelemetryReads } from '@sightline/query';
import { commitChanges } from './commit-changes.ts';
import { endRule, type Change } from './evaluate-rules.ts';
import { Gate } from './gate.ts';
import type { KnownRule } from './known-rule.ts';
import { readyRules } from './ready-rules.ts';
import { RuleBook } from './rule-book.ts';
import { RunnerFigures } from './runner-figures.ts';
import { OrganisationRuns } from './run-organisation.ts';
import { shardOf, Shards } from './shards.ts';
import { Sight } from './sight.ts';

const lookEveryMs = 1000;
const renewEveryMs = 5000;
const loadEveryMs = 2000;
const readyEveryMs = 15_000;
const noteEveryMs = 60_000;
/** Records are visible some two seconds after they were accepted: windows end a little before now. */
const visibleAfterMs = 3000;
const queriesAtOnce = 4;
const queryTimeoutMs = 10_000;
const commitTries = 3;
const closeWithinMs = 8000;

export interface RuleRunnerParts {
  readonly control: Pick<Control, 'detect' | 'organisations'>;
  readonly reader: TelemetryReads;
  readonly sink: FindingSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long the oldest record that this process received waits for its table, milliseconds; 0 unless told. */
  readonly lagMs?: () => number;
}

/**
 * Evaluates the rules of all organisations whose shard this server holds: each at its own interval, the due ones of an
 * organisation together. What is told and written survives `kill -9`; another server takes over within 15 s.
 */
export class RuleRunner {
  readonly #parts: RuleRunnerParts;
  readonly #shards: Shards;
  readonly #book: RuleBook;
  readonly #runs: OrganisationRuns;
  readonly #sight: Sight;
  readonly #figures = new RunnerFigures();
  readonly #loop: BackgroundLoop;
  /** The last tick that was begun, by organisation and interval. */
  readonly #ticks = new Map<string, number>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #haveReady = new Set<string>();
  readonly #runNotes = new Map<string, { atMs: number; error: string }>();
  #renewedAtMs = -Infinity;
  #loadedAtMs = -Infinity;
  #readyAtMs = -Infinity;
  #notedAtMs = -Infinity;

  constructor(parts: RuleRunnerParts) {
    this.#parts = parts;
    this.#loop = new BackgroundLoop({
      clock: parts.clock,
      logger: parts.logger,
      everyMs: lookEveryMs,
      round: () => this.look(),
      fault: (error) => parts.logger.warn('Rules are not evaluated at the moment', { reason: reasonOf(error) }),
    });
    this.#shards = new Shards(parts.control.detect.leases, parts.clock);
    this.#book = new RuleBook(parts.control.detect, parts.clock);
    this.#sight = new Sight(parts.reader, parts.clock, parts.lagMs ?? (() => 0));
    this.#runs = new OrganisationRuns(parts.clock, {
      reader: this.#sight.reader,
      gate: new Gate(queriesAtOnce),
      limits: { timeoutMs: queryTimeoutMs, memoryBytes: 1e9, threads: 1, signal: this.#loop.signal },
      onQuery: () => this.#figures.queries++,
    });
  }

  /** Begins to watch; returns at once. */
  start(): void {
    this.#loop.start();
  }

  /** True while this server surely speaks for the organisation's rules. */
  holds(organisation: string): boolean {
    return this.#shards.holds(shardOf(organisation));
  }

  /** Renews, loads and begins what is due; does not wait for evaluations. */
  async look(): Promise<void> {
    const { clock } = this.#parts;
    if (clock.now() - this.#renewedAtMs >= renewEveryMs) {
      const { gained, lost } = await this.#shards.renew();
      this.#renewedAtMs = clock.now();
      await this.#book.moveShards(gained, lost);
      this.#runs.keepPlans((organisation) => this.#shards.holds(shardOf(organisation)));
    }
    await this.#makeReady();
    if (clock.now() - this.#loadedAtMs >= loadEveryMs) {
      this.#loadedAtMs = clock.now();
      await this.#book.refresh((shard) => this.#shards.holds(shard));
    }
    for (const organisation of this.#book.organisations()) {
      if (!this.#shards.holds(shardOf(organisation))) continue;
      await this.#endWhatIsOver(organisation);
      this.#beginDue(organisation);
    }
    await this.#noteRuns();
  }

  /** Resolves when no evaluation runs any more. */
  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
  }

  /** Organisations that are new get the ready rules. */
  async #makeReady(): Promise<void> {
    const { clock, control, logger } = this.#parts;
    if (clock.now() - this.#readyAtMs < readyEveryMs) return;
    this.#readyAtMs = clock.now();
    for (const { id } of await control.organisations.list()) {
      if (this.#haveReady.has(id) || !this.#shards.holds(shardOf(id))) continue;
      const made = await control.detect.rules.ensureReady(id, readyRules);
      if (made > 0) logger.info('Ready rules were created', { organisation: id, rules: made });
      this.#haveReady.add(id);
    }
  }

  /** Findings of rules that were disabled or deleted are resolved; never beside an evaluation that might tell them again. */
  async #endWhatIsOver(organisation: string): Promise<void> {
    if ([...this.#busy.keys()].some((slot) => slot.startsWith(`${organisation}\n`))) return;
    const over = [...this.#book.of(organisation)].filter(
      ({ rule, states }) => rule.deleted || (!rule.enabled && states.size > 0),
    );
    if (over.length === 0) return;
    const { clock, control, sink } = this.#parts;
    await commitChanges(
      over.map((known) => endRule(known, clock.now())),
      control,
      sink,
    );
    const gone = over.filter(({ rule }) => rule.deleted);
    await control.detect.rules.forget(gone.map(({ rule }) => rule.id));
    for (const known of gone) this.#book.forget(known);
  }

  #beginDue(organisation: string): void {
    const nowMs = this.#parts.clock.now();
    const due = new Map<number, KnownRule[]>();
    for (const known of this.#book.of(organisation)) {
      const { enabled, deleted, everyMs } = known.rule;
      if (!enabled || deleted) continue;
      const slot = `${organisation}\n${everyMs}`;
      if (this.#busy.has(slot) || this.#ticks.get(slot) === tickOf(organisation, everyMs, nowMs)) continue;
      const list = due.get(everyMs);
      if (list) list.push(known);
      else due.set(everyMs, [known]);
    }
    for (const [everyMs, rules] of due) {
      const slot = `${organisation}\n${everyMs}`;
      const tick = tickOf(organisation, everyMs, nowMs);
      const skipped = tick - (this.#ticks.get(slot) ?? tick - 1) - 1;
      if (skipped > 0) this.#figures.missed += skipped * rules.length;
      this.#ticks.set(slot, tick);
      const run = this.#evaluate(organisation, everyMs, rules)
        .catch((error: unknown) => this.#parts.logger.error('Rules could not be evaluated', { organisation, error }))
        .finally(() => this.#busy.delete(slot));
      this.#busy.set(slot, run);
    }
  }

  async #evaluate(organisation: string, everyMs: number, rules: readonly KnownRule[]): Promise<void> {
    const { clock } = this.#parts;
    const shard = shardOf(organisation);
    const startedMs = clock.now();
    const watchingSinceMs = (): number =>
      Math.max(this.#shards.held.get(shard)?.watchingSinceMs ?? startedMs, this.#sight.sinceMs);
    const at = {
      nowMs: startedMs,
      endMs: Math.floor(startedMs / 1000) * 1000 - visibleAfterMs,
      // Read when it is judged: the very answer may be the first after a time without any.
      get watchingSinceMs() {
        return watchingSinceMs();
      },
    };
    await this.#runs.run(
      { organisation, slot: String(everyMs), version: this.#book.version(organisation), rules },
      at,
      async (changes) => {
        // A rule that changed meanwhile is judged by its new self soon; a shard that was lost is another server's.
        const current = changes.filter((change) => this.#book.isCurrent(change.known));
        if (current.length === 0 || !this.#shards.holds(shard)) return;
        await this.#commit(current);
        this.#note(current, at.nowMs);
      },
    );
    this.#figures.ran(rules.length, clock.now() - startedMs);
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    const { clock, control, sink, logger } = this.#parts;
    for (let tried = 1; ; tried++) {
      try {
        await commitChanges(changes, control, sink);
        this.#figures.findings += changes.reduce((sum, change) => sum + change.findings.length, 0);
        return;
      } catch (error) {
        if (tried === commitTries || this.#loop.signal.aborted) {
          logger.error('Findings could not be told; the next evaluation tells them', { error });
          return;
        }
        await clock.sleep(500 * tried, this.#loop.signal);
      }
    }
  }

  #note(changes: readonly Change[], nowMs: number): void {
    for (const { known, error } of changes) {
      if (error !== '') this.#figures.failures++;
      // A new fault is seen at once, the rest once a minute.
      if (error !== known.lastError) this.#notedAtMs = -Infinity;
      known.lastError = error;
      known.lastRunMs = nowMs;
      this.#runNotes.set(known.rule.id, { atMs: nowMs, error });
    }
  }

  async #noteRuns(): Promise<void> {
    const nowMs = this.#parts.clock.now();
    if (nowMs - this.#notedAtMs < noteEveryMs || this.#runNotes.size === 0) return;
    this.#notedAtMs = nowMs;
    const notes = [...this.#runNotes].map(([id, note]) => ({ id, ...note }));
    this.#runNotes.clear();
    for (let i = 0; i < notes.length; i += 5000)
      await this.#parts.control.detect.rules.noteRuns(notes.slice(i, i + 5000));
  }

  /** Our own figures in Prometheus' text format. */
  metrics(): string {
    return this.#figures.text(this.#book.size, this.#shards.held.size);
  }

  /** Stops, lets what runs come to its end within 8 s, and gives the shards to others. */
  async close(): Promise<void> {
    await this.#loop.close();
    await Promise.race([Promise.all(this.#busy.values()), this.#parts.clock.sleep(closeWithinMs)]);
    await this.#shards.release().catch((error: unknown) => {
      this.#parts.logger.warn('The shares of the rules were not given back; they run out', {
        reason: reasonOf(error),
      });
    });
  }
}

/** Organisations are evaluated at moments of their own, so that not all are due in the same second. */
function tickOf(organisation: string, everyMs: number, nowMs: number): number {
  return Math.floor((nowMs - ((shardOf(organisation) * 7919) % everyMs)) / everyMs);
}
