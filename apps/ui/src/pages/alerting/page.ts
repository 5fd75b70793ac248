import { IconBellRinging } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const alertingPage = definePage({
  path: '/alerting',
  title: 'Alerting',
  group: 'manage',
  icon: IconBellRinging,
  letter: 'a',
  load: async () => import('./alerting-page.tsx'),
});
