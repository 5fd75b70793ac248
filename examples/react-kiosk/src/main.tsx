import * as Sentry from '@sentry/react';
import { createRoot } from 'react-dom/client';
import { Kiosk } from './kiosk.tsx';

Sentry.init({
  dsn: import.meta.env['VITE_SENTRY_DSN'] as string,
  environment: 'production',
  release: 'react-kiosk@1.0.0',
  initialScope: { tags: { 'site.id': 'STORE_047', 'service.name': 'kiosk' }, user: { username: 'Kiosk 3' } },
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no element with the id "root"');
createRoot(root).render(<Kiosk />);
