import { IconSettings } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const settingsPage = definePage({
  path: '/settings',
  title: 'Settings',
  group: 'manage',
  icon: IconSettings,
  letter: 's',
  load: async () => import('./settings-page.tsx'),
});
