import { IconTimeline } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const storyPage = definePage({
  path: '/story/:id',
  title: 'Story',
  group: 'detail',
  icon: IconTimeline,
  load: async () => import('./story-page.tsx'),
});

export const storyDoorPage = definePage({
  path: '/story',
  title: 'Story',
  group: 'detail',
  icon: IconTimeline,
  load: async () => import('./story-page.tsx'),
});
