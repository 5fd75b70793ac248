import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  type AnyRoute,
  type AnyRouter,
} from '@tanstack/react-router';
import { parseSearch, writeSearch } from '../data/address.ts';
import type { Page } from './page.ts';
import { PageFault, PageLoading, PageNotLoadedError, UnknownPage } from './page-states.tsx';
import { Shell } from './shell.tsx';

/**
 * The router would load the whole window anew for a page whose code does not come, which ends at the browser's own error page while the
 * server is away. What to do is `PageFault`'s to say.
 */
function notLoaded(cause: unknown): never {
  throw new PageNotLoadedError({ cause });
}

/** The routes of all pages: inside the shell, or outside of it. */
export function createPages(pages: readonly Page[]): AnyRouter {
  const root = createRootRoute({ component: Outlet, notFoundComponent: UnknownPage });
  const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });
  const nowhere = createRoute({ getParentRoute: () => shell as AnyRoute, path: '$', component: UnknownPage });
  const outside: AnyRoute[] = [];
  const inside: AnyRoute[] = [];
  for (const page of pages) {
    const alone = page.group === 'outside';
    const route = createRoute({
      getParentRoute: () => (alone ? root : shell) as AnyRoute,
      path: page.path.replaceAll(/:([a-zA-Z]+)/g, '$$$1'),
      component: lazyRouteComponent(async () => page.load().catch(notLoaded)),
      staticData: { title: page.title },
    });
    (alone ? outside : inside).push(route as AnyRoute);
  }
  return createRouter({
    routeTree: root.addChildren([shell.addChildren([...inside, nowhere as AnyRoute]), ...outside]),
    parseSearch: (text) => parseSearch(text),
    stringifySearch: (search) => writeSearch(search),
    defaultPendingComponent: PageLoading,
    defaultErrorComponent: PageFault,
    defaultNotFoundComponent: UnknownPage,
    defaultPendingMs: 150,
    // A page that is there is shown at once: by default a loading one stays for half a second.
    defaultPendingMinMs: 0,
    scrollRestoration: false,
  }) as AnyRouter;
}
