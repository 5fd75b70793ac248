import type { Labels } from '@sightline/query/promql';
import type { LabelTable, SelectionRequest } from '../selection.ts';
import type { Column, Family } from '../series/family.ts';

export interface MatchedFamily {
  readonly family: Family;
  readonly members: Uint32Array;
}

/** Numbers for texts, each once. */
class Texts {
  readonly list: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.list.push(text) - 1;
      this.#numbers.set(text, number);
    }
    return number;
  }
}

/** Labels of all members in turn, sorted by name within each. */
export function labelTable(matched: readonly MatchedFamily[], total: number): LabelTable {
  const texts = new Texts();
  const widest = matched.reduce((sum, { family, members }) => sum + members.length * (family.columns.size + 1) * 2, 0);
  const pairs = new Uint32Array(widest);
  const ends = new Uint32Array(total);
  let at = 0;
  let series = 0;
  const nameText = texts.of('__name__');
  for (const { family, members } of matched) {
    const metricText = texts.of(family.metric);
    const columns = family.sorted.map((column) => ({
      ids: column.ids,
      column,
      name: texts.of(column.name),
      // By value id: the text's number plus one.
      known: new Uint32Array(column.values.length),
    }));
    for (const member of members) {
      pairs[at++] = nameText;
      pairs[at++] = metricText;
      for (const { ids, column, name, known } of columns) {
        const id = ids[member] as number;
        if (id === 0) continue;
        if (known[id] === 0) known[id] = texts.of(column.values[id] as string) + 1;
        pairs[at++] = name;
        pairs[at++] = (known[id] as number) - 1;
      }
      ends[series++] = at;
    }
  }
  return { texts: texts.list, pairs: pairs.slice(0, at), ends };
}

/** Groups of the members by labels; the group of each member in turn. */
export function groupTable(
  matched: readonly MatchedFamily[],
  total: number,
  grouping: NonNullable<SelectionRequest['grouping']>,
): { readonly labels: readonly Labels[]; readonly of: Uint32Array } {
  const of = new Uint32Array(total);
  const groups: Labels[] = [];
  const numbers = new Map<string, number>();
  const chosen = new Set(grouping.labels);
  const withName = grouping.without
    ? !grouping.dropName && !chosen.has('__name__')
    : !grouping.dropName && chosen.has('__name__');
  let series = 0;
  for (const { family, members } of matched) {
    const columns = family.sorted.filter(({ name }) => chosen.has(name) !== grouping.without);
    const head: Record<string, string> = withName ? { __name__: family.metric } : {};
    // A member's values become one number step by step: a pair of the number so far and the next value is looked up.
    const steps = columns.map(() => new Map<number, number>());
    const byPath = new Map<number, number>();
    for (const member of members) {
      let path = 0;
      for (let c = 0; c < columns.length; c++) {
        const { ids, values } = columns[c] as Column;
        const key = path * values.length + (ids[member] as number);
        const step = steps[c] as Map<number, number>;
        let next = step.get(key);
        if (next === undefined) step.set(key, (next = step.size));
        path = next;
      }
      let group = byPath.get(path);
      if (group === undefined) {
        const labels: Record<string, string> = { ...head };
        for (const { name, ids, values } of columns) {
          const id = ids[member] as number;
          if (id !== 0) labels[name] = values[id] as string;
        }
        const key = JSON.stringify(Object.entries(labels));
        group = numbers.get(key);
        if (group === undefined) {
          group = groups.push(labels) - 1;
          numbers.set(key, group);
        }
        byPath.set(path, group);
      }
      of[series++] = group;
    }
  }
  return { labels: groups, of };
}
