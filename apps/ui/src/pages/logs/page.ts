import { IconListSearch } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const logsPage = definePage({
  path: '/logs',
  title: 'Logs',
  group: 'explore',
  icon: IconListSearch,
  letter: 'l',
  load: async () => import('./logql/logs-door.tsx'),
});

export const logsAroundPage = definePage({
  path: '/logs/around/:id',
  title: 'Lines around',
  group: 'detail',
  icon: IconListSearch,
  load: async () => import('./around-page.tsx'),
});
