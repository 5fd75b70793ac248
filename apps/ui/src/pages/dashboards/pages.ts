import { IconLayoutDashboard } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const dashboardsPage = definePage({
  path: '/dashboards',
  title: 'Dashboards',
  group: 'explore',
  icon: IconLayoutDashboard,
  letter: 'b',
  load: async () => import('./dashboards-page.tsx'),
});

export const dashboardPage = definePage({
  path: '/dashboards/:dashboard',
  title: 'Dashboard',
  group: 'detail',
  icon: IconLayoutDashboard,
  load: async () => import('./dashboard-page.tsx'),
});
