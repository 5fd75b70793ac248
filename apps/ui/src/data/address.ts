import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

/** What stands after `?`, each value as plain text. */
export type Search = Readonly<Record<string, string>>;

/** Reads `?a=b&c=d` as plain text values (no JSON, so that addresses stay readable and can be written by hand). */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Writes the values that are not empty, in the order given; '' where nothing is left. */
export function writeSearch(search: Readonly<Record<string, unknown>>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === '') continue;
    out.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  // `:`, `,` and `/` may stand in a query; left alone they keep addresses readable.
  const text = out.toString().replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%2F', '/');
  return text === '' ? '' : `?${text}`;
}

/** How an address changes: undefined or '' takes a value away. */
export type SearchPatch = Readonly<Record<string, string | undefined>>;

/**
 * The page's own part of the address: `search.q`, `setSearch({ q: 'x' })`. Changes replace the entry in the history
 * unless `{ push: true }` (use it for what a person would want to come back from, such as an opened row).
 */
export function useAddress(): {
  readonly search: Search;
  readonly setSearch: (patch: SearchPatch, how?: { readonly push?: boolean }) => void;
} {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const setSearch = useCallback(
    (patch: SearchPatch, how: { readonly push?: boolean } = {}) => {
      void navigate({
        to: '.',
        search: (old: Search) => withPatch(old, patch),
        replace: how.push !== true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return { search, setSearch };
}

/** A parameter of the path, decoded; '' where the page has none of that name. */
export function usePathParam(name: string): string {
  const params: Record<string, string | undefined> = useParams({ strict: false });
  return params[name] ?? '';
}

/** The search after the change, without empty values. */
export function withPatch(old: Search, patch: SearchPatch): Record<string, string> {
  const next: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...old, ...patch })) {
    if (value !== undefined && value !== '') next[name] = value;
  }
  return next;
}
