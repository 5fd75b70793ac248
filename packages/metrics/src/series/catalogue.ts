import { Family, grown } from './family.ts';
import { Hash64 } from '@sightline/base';

/** Active series that one organisation, and one metric of it, may have; further ones are folded. */
export interface CardinalityLimits {
  readonly organisation: number;
  readonly metric: number;
}
export const defaultCardinality: CardinalityLimits = { organisation: 1_000_000, metric: 200_000 };

export interface Organisation {
  readonly name: string;
  readonly families: Map<string, Family>;
  /** Series that the head holds. */
  active: number;
  /** True once the names of all metrics of the store's table are in `families`. */
  named: boolean;
}

/** A series as a client's labels ended: kept under its number, or folded. */
export interface FoundSeries {
  readonly sid: number;
  readonly made: boolean;
  readonly folded: boolean;
}

const utf8 = new TextEncoder();

/**
 * All series in memory: by organisation and metric as families, and those that the head holds by number (`sid`). A number stays
 * with its series until the series is retired, and is given to another one only after `recycle`.
 */
export class Catalogue {
  readonly organisations = new Map<string, Organisation>();
  readonly #limits: CardinalityLimits;
  readonly #hash = new Hash64();
  #scratch = Buffer.alloc(4096);
  #view = new DataView(this.#scratch.buffer, this.#scratch.byteOffset);
  /** By sid; undefined once retired. */
  readonly families: (Family | undefined)[] = [];
  members: Uint32Array = new Uint32Array(1024);
  #free: number[] = [];
  #retired: number[] = [];

  constructor(limits: CardinalityLimits = defaultCardinality) {
    this.#limits = limits;
  }

  /** Series that the head holds. */
  get active(): number {
    return this.families.length - this.#free.length - this.#retired.length;
  }
  get retired(): number {
    return this.#retired.length;
  }

  organisation(name: string): Organisation {
    let found = this.organisations.get(name);
    if (!found) {
      found = { name, families: new Map(), active: 0, named: false };
      this.organisations.set(name, found);
    }
    return found;
  }

  family(organisation: Organisation, metric: string): Family {
    let family = organisation.families.get(metric);
    if (!family) {
      family = new Family(organisation.name, metric);
      organisation.families.set(metric, family);
    }
    return family;
  }

