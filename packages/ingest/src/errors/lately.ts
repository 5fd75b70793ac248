/** Entries of one key that are known at a time. */
const mostAlike = 8;

/** What was worked out, with about as many characters as it holds. */
export interface Kept {
  readonly characters: number;
}

/**
 * What was worked out lately and may be asked for again. Under one key several entries may stand; `isOf` tells whether an entry is the
 * one that is asked for. What nobody asked for while entries of `atMost` characters were kept or asked for is forgotten; entries of twice as
 * many are held at most, and none that is larger than a twentieth of that.
 */
export class Lately<Key, Asked, Entry extends Kept> {
  readonly #atMost: number;
  readonly #isOf: (entry: Entry, asked: Asked) => boolean;
  #recent = new Map<Key, Entry[]>();
  #earlier = new Map<Key, Entry[]>();
  #characters = 0;

  constructor(atMost: number, isOf: (entry: Entry, asked: Asked) => boolean) {
    this.#atMost = atMost;
    this.#isOf = isOf;
  }

  find(key: Key, asked: Asked): Entry | undefined {
    const recent = this.#among(this.#recent.get(key), asked);
    if (recent) return recent;
    const earlier = this.#among(this.#earlier.get(key), asked);
    if (earlier) this.keep(key, earlier);
    return earlier;
  }

  keep(key: Key, entry: Entry): void {
    if (entry.characters > this.#atMost / 20) return;
    if (this.#characters + entry.characters > this.#atMost) {
      this.#earlier = this.#recent;
      this.#recent = new Map();
      this.#characters = 0;
    }
    // Of one that gives way the characters still count: they tell how much came since.
    this.#characters += entry.characters;
    const alike = this.#recent.get(key);
    if (!alike) this.#recent.set(key, [entry]);
    else if (alike.length < mostAlike) alike.push(entry);
    else alike[this.#characters % mostAlike] = entry;
  }

  #among(alike: readonly Entry[] | undefined, asked: Asked): Entry | undefined {
    if (alike) for (const entry of alike) if (this.#isOf(entry, asked)) return entry;
    return undefined;
  }
}
