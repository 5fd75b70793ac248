import type { ReactNode } from 'react';
import { Tabs } from '../../components/tabs.tsx';
import { useMe } from '../../data/session.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { Classes } from './classes.tsx';
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
          ...(me.may('admin') ? [{ name: 'evidence', title: 'Evidence', content: <Evidence /> }] : []),
        ]}
      />
    </div>
  );
}
