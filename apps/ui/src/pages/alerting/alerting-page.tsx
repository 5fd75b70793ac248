import type { ReactNode } from 'react';
import { Tabs } from '../../components/tabs.tsx';
import { Go } from '../../shell/go.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { Channels } from './channels.tsx';
import { Deliveries } from './deliveries.tsx';
import { Policies } from './policies.tsx';
import { Silences } from './silences.tsx';
import './alerting.css';

/** Who is told when, through what, what is held back, and what was sent. */
export default function AlertingPage(): ReactNode {
  usePageTitle('Alerting');
  return (
    <div className="page">
      <div className="row alerting-head">
        <h1>Alerting</h1>
        <Go to="/rules">Rules: what is watched</Go>
      </div>
      <Tabs
        label="Alerting"
        tabs={[
          { name: 'policies', title: 'Policies', content: <Policies /> },
          { name: 'channels', title: 'Channels', content: <Channels /> },
          { name: 'silences', title: 'Silences', content: <Silences /> },
          { name: 'deliveries', title: 'Deliveries', content: <Deliveries /> },
        ]}
      />
    </div>
  );
}
