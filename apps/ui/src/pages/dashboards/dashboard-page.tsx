import { dashboardDocument, getDashboard, type Dashboard } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { ProblemError } from '../../data/problem.ts';
import { DashboardView } from './dashboard-view.tsx';
import './dashboards.css';
import { KioskBar } from './kiosk-bar.tsx';
import { useKiosk } from './kiosk.ts';

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
  return <Unread key={id} id={id} error={asked.error} again={() => void asked.refetch()} />;
}

/** A dashboard that is on its way, or cannot be read: a rotation goes on all the same. */
function Unread({ id, error, again }: { id: string; error: ProblemError | null; again: () => void }): ReactNode {
  const kiosk = useKiosk(id, '');
  return (
    <div className="page dashboard" data-kiosk={kiosk.on ? '' : undefined}>
      {kiosk.on && <KioskBar kiosk={kiosk} />}
      {error === null ? (
        <>
          <Skeleton width={240} height={28} />
          <Skeleton height={160} />
          <Skeleton height={320} />
        </>
      ) : (
        <ErrorState error={error} again={again} />
      )}
    </div>
  );
}
