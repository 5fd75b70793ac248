/** How far each scrolling part of a page was scrolled (px), by its name. */
export type Places = Readonly<Record<string, number>>;

/** What an entry of the history was left at: its places, and the link that led away from it ('' where none did). */
export interface LeftAt {
  readonly places: Places;
  readonly link: string;
}

const nothing: LeftAt = { places: {}, link: '' };

/** Remembers the last entries of a tab's history (at most `most`), by the keys that the router gives them. */
export class ScrollPlaces {
  readonly #most: number;
  readonly #kept = new Map<string, LeftAt>();

  constructor(most = 100) {
    this.#most = most;
  }

  of(key: string): LeftAt {
    return this.#kept.get(key) ?? nothing;
  }

  keepPlace(key: string, part: string, top: number): void {
    const { places, link } = this.of(key);
    this.#set(key, { places: { ...places, [part]: top }, link });
  }

  keepLink(key: string, link: string): void {
    this.#set(key, { places: this.of(key).places, link });
  }

  /** An entry that took the place of another, or opened a part of the same page, stands where that one stood. */
  follow(from: string, to: string): void {
    this.#set(to, from === to ? this.of(from) : { places: this.of(from).places, link: '' });
  }

  /** All of it as text, for a reload of the tab. */
  write(): string {
    return JSON.stringify([...this.#kept]);
  }

  /** Takes over what `write` wrote; other text is passed over. */
  read(text: string): void {
    try {
      for (const [key, { places, link }] of JSON.parse(text) as [string, LeftAt][]) this.#set(key, { places, link });
    } catch {
      // Nothing is remembered, as in a new tab.
    }
  }

  #set(key: string, left: LeftAt): void {
    this.#kept.delete(key);
    this.#kept.set(key, left);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break;
      this.#kept.delete(oldest);
    }
  }
}
