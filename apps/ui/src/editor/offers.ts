import type { Completion } from '@codemirror/autocomplete';

/** Words of a language with what each is for. */
export const wordOffers = (words: Readonly<Record<string, string>>, type: string): readonly Completion[] =>
  Object.entries(words).map(([label, detail]) => ({ label, detail, type }));

/** Names that were received: labels, attributes. */
export const nameOffers = (names: readonly string[]): readonly Completion[] =>
  names.map((label) => ({ label, type: 'property' }));

/** A value as it stands inside of these quotes. */
export const insideQuotes = (value: string, quote: '"' | '`'): string =>
  quote === '"' ? JSON.stringify(value).slice(1, -1) : value;
