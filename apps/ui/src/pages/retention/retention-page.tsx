import type { ReactNode } from 'react';
import { Tabs } from '../../components/tabs.tsx';
import { useMe } from '../../data/session.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { ArchiveDays } from './archive-days.tsx';
import { ArchiveToday } from './archive-today.tsx';
import { Classes } from './classes.tsx';
import { Disposals } from './disposals.tsx';
import { Evidence } from './evidence.tsx';
import { Holds } from './holds.tsx';
import './retention.css';

/** How long logs are kept, what must not be deleted, and the evidence of both. */
export default function RetentionPage(): ReactNode {
  const me = useMe();
  usePageTitle('Retention');
  return (
    <div className="page retention">
      <h1>Retention</h1>
      <Tabs
        label="Retention"
        tabs={[
          { name: 'classes', title: 'Classes', content: <Classes /> },
          { name: 'holds', title: 'Legal holds', content: <Holds /> },
          {
            name: 'archive',
            title: 'Archive',
            content: (
              <>
                <ArchiveDays />
                {me.may('admin') && <ArchiveToday />}
              </>
            ),
          },
          {
            name: 'disposals',
            title: 'Taken out',
            content: <Disposals />,
            need: { role: 'admin', what: 'read the records of what was taken out of the archive' },
          },
          {
            name: 'evidence',
            title: 'Evidence',
            content: <Evidence />,
            need: { role: 'admin', what: 'read the evidence' },
          },
        ]}
      />
    </div>
  );
}
