import type { ImportNote } from '@sightline/contract';

const notesAtMost = 1000;

/** What could not be carried over; the same is said of a panel once. */
export class Notes {
  readonly list: ImportNote[] = [];
  readonly #said = new Set<string>();

  /** `panel` is a title, '' for the dashboard as a whole. */
  add(panel: string, text: string): void {
    const key = `${panel}\0${text}`;
    if (this.#said.has(key) || this.list.length >= notesAtMost) return;
    this.#said.add(key);
    this.list.push({ panel: panel.slice(0, 200), text: text.slice(0, 1000) });
  }
}
