import { IconChartLine } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const metricsPage = definePage({
  path: '/metrics',
  title: 'Metrics',
  group: 'explore',
  icon: IconChartLine,
  letter: 'm',
  load: async () => import('./metrics-page.tsx'),
});
