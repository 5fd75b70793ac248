import type { ComponentType } from 'react';
import type { Icon } from '@tabler/icons-react';

/**
 * A page of the interface.
 *
 * `group` says where its door is: `watch`, `explore` and `manage` stand on the rail in that order; `detail` pages are
 * reached from others; `outside` pages are drawn without the shell (nobody is signed in yet).
 */
export interface Page {
  /** Address with `:name` for parameters, such as `/sites/:code`. */
  readonly path: string;
  readonly title: string;
  readonly group: 'watch' | 'explore' | 'manage' | 'detail' | 'outside';
  readonly icon: Icon;
  /** The letter that opens the page after `g`; rail pages have one. */
  readonly letter?: string;
  /** A small figure on the door; draws nothing when there is none. */
  readonly badge?: ComponentType;
  /** Said above every page while it must be; draws nothing otherwise. */
  readonly notice?: ComponentType;
  /** The page's own chunk. */
  readonly load: () => Promise<{ default: ComponentType }>;
}

/** Declares a page. One folder under `pages/`, one line in `pages/all.ts`. */
export function definePage(page: Page): Page {
  return page;
}
