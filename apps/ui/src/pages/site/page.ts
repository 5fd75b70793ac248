import { IconBuildingStore } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const sitePage = definePage({
  path: '/sites/:code',
  title: 'Site',
  group: 'detail',
  icon: IconBuildingStore,
  load: async () => import('./site-page.tsx'),
});
