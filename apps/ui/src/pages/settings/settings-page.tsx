import { listFaults } from '@sightline/contract';
import type { ReactNode } from 'react';
import { Tabs, type Tab } from '../../components/tabs.tsx';
import { useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { Agents } from './agents.tsx';
import { Audit } from './audit.tsx';
import { DemoFaults } from './demo-faults.tsx';
import { Keys } from './keys.tsx';
import { Mine } from './mine.tsx';
import { PersonalData } from './personal-data/personal-data.tsx';
import { People } from './people.tsx';
import { Pipelines } from './pipelines/pipelines.tsx';
import { Sampling } from './sampling.tsx';
import { Teams } from './teams/teams.tsx';
import { TokenPrices } from './token-prices.tsx';
import './settings.css';

/** People, teams, agents, sampling, prices of tokens, personal data, keys, audit, my own settings; the demo fleet's faults where it runs. */
export default function SettingsPage(): ReactNode {
  const me = useMe();
  const faults = useAsk(listFaults, {}, { when: me.demo });
  usePageTitle('Settings');
  const tabs: Tab[] = [
    { name: 'people', title: 'People', content: <People /> },
    { name: 'teams', title: 'Teams', content: <Teams /> },
    { name: 'agents', title: 'Agents', content: <Agents /> },
    { name: 'pipelines', title: 'Pipelines', content: <Pipelines /> },
    { name: 'sampling', title: 'Sampling', content: <Sampling /> },
    { name: 'token-prices', title: 'Token prices', content: <TokenPrices /> },
    { name: 'personal-data', title: 'Personal data', content: <PersonalData /> },
    { name: 'keys', title: 'API keys', content: <Keys />, need: { role: 'admin', what: 'see and make API keys' } },
    { name: 'audit', title: 'Audit', content: <Audit />, need: { role: 'admin', what: 'read the audit trail' } },
    { name: 'mine', title: 'Password and theme', content: <Mine /> },
    ...(me.demo && faults.data?.available !== false
      ? [{ name: 'demo', title: 'Demo faults', content: <DemoFaults /> }]
      : []),
  ];
  return (
    <div className="page">
      <h1>Settings</h1>
      <Tabs tabs={tabs} label="Settings" />
    </div>
  );
}
