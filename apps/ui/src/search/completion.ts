import { quoteValue } from './query-edit.ts';
import { tokenise } from './query-tokens.ts';

/** What the caret stands in, and so what should be offered. */
export interface CompletionPlace {
  readonly kind: 'field' | 'value';
  /** With `value`: the field whose values are wanted. */
  readonly field: string;
  /** What is typed already. */
  readonly prefix: string;
  /** The part of the query that an accepted offer replaces. */
  readonly from: number;
  readonly to: number;
}

/** Where the caret stands: in a word that may become a field, or behind `field:`. Undefined inside a phrase or regex. */
export function completionPlace(query: string, caret: number): CompletionPlace | undefined {
  const token = tokenise(query).find(({ from, to }) => caret > from && caret <= to);
  if (token === undefined || token.kind === 'open' || token.kind === 'close') {
    return { kind: 'field', field: '', prefix: '', from: caret, to: caret };
  }
  if (token.kind === 'filter') {
    if (caret < token.valueFrom) return undefined;
    const typed = query.slice(token.valueFrom, caret);
    if (/^[<>=/~]/.test(typed)) return undefined;
    const closed = typed.length > 1 && /^".*"$/.test(typed);
    if (closed) return undefined;
    return { kind: 'value', field: token.field, prefix: typed.replace(/^"/, ''), from: token.valueFrom, to: token.to };
  }
  if (token.kind !== 'word') return undefined;
  const start = token.negated ? token.from + 1 : token.from;
  return { kind: 'field', field: '', prefix: query.slice(start, caret), from: start, to: token.to };
}

export interface CompletedQuery {
  readonly query: string;
  readonly caret: number;
}

/** The query with an offer taken: a field waits behind its colon for a value, a value is quoted and followed by a blank. */
export function acceptOffer(query: string, place: CompletionPlace, offer: string): CompletedQuery {
  const text = place.kind === 'field' ? `${offer}:` : `${quoteValue(offer)} `;
  const rest = query.slice(place.to);
  const tail = place.kind === 'value' ? rest.replace(/^\s/, '') : rest;
  return { query: query.slice(0, place.from) + text + tail, caret: place.from + text.length };
}

/** Offers that fit what is typed: those that begin with it first, then those that contain it; at most `most`. */
export function rankOffers(offers: readonly string[], prefix: string, most = 12): readonly string[] {
  const wanted = prefix.toLowerCase();
  const begin = offers.filter((offer) => offer.toLowerCase().startsWith(wanted));
  const contain = offers.filter(
    (offer) => !offer.toLowerCase().startsWith(wanted) && offer.toLowerCase().includes(wanted),
  );
  return [...begin, ...contain].slice(0, most);
}
