import type { Labels } from '@sightline/query/promql';
import { HashTable } from '@sightline/base';

/** One label of a family: what each member has for it, as a number into the distinct values. */
export interface Column {
  readonly name: string;
  /** By member; 0 where the member has no such label. */
  ids: Uint32Array;
  /** Distinct values; the first is '' and stands for "none". */
  readonly values: string[];
  readonly byValue: Map<string, number>;
}

/** So many members are taken out of the order of all instead of being sorted by themselves. */
const sortedTogether = 2000;

/** Members that have a place in 53 bits beside half a fingerprint. */
const memberRange = 2 ** 21;

/** `Uint32Array` of at least `length`, with what `array` holds; doubles, so that appending stays linear. */
export function grown(array: Uint32Array, length: number): Uint32Array {
  if (array.length >= length) return array;
  const larger = new Uint32Array(Math.max(length, array.length * 2, 16));
  larger.set(array);
  return larger;
}

/**
 * All known series of one metric in one organisation, as columns: labels are numbers into the distinct values, so that a
 * matcher looks at each distinct value once and a million series stay small.
 */
export class Family {
  readonly organisation: string;
  readonly metric: string;
  count = 0;
  fpLo: Uint32Array = new Uint32Array(4);
  fpHi: Uint32Array = new Uint32Array(4);
  /** Seconds since the epoch between which the member is known to have samples. */
  first: Float64Array = new Float64Array(4);
  last: Float64Array = new Float64Array(4);
  /** Number of the series in the head plus one; 0 where the head has no samples of it. */
  sid: Uint32Array = new Uint32Array(4);
  readonly columns = new Map<string, Column>();
  readonly byFp = new HashTable(4);
  /** Members that the head holds. */
  active = 0;
  /** True once all series of the store's table are members. */
  complete = false;
  usedAtMs = 0;
  #sorted: readonly Column[] = [];
  /** All members by fingerprint, as of when they were as many as this. */
  #ordered: Uint32Array = new Uint32Array(0);

  constructor(organisation: string, metric: string) {
    this.organisation = organisation;
    this.metric = metric;
  }

  /** Rough bytes that the family holds. */
  get bytes(): number {
    let bytes = this.fpLo.length * 28 + this.byFp.bytes;
    for (const column of this.columns.values()) bytes += column.ids.length * 4 + column.values.length * 100;
    return bytes;
  }

  /** Adds a series that is not a member yet. `labels`: name and value in turn, sorted by name, without `__name__`. Returns its number. */
  add(fpLo: number, fpHi: number, labels: readonly string[], firstS: number, lastS: number): number {
    const member = this.count++;
    if (member >= this.fpLo.length) this.#grow(member + 1);
    this.fpLo[member] = fpLo;
    this.fpHi[member] = fpHi;
    this.first[member] = firstS;
    this.last[member] = lastS;
    this.byFp.set(fpLo, fpHi, member);
    for (let i = 0; i < labels.length; i += 2) {
      const column = this.#column(labels[i] as string);
      const value = labels[i + 1] as string;
      let id = column.byValue.get(value);
      if (id === undefined) {
        id = column.values.push(value) - 1;
        column.byValue.set(value, id);
      }
      column.ids[member] = id;
    }
    return member;
  }

  /** The columns sorted by name. */
  get sorted(): readonly Column[] {
    if (this.#sorted.length !== this.columns.size)
      this.#sorted = [...this.columns.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#sorted;
  }

  /** Labels of a member, sorted by name, name and value in turn, without `__name__`. */
  pairsOf(member: number): string[] {
    const pairs: string[] = [];
    for (const { ids, name, values } of this.sorted) {
      const id = ids[member] as number;
      if (id !== 0) pairs.push(name, values[id] as string);
    }
    return pairs;
  }

  /** The members in order of their fingerprints. */
  byFingerprint(members: Uint32Array): Uint32Array {
    if (members.length < sortedTogether || members.length * 16 < this.count) return this.#sort(members);
    if (this.#ordered.length !== this.count) {
      this.#ordered = Uint32Array.from({ length: this.count }, (_, member) => member);
      this.#sort(this.#ordered);
    }
    const wanted = new Uint8Array(this.count);
    for (const member of members) wanted[member] = 1;
    let at = 0;
    for (const member of this.#ordered) if (wanted[member] === 1) members[at++] = member;
    return members;
  }

  /** Sorts by numbers that hold the upper half of the fingerprint and the member: many times quicker than by comparing two members. */
  #sort(members: Uint32Array): Uint32Array {
    const { fpLo, fpHi } = this;
    const lower = (a: number, b: number): number =>
      (fpHi[a] as number) - (fpHi[b] as number) || (fpLo[a] as number) - (fpLo[b] as number);
    if (this.count > memberRange) return members.sort(lower);
    const keys = new Float64Array(members.length);
    for (let i = 0; i < keys.length; i++)
      keys[i] = (fpHi[members[i] as number] as number) * memberRange + (members[i] as number);
    keys.sort();
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number;
      const member = key - Math.floor(key / memberRange) * memberRange;
      let at = i;
      // Those whose upper halves are the same are few.
      for (; at > 0 && lower(members[at - 1] as number, member) > 0; at--) members[at] = members[at - 1] as number;
      members[at] = member;
    }
    return members;
  }

  /** Labels of a member, `__name__` among them. */
  labelsOf(member: number): Labels {
    const labels: Record<string, string> = { __name__: this.metric };
    const pairs = this.pairsOf(member);
    for (let i = 0; i < pairs.length; i += 2) labels[pairs[i] as string] = pairs[i + 1] as string;
    return labels;
  }

  /** Whether a member has exactly these labels (as `add` takes them). */
  hasLabels(member: number, labels: readonly string[]): boolean {
    let present = 0;
    for (const column of this.columns.values()) if (column.ids[member] !== 0) present++;
    if (present * 2 !== labels.length) return false;
    for (let i = 0; i < labels.length; i += 2) {
      const column = this.columns.get(labels[i] as string);
      if (!column || column.values[column.ids[member] as number] !== labels[i + 1]) return false;
    }
    return true;
  }

  #column(name: string): Column {
    const known = this.columns.get(name);
    if (known) return known;
    const column = { name, ids: new Uint32Array(this.fpLo.length), values: [''], byValue: new Map<string, number>() };
    this.columns.set(name, column);
    return column;
  }

  #grow(length: number): void {
    this.fpLo = grown(this.fpLo, length);
    const size = this.fpLo.length;
    this.fpHi = grown(this.fpHi, size);
    this.sid = grown(this.sid, size);
    const [first, last] = [new Float64Array(size), new Float64Array(size)];
    first.set(this.first);
    last.set(this.last);
    [this.first, this.last] = [first, last];
    for (const column of this.columns.values()) column.ids = grown(column.ids, size);
  }
}

/** Name and value in turn, sorted by name as Prometheus sorts them (by bytes, which UTF-16 order equals below U+10000). */
export function sortedPairs(pairs: readonly string[]): readonly string[] {
  let sorted = true;
  for (let i = 2; i < pairs.length; i += 2) if ((pairs[i - 2] as string) > (pairs[i] as string)) sorted = false;
  if (sorted) return pairs;
  const order = Array.from({ length: pairs.length / 2 }, (_, at) => at * 2);
  order.sort((a, b) => ((pairs[a] as string) < (pairs[b] as string) ? -1 : 1));
  return order.flatMap((at) => [pairs[at] as string, pairs[at + 1] as string]);
}
