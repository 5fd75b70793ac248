import type { ReactNode } from 'react';
import { Tabs, type Tab } from '../../components/tabs.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { IngestHealth } from './ingest-health.tsx';
import { Quarantine } from './quarantine.tsx';
import { Scraping } from './scraping.tsx';
import { SendData } from './send-data.tsx';
import './data.css';

/** How data comes in, and what became of it. */
export default function DataPage(): ReactNode {
  usePageTitle('Data');
  const tabs: Tab[] = [
    { name: 'send', title: 'Send data', content: <SendData /> },
    { name: 'health', title: 'Ingest health', content: <IngestHealth /> },
    { name: 'scraping', title: 'Scraping', content: <Scraping /> },
    {
      name: 'quarantine',
      title: 'Quarantine',
      content: <Quarantine />,
      need: { role: 'admin', what: 'see what was put into quarantine' },
    },
  ];
  return (
    <div className="page">
      <h1>Data</h1>
      <Tabs tabs={tabs} label="Data" />
    </div>
  );
}
