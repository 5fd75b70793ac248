import { IconFlame } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const profilePage = definePage({
  path: '/profiles/:profile',
  title: 'Profile',
  group: 'detail',
  icon: IconFlame,
  load: async () => import('./profile-page.tsx'),
});
