import { IconUrgent } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';
import { NobodyTold } from './nobody-told.tsx';
import { OpenBadge } from './open-badge.tsx';

export const incidentsPage = definePage({
  path: '/incidents',
  title: 'Incidents',
  group: 'watch',
  icon: IconUrgent,
  letter: 'i',
  badge: OpenBadge,
  notice: NobodyTold,
  load: async () => import('./incidents-page.tsx'),
});

export const incidentPage = definePage({
  path: '/incidents/:number',
  title: 'Incident',
  group: 'detail',
  icon: IconUrgent,
  load: async () => import('./incident-page.tsx'),
});
