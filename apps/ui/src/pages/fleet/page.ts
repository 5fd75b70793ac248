import { IconBuildingStore } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const fleetPage = definePage({
  path: '/',
  title: 'Fleet',
  group: 'watch',
  icon: IconBuildingStore,
  letter: 'f',
  load: async () => import('./fleet-page.tsx'),
});
