import { IconRocket } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const releasesPage = definePage({
  path: '/releases',
  title: 'Releases',
  group: 'explore',
  icon: IconRocket,
  letter: 'v',
  load: async () => import('./releases-page.tsx'),
});

export const releasePage = definePage({
  path: '/releases/:release',
  title: 'Release',
  group: 'detail',
  icon: IconRocket,
  load: async () => import('./release-page.tsx'),
});
