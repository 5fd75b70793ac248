import type { Labels } from '../source.ts';

/** Names of a label set in order. Sources give labels in order mostly, so that this is one pass. */
export function sortedNames(labels: Labels): string[] {
  const names = Object.keys(labels);
  for (let i = 1; i < names.length; i++) {
    if (names[i - 1]! > names[i]!) return names.sort();
  }
  return names;
}

/** A label's value, '' where there is none: names that objects know by themselves (`constructor`) are labels like others. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? labels[name]! : '';
}

export interface Grouping {
  readonly grouping: readonly string[];
  readonly without: boolean;
}

/** Puts series into groups as an aggregation does: `keyOf` tells the group of a series, `labelsOf` the group's own labels. */
export class Grouper {
  readonly #without: boolean;
  readonly #names: readonly string[];
  readonly #set: ReadonlySet<string>;

  constructor({ grouping, without }: Grouping) {
    this.#without = without;
    this.#names = [...new Set(grouping)].sort();
    this.#set = new Set([...grouping, '__name__']);
  }

  keyOf(labels: Labels): string {
    let key = '';
    if (!this.#without) {
      for (const name of this.#names) key += `${labelOf(labels, name)}\u{0}`;
      return key;
    }
    for (const name of sortedNames(labels)) if (!this.#set.has(name)) key += `${name}\u{0}${labels[name]!}\u{0}`;
    return key;
  }

  labelsOf(labels: Labels): Labels {
    const own: Record<string, string> = {};
    if (this.#without) {
      for (const name of sortedNames(labels)) if (!this.#set.has(name)) own[name] = labels[name]!;
    } else {
      for (const name of this.#names) {
        const value = labelOf(labels, name);
        if (value !== '') own[name] = value;
      }
    }
    return own;
  }
}
