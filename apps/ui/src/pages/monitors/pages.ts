import { IconActivityHeartbeat } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const monitorsPage = definePage({
  path: '/monitors',
  title: 'Monitors',
  group: 'explore',
  icon: IconActivityHeartbeat,
  letter: 'u',
  load: async () => import('./monitors-page.tsx'),
});
