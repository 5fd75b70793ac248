import type { Route } from '../route.ts';

/** Every area of our own API: one folder-mate file, one line here. */
export const allRoutes: readonly (readonly Route[])[] = [];
