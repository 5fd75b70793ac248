import { useRouter } from '@tanstack/react-router';
import { useCallback, type ComponentPropsWithRef, type MouseEvent, type ReactNode } from 'react';
import { useAddress, writeSearch, type SearchPatch } from '../data/address.ts';
import { scopePart } from '../data/scope.ts';

/** The address of another page, with the scope taken along; `search` adds to it or takes from it. */
export function useAddressOf(): (path: string, search?: SearchPatch) => string {
  const { search: current } = useAddress();
  return useCallback(
    (path: string, search: SearchPatch = {}) => path + writeSearch({ ...scopePart(current), ...search }),
    [current],
  );
}

/** Goes to a page by code: `go('/logs', { q: 'x' })`. Links are better where there is something to press. */
export function useGo(): (path: string, search?: SearchPatch) => void {
  const router = useRouter();
  const addressOf = useAddressOf();
  return useCallback((path, search) => router.history.push(addressOf(path, search)), [router, addressOf]);
}

export interface GoProps extends Omit<ComponentPropsWithRef<'a'>, 'href'> {
  /** Path of the page, parameters filled in and encoded: `/sites/STORE_012`. */
  readonly to: string;
  /** Added to the scope in the address; `''` takes a value away. */
  readonly search?: SearchPatch;
  readonly children?: ReactNode;
}

/** A link inside the product. It takes the scope along, and stays a real link (new tab, copy address). */
export function Go({ to, search, onClick, ...rest }: GoProps): ReactNode {
  const router = useRouter();
  const href = useAddressOf()(to, search);
  function follow(event: MouseEvent<HTMLAnchorElement>): void {
    onClick?.(event);
    const own = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (event.defaultPrevented || own) return;
    event.preventDefault();
    router.history.push(href);
  }
  return <a {...rest} href={href} onClick={follow} />;
}
