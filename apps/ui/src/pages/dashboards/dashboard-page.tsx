import { dashboardDocument, getDashboard, type Dashboard } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { DashboardView } from './dashboard-view.tsx';
import './dashboards.css';

/** The id that stands in the address of a dashboard that is not saved yet. */
export const newDashboard = 'new';

const empty: Dashboard = {
  id: newDashboard,
  ready: false,
  version: 0,
  document: dashboardDocument.parse({ schema: 1, title: 'New dashboard' }),
  updatedAt: null,
  updatedBy: '',
};

/** One dashboard, or a new one. */
export default function DashboardPage(): ReactNode {
  const id = usePathParam('dashboard');
  const asked = useAsk(getDashboard, { params: { id } }, { when: id !== newDashboard, keepOld: false });
  if (id === newDashboard) return <DashboardView key={id} dashboard={empty} />;
  if (asked.data !== undefined) return <DashboardView key={id} dashboard={asked.data} />;
  return (
    <div className="page">
      {asked.error === null ? (
        <>
          <Skeleton width={240} height={28} />
          <Skeleton height={160} />
          <Skeleton height={320} />
        </>
      ) : (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
    </div>
  );
}
