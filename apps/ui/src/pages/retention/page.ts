import { IconArchive } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const retentionPage = definePage({
  path: '/retention',
  title: 'Retention',
  group: 'manage',
  icon: IconArchive,
  load: async () => import('./retention-page.tsx'),
});
