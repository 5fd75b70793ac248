import { useEffect } from 'react';

/** The browser tab's title: `STORE_012 · Sightline`. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Sightline`;
  }, [title]);
}
