import { useSyncExternalStore } from 'react';

function subscribe(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-mantine-color-scheme'] });
  return () => observer.disconnect();
}

/** `dark` or `light`, as the page is drawn now: a canvas must be painted again when it changes. */
export function useColourScheme(): string {
  return useSyncExternalStore(subscribe, () => document.documentElement.dataset['mantineColorScheme'] ?? 'dark');
}
