import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '@sightline/base';
import type { Leases } from '@sightline/control';

/** Organisations are dealt to so many shards, and shards to the servers that watch. */
export const shardCount = 16;
const ttlMs = 15_000;
/** A pause longer than this was one of ours: silence in it is not the sites'. */
const gapMs = 60_000;
const shardName = (shard: number): string => `rules/${shard}`;
const workerPrefix = 'rule-worker/';

/** The shard of an organisation: its rules stay together, because they share queries. */
export function shardOf(organisation: string): number {
  return createHash('sha256').update(organisation).digest().readUInt32BE(0) % shardCount;
}

/** The shards that this server holds at the moment. */
export class Shards {
  /** Since when somebody watches each held shard without a gap, milliseconds since the epoch. */
  readonly held = new Map<number, { watchingSinceMs: number }>();
  readonly #holder = randomUUID();
  readonly #leases: Leases;
  readonly #clock: Clock;
  #heldUntilMs = 0;

  constructor(leases: Leases, clock: Clock) {
    this.#leases = leases;
    this.#clock = clock;
  }

  /** Renews, takes what is free up to a fair share, notes how far we are. Answers the shards that were gained and lost. */
  async renew(): Promise<{ gained: number[]; lost: number[] }> {
    const nowMs = this.#clock.now();
    await this.#leases.hold(this.#holder, [workerPrefix + this.#holder], ttlMs);
    const workers = Math.max(1, (await this.#leases.holders(workerPrefix)).length);
    const fair = Math.ceil(shardCount / workers);
    const tooMany = [...this.held.keys()].slice(fair);
    await this.#leases.release(this.#holder, tooMany.map(shardName));
    // Another server takes what we gave back, not we.
    const wanted = Array.from({ length: shardCount }, (_, shard) => shard).filter((shard) => !tooMany.includes(shard));
    const leases = await this.#leases.hold(this.#holder, wanted.map(shardName), ttlMs, fair);
    this.#heldUntilMs = nowMs + ttlMs;
    const now = new Map(leases.map((lease) => [Number(lease.name.slice('rules/'.length)), lease.note]));
    const lost = [...this.held.keys()].filter((shard) => !now.has(shard));
    for (const shard of lost) this.held.delete(shard);
    const gained = [...now.keys()].filter((shard) => !this.held.has(shard));
    for (const shard of gained) this.held.set(shard, { watchingSinceMs: watchingSince(now.get(shard) ?? {}, nowMs) });
    for (const [shard, { watchingSinceMs }] of this.held)
      await this.#leases.note(this.#holder, shardName(shard), { watchedToMs: nowMs, watchingSinceMs });
    return { gained, lost };
  }

  /** True while the shard is surely ours: a server that was paused for too long must not speak for it. */
  holds(shard: number): boolean {
    return this.held.has(shard) && this.#clock.now() < this.#heldUntilMs;
  }

  /** Lets go of everything, so that another server takes over at once. */
  async release(): Promise<void> {
    const names = [...this.held.keys()].map(shardName);
    this.held.clear();
    await this.#leases.release(this.#holder, [...names, workerPrefix + this.#holder]);
  }
}

function watchingSince(note: Readonly<Record<string, unknown>>, nowMs: number): number {
  const { watchedToMs, watchingSinceMs } = note;
  const known = typeof watchedToMs === 'number' && typeof watchingSinceMs === 'number';
  return known && nowMs - watchedToMs <= gapMs && watchingSinceMs <= nowMs ? watchingSinceMs : nowMs;
}
