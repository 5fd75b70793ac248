import { IconDoorEnter, IconKey, IconMailOpened } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const signInPage = definePage({
  path: '/sign-in',
  title: 'Sign in',
  group: 'outside',
  icon: IconDoorEnter,
  load: async () => import('./sign-in-page.tsx'),
});

export const setupPage = definePage({
  path: '/setup',
  title: 'Set up',
  group: 'outside',
  icon: IconKey,
  load: async () => import('./setup-page.tsx'),
});

export const invitationPage = definePage({
  path: '/invitation',
  title: 'Invitation',
  group: 'outside',
  icon: IconMailOpened,
  load: async () => import('./invitation-page.tsx'),
});
