import type { Matcher } from '@sightline/query/promql';
import type { Column, Family } from './family.ts';
import { literalsOf, valueTest } from './match.ts';

/** Tests a label's distinct values once each; kept between queries by whoever holds it. */
export class MatcherTable {
  readonly matcher: Matcher;
  readonly #test: (value: string) => boolean;
  readonly #literals: readonly string[] | undefined;

  /** Throws on a regular expression that is none. */
  constructor(matcher: Matcher) {
    this.matcher = matcher;
    this.#test = valueTest(matcher);
    this.#literals = literalsOf(matcher);
  }

  test(value: string): boolean {
    return this.#test(value);
  }

  /** By value id: 1 where the matcher takes it. Undefined when it takes none at all. */
  accepted(column: Column): Uint8Array | undefined {
    const accepted = new Uint8Array(column.values.length);
    let any = false;
    if (this.#literals && !this.#literals.includes('')) {
      for (const literal of this.#literals) {
        const id = column.byValue.get(literal);
        if (id === undefined) continue;
        accepted[id] = 1;
        any = true;
      }
    } else
      for (let id = 0; id < accepted.length; id++) {
        if (!this.#test(column.values[id] as string)) continue;
        accepted[id] = 1;
        any = true;
      }
    return any ? accepted : undefined;
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
