import { IconFlame, IconRoute } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const tracesPage = definePage({
  path: '/traces',
  title: 'Traces',
  group: 'explore',
  icon: IconRoute,
  letter: 't',
  load: async () => import('./traces-page.tsx'),
});

export const tracePage = definePage({
  path: '/traces/:id',
  title: 'Trace',
  group: 'detail',
  icon: IconRoute,
  load: async () => import('./trace-page.tsx'),
});

/** The router prefers its fixed path to `/traces/:id`. */
export const compareTracesPage = definePage({
  path: '/traces/compare',
  title: 'Compare traces',
  group: 'detail',
  icon: IconRoute,
  load: async () => import('./compare-page.tsx'),
});

export const profilePage = definePage({
  path: '/profiles/:profile',
  title: 'Profile',
  group: 'detail',
  icon: IconFlame,
  load: async () => import('./profiles/profile-page.tsx'),
});
