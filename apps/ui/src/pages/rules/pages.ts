import { IconRulerMeasure } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const rulesPage = definePage({
  path: '/rules',
  title: 'Rules',
  group: 'manage',
  icon: IconRulerMeasure,
  letter: 'r',
  load: async () => import('./rules-page.tsx'),
});

export const newRulePage = definePage({
  path: '/rules/new',
  title: 'New rule',
  group: 'detail',
  icon: IconRulerMeasure,
  load: async () => import('./edit-rule-page.tsx'),
});

export const rulePage = definePage({
  path: '/rules/:rule',
  title: 'Rule',
  group: 'detail',
  icon: IconRulerMeasure,
  load: async () => import('./rule-page.tsx'),
});

export const editRulePage = definePage({
  path: '/rules/:rule/edit',
  title: 'Change rule',
  group: 'detail',
  icon: IconRulerMeasure,
  load: async () => import('./edit-rule-page.tsx'),
});
