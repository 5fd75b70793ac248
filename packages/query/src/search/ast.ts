/** Where in the search text something stands: offsets in UTF-16 code units, `to` excluded. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A search that could not be read or does not fit the table. `message` says in plain words what was expected. */
export interface SearchError {
  readonly message: string;
  readonly position: Span;
}

export type Comparison = '>' | '>=' | '<' | '<=';

/** A value as it was written. Quoted values are taken literally; in others `*` is a wildcard. */
export interface Value {
  /** Escapes undone; where `wildcard`, the text still holds `*`, and a literal star stands as `\*`. */
  readonly text: string;
  readonly quoted: boolean;
  readonly wildcard: boolean;
  readonly at: Span;
}

/** What a field must satisfy. */
export type Test =
  | { readonly kind: 'is'; readonly value: Value }
  | { readonly kind: 'compare'; readonly comparison: Comparison; readonly value: Value }
  | {
      readonly kind: 'range';
      readonly low: Value;
      readonly high: Value;
      readonly includeLow: boolean;
      readonly includeHigh: boolean;
    }
  | { readonly kind: 'regex'; readonly pattern: string; readonly at: Span }
  | { readonly kind: 'exists' };

/** A parsed search. Values are frozen. */
export type Search =
  | { readonly kind: 'everything' }
  | { readonly kind: 'and'; readonly items: readonly Search[] }
  | { readonly kind: 'or'; readonly items: readonly Search[] }
  | { readonly kind: 'not'; readonly item: Search }
  /** A bare word or phrase. */
  | { readonly kind: 'text'; readonly value: Value }
  /** A bare `/…/`. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly at: Span }
  /** `exists:/…/`: an attribute whose name matches. */
  | { readonly kind: 'named'; readonly pattern: string; readonly at: Span }
  | { readonly kind: 'field'; readonly field: string; readonly at: Span; readonly test: Test };
