import type { Matcher } from '@sightline/query/promql';
import type { Column, Family } from './family.ts';
import { literalsOf, valueTest } from './match.ts';

/** A matcher and which values of a label it takes; kept between queries by whoever holds it. */
export class MatcherTable {
  readonly matcher: Matcher;
  readonly #test: (value: string) => boolean;
  readonly #literals: readonly string[] | undefined;
  /** The column that was tested last: a query is most often followed by another of the same metric. */
  #column: Column | undefined;
  #accepted: Uint8Array = new Uint8Array(0);
  #tested = 0;
  #any = false;

  /** Throws on a regular expression that is none. */
  constructor(matcher: Matcher) {
    this.matcher = matcher;
    this.#test = valueTest(matcher);
    this.#literals = literalsOf(matcher);
  }

  test(value: string): boolean {
    return this.#test(value);
  }

  /** By value id: 1 where the matcher takes it. Undefined when it takes none at all. Values that were tested before are not tested again. */
  accepted(column: Column): Uint8Array | undefined {
    if (this.#column !== column) {
      this.#column = column;
      this.#accepted = new Uint8Array(0);
      this.#tested = 0;
      this.#any = false;
    }
    const { length } = column.values;
    if (this.#accepted.length < length) {
      const wider = new Uint8Array(length);
      wider.set(this.#accepted);
      this.#accepted = wider;
    }
    if (this.#literals) {
      for (const literal of this.#literals) {
        const id = literal === '' ? 0 : column.byValue.get(literal);
        if (id === undefined) continue;
        this.#accepted[id] = 1;
        this.#any = true;
      }
    } else
      for (; this.#tested < length; this.#tested++) {
        if (!this.#test(column.values[this.#tested] as string)) continue;
        this.#accepted[this.#tested] = 1;
        this.#any = true;
      }
    return this.#any ? this.#accepted : undefined;
  }
}

/** Members of a family that all matchers take (that on `__name__` was looked at before) and that have samples between the times. */
export function findMembers(
  family: Family,
  tables: readonly MatcherTable[],
  startMs: number,
  endMs: number,
): Uint32Array {
  const tests: { readonly ids: Uint32Array; readonly accepted: Uint8Array }[] = [];
  for (const table of tables) {
    const column = family.columns.get(table.matcher.label);
    if (!column) {
      if (!table.test('')) return new Uint32Array(0);
      continue;
    }
    const accepted = table.accepted(column);
    if (!accepted) return new Uint32Array(0);
    tests.push({ ids: column.ids, accepted });
  }
  let found: Uint32Array = new Uint32Array(family.count);
  let count = 0;
  const { first, last } = family;
  for (let member = 0; member < family.count; member++)
    if ((first[member] as number) <= endMs && (last[member] as number) >= startMs) found[count++] = member;
  for (const { ids, accepted } of tests) {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const member = found[i] as number;
      if (accepted[ids[member] as number] === 1) found[kept++] = member;
    }
    count = kept;
  }
  found = found.subarray(0, count);
  return found;
}