  /** The series of these labels (sorted, without `__name__`), made where it is new. Over a limit: the metric's overflow series. */
  find(organisationName: string, metric: string, pairs: readonly string[], atMs: number): FoundSeries {
    const organisation = this.organisation(organisationName);
    const family = this.family(organisation, metric);
    const known = this.#member(family, pairs);
    const sid = known < 0 ? 0 : (family.sid[known] as number);
    if (sid !== 0) return { sid: sid - 1, made: false, folded: false };
    const full = organisation.active >= this.#limits.organisation || family.active >= this.#limits.metric;
    if (full && !isOverflow(pairs))
      return { ...this.find(organisationName, metric, overflowPairs, atMs), folded: true };
    const member = known < 0 ? family.add(this.#hash.lo, this.#hash.hi, pairs, atMs, atMs) : known;
    return { sid: this.#activate(organisation, family, member), made: true, folded: false };
  }

  /** A series with the fingerprint it got in an earlier run. */
  restore(
    organisationName: string,
    metric: string,
    pairs: readonly string[],
    fpLo: number,
    fpHi: number,
    atMs: number,
  ): number {
    const organisation = this.organisation(organisationName);
    const family = this.family(organisation, metric);
    let member = family.byFp.get(fpLo, fpHi);
    if (member < 0) member = family.add(fpLo, fpHi, pairs, atMs, atMs);
    const sid = family.sid[member] as number;
    return sid === 0 ? this.#activate(organisation, family, member) : sid - 1;
  }

  /** The head holds nothing of this series any more. It stays a member of its family. */
  retire(sid: number): void {
    const family = this.families[sid];
    if (!family) return;
    family.sid[this.members[sid] as number] = 0;
    family.active--;
    this.organisation(family.organisation).active--;
    this.families[sid] = undefined;
    this.#retired.push(sid);
  }

  /** Lets the numbers of retired series be given again: to be called when nobody knows them any more. */
  recycle(): void {
    this.#free.push(...this.#retired);
    this.#retired = [];
  }

  /**
   * Lets go of series that the head does not hold, of metrics that nobody asked for since `beforeMs`, until the rest is at most `bytes`.
   * They are loaded again when somebody does.
   */
  trim(bytes: number, beforeMs: number): void {
    const idle: { readonly organisation: Organisation; readonly family: Family; readonly bytes: number }[] = [];
    let total = 0;
    for (const organisation of this.organisations.values())
      for (const family of organisation.families.values()) {
        const { count, active, usedAtMs } = family;
        const loose = count === 0 ? 0 : (family.bytes * (count - active)) / count;
        total += loose;
        if (usedAtMs < beforeMs && (count > 2 * active || active === 0))
          idle.push({ organisation, family, bytes: loose });
      }
    if (total <= bytes) return;
    idle.sort((a, b) => a.family.usedAtMs - b.family.usedAtMs);
    for (const { organisation, family, bytes: loose } of idle) {
      if (total <= bytes) return;
      total -= loose;
      organisation.families.delete(family.metric);
      if (family.active === 0) organisation.named = false;
      else this.#keepActive(organisation, family);
    }
  }

  /** Puts another family in the place of this one, with the series that the head holds. */
  #keepActive(organisation: Organisation, family: Family): void {
    const smaller = this.family(organisation, family.metric);
    smaller.active = family.active;
    smaller.usedAtMs = family.usedAtMs;
    for (let member = 0; member < family.count; member++) {
      const sid = (family.sid[member] as number) - 1;
      if (sid < 0) continue;
      const [lo, hi] = [family.fpLo[member] as number, family.fpHi[member] as number];
      const first = family.first[member] as number;
      const kept = smaller.add(lo, hi, family.pairsOf(member), first, family.last[member] as number);
      smaller.sid[kept] = sid + 1;
      this.members[sid] = kept;
      this.families[sid] = smaller;
    }
  }

  /** The member with these labels, -1 when there is none; the hash then holds a fingerprint that is free. */
  #member(family: Family, pairs: readonly string[]): number {
    this.#hashOf(family, pairs);
    for (let salt = 1; ; salt++) {
      const member = family.byFp.get(this.#hash.lo, this.#hash.hi);
      if (member < 0 || family.hasLabels(member, pairs)) return member;
      // Two series with one fingerprint: the later one takes another.
      this.#hash.bytes(this.#view, 0, 0, this.#hash.lo + salt, this.#hash.hi);
    }
  }

  #hashOf(family: Family, pairs: readonly string[]): void {
    const text = `${family.organisation}\u0000${family.metric}\u0000${pairs.join('\u0000')}`;
    if (text.length * 3 > this.#scratch.length) {
      this.#scratch = Buffer.alloc(text.length * 4);
      this.#view = new DataView(this.#scratch.buffer, this.#scratch.byteOffset);
    }
    const { written } = utf8.encodeInto(text, this.#scratch);
    this.#hash.bytes(this.#view, 0, written, 0x2545f491, 0x9e3779b9);
  }

  #activate(organisation: Organisation, family: Family, member: number): number {
    const sid = this.#free.pop() ?? this.families.length;
    this.families[sid] = family;
    this.members = grown(this.members, sid + 1);
    this.members[sid] = member;
    family.sid[member] = sid + 1;
    family.active++;
    organisation.active++;
    return sid;
  }
}

/** Labels of the series that takes what is over a limit. */
export const overflowPairs: readonly string[] = ['overflow', 'true'];

function isOverflow(pairs: readonly string[]): boolean {
  return pairs.length === 2 && pairs[0] === 'overflow' && pairs[1] === 'true';
}
