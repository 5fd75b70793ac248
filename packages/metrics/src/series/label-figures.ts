import type { Family } from './family.ts';

export type Figure = [name: string, count: number];

/** Most rows of a figure. */
const mostRows = 100;

/** The greatest of them, in order. */
export function greatest(figures: readonly Figure[]): Figure[] {
  return figures.toSorted((a, b) => b[1] - a[1]).slice(0, mostRows);
}

/** How many series of the head have each value of a label. */
export function countValues(families: readonly Family[], label: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const family of families) {
    const column = family.columns.get(label);
    if (!column) continue;
    const ofFamily = new Uint32Array(column.values.length);
    for (let member = 0; member < family.count; member++)
      if (family.sid[member] !== 0) ofFamily[column.ids[member] as number]!++;
    for (let id = 1; id < ofFamily.length; id++) {
      const count = ofFamily[id] as number;
      const value = column.values[id] as string;
      if (count > 0) counts.set(value, (counts.get(value) ?? 0) + count);
    }
  }
  return counts;
}

/** What labels weigh, one after the other: of each only its greatest values are kept. */
export class LabelFigures {
  readonly #byLabel: Figure[] = [];
  readonly #bytesByLabel: Figure[] = [];
  #byPair: Figure[] = [];
  #pairs = 0;

  /** `counts`: series by value. */
  add(label: string, counts: ReadonlyMap<string, number>): void {
    if (counts.size === 0) return;
    let bytes = 0;
    const ofLabel: Figure[] = [];
    for (const [value, count] of counts) {
      bytes += Buffer.byteLength(value) * count;
      ofLabel.push([value, count]);
    }
    this.#byLabel.push([label, counts.size]);
    this.#bytesByLabel.push([label, bytes]);
    this.#pairs += counts.size;
    const pairs = greatest(ofLabel).map(([value, count]): Figure => [`${label}=${value}`, count]);
    this.#byPair = greatest([...this.#byPair, ...pairs]);
  }

  greatest(): { byLabel: Figure[]; bytesByLabel: Figure[]; byPair: Figure[]; pairs: number } {
    return {
      byLabel: greatest(this.#byLabel),
      bytesByLabel: greatest(this.#bytesByLabel),
      byPair: this.#byPair,
      pairs: this.#pairs,
    };
  }
}
