import { lazy, Suspense, type ReactNode } from 'react';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { useAddress } from '../../../data/address.ts';
import LogsPage from '../logs-page.tsx';

const LogqlPage = lazy(async () => import('./logql-page.tsx'));

/** Logs by the search language, or by LogQL. */
export default function LogsDoor(): ReactNode {
  const { search } = useAddress();
  if (search['mode'] !== 'logql') return <LogsPage />;
  return (
    <Suspense
      fallback={
        <div className="page">
          <SkeletonRows rows={20} />
        </div>
      }
    >
      <LogqlPage />
    </Suspense>
  );
}
