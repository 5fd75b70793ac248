import { IconDatabaseImport } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';

export const dataPage = definePage({
  path: '/data',
  title: 'Data',
  group: 'manage',
  icon: IconDatabaseImport,
  letter: 'd',
  load: async () => import('./data-page.tsx'),
});
