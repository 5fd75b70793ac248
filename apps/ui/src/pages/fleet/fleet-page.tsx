import type { ReactNode } from 'react';
import { SkeletonRows } from '../../components/skeleton.tsx';

export default function FleetPage(): ReactNode {
  return (
    <div className="page">
      <SkeletonRows rows={8} />
    </div>
  );
}
