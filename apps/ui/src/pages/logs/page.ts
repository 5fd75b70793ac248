import { IconListSearch } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const logsPage = definePage({
  path: '/logs',
  title: 'Logs',
  group: 'explore',
  icon: IconListSearch,
  letter: 'l',
  load: async () => import('./logs-page.tsx'),
});
