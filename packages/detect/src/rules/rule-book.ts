import type { Clock } from '@sightline/base';
import type { Detect, LoadedRule, RuleState } from '@sightline/control';
import type { GroupState } from './group-state.ts';
import { knowRule, type KnownRule } from './known-rule.ts';
import { shardOf } from './shards.ts';

const rulesPerPage = 2000;
/** Servers' clocks may differ, and a change becomes visible a moment after its time: changes are looked for twice. */
const overlapMs = 10_000;
const wholeEveryMs = 10 * 60_000;

const stateOf = (row: RuleState): GroupState => ({
  groupKey: row.groupKey,
  labels: row.labels,
  state: row.state,
  sinceMs: row.sinceMs,
  value: row.value ?? 0,
  sample: undefined,
  clearSinceMs: undefined,
  toldAtMs: 0,
});

/** All rules of an installation in memory, the states of those that this server watches. */
export class RuleBook {
  readonly #detect: Pick<Detect, 'rules' | 'ruleStates'>;
  readonly #clock: Clock;
  readonly #rules = new Map<string, KnownRule>();
  readonly #byOrganisation = new Map<string, Map<string, KnownRule>>();
  readonly #versions = new Map<string, number>();
  #readToMs = 0;
  #wholeAtMs = 0;

  constructor(detect: Pick<Detect, 'rules' | 'ruleStates'>, clock: Clock) {
    this.#detect = detect;
    this.#clock = clock;
  }

  get size(): number {
    return this.#rules.size;
  }

  organisations(): IterableIterator<string> {
    return this.#byOrganisation.keys();
  }

  of(organisation: string): Iterable<KnownRule> {
    return this.#byOrganisation.get(organisation)?.values() ?? [];
  }

  /** Moves when any rule of the organisation did: plans are made anew. */
  version(organisation: string): number {
    return this.#versions.get(organisation) ?? 0;
  }

  /** False when the rule was changed or taken away since `known` was read. */
  isCurrent(known: KnownRule): boolean {
    return this.#rules.get(known.rule.id) === known;
  }

  /** Reads what changed since the last look. `holds` says whose states are ours. */
  async refresh(holds: (shard: number) => boolean): Promise<void> {
    const nowMs = this.#clock.now();
    const whole = nowMs - this.#wholeAtMs >= wholeEveryMs;
    let cursor = { atMs: whole ? 0 : this.#readToMs - overlapMs, id: '' };
    const fresh: string[] = [];
    for (;;) {
      const page = await this.#detect.rules.changedSince(Math.max(0, cursor.atMs), cursor.id, rulesPerPage);
      for (const rule of page) if (this.#take(rule) && holds(shardOf(rule.organisation))) fresh.push(rule.id);
      const last = page.at(-1);
      if (!last || page.length < rulesPerPage) break;
      cursor = { atMs: last.updatedAt, id: last.id };
    }
    await this.#loadStates(fresh);
    this.#readToMs = nowMs;
    if (whole) this.#wholeAtMs = nowMs;
  }

  /** True when the rule is new here. */
  #take(rule: LoadedRule): boolean {
    const before = this.#rules.get(rule.id);
    if (before && before.rule.updatedAt === rule.updatedAt && before.rule.deleted === rule.deleted) return false;
    const states = before?.states ?? new Map<string, GroupState>();
    // A changed rule tells its findings again: title, severity and policy may be others now.
    for (const [key, state] of states) states.set(key, { ...state, toldAtMs: 0 });
    const known = knowRule(rule, states);
    if (before) known.failingSinceMs = before.failingSinceMs;
    this.#rules.set(rule.id, known);
    const own = this.#byOrganisation.get(rule.organisation) ?? new Map<string, KnownRule>();
    this.#byOrganisation.set(rule.organisation, own.set(rule.id, known));
    this.#versions.set(rule.organisation, this.version(rule.organisation) + 1);
    return !before;
  }

  /** States of the shards that were gained are read, those of lost ones forgotten. */
  async moveShards(gained: readonly number[], lost: readonly number[]): Promise<void> {
    const fresh: string[] = [];
    for (const known of this.#rules.values()) {
      const shard = shardOf(known.rule.organisation);
      if (lost.includes(shard)) known.states.clear();
      if (gained.includes(shard)) fresh.push(known.rule.id);
    }
    await this.#loadStates(fresh);
  }

  async #loadStates(ids: readonly string[]): Promise<void> {
    for (const row of await this.#detect.ruleStates.load(ids))
      this.#rules.get(row.rule)?.states.set(row.groupKey, stateOf(row));
  }

  /** Takes a deleted rule out of memory. */
  forget(known: KnownRule): void {
    this.#rules.delete(known.rule.id);
    const own = this.#byOrganisation.get(known.rule.organisation);
    own?.delete(known.rule.id);
    if (own?.size === 0) this.#byOrganisation.delete(known.rule.organisation);
  }
}
