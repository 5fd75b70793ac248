import { IconBug } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const issuesPage = definePage({
  path: '/errors',
  title: 'Errors',
  group: 'watch',
  icon: IconBug,
  letter: 'e',
  load: async () => import('./issues-page.tsx'),
});

export const issuePage = definePage({
  path: '/errors/:issue',
  title: 'Issue',
  group: 'detail',
  icon: IconBug,
  load: async () => import('./issue-page.tsx'),
});

export const errorRulesPage = definePage({
  path: '/error-rules',
  title: 'Rules for errors',
  group: 'detail',
  icon: IconBug,
  load: async () => import('./error-rules-page.tsx'),
});
