import { IconMessageReport } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const feedbackPage = definePage({
  path: '/feedback',
  title: 'Feedback',
  group: 'explore',
  icon: IconMessageReport,
  letter: 'k',
  load: async () => import('./feedback-page.tsx'),
});
