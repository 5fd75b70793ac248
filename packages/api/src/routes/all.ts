import type { Route } from '../route.ts';
import { keyRoutes } from './keys.ts';
import { peopleRoutes } from './people.ts';
import { sessionRoutes } from './session.ts';
import { logRoutes } from './logs.ts';
import { storyRoutes } from './story.ts';
import { traceRoutes } from './traces.ts';

/** Every area of our own API: one folder-mate file, one line here. */
export const allRoutes: readonly (readonly Route[])[] = [
  sessionRoutes,
  peopleRoutes,
  keyRoutes,
  logRoutes,
  traceRoutes,
  storyRoutes,
];
