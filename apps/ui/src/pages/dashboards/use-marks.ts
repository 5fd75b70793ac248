import { listDeploys, type DashboardDocument } from '@sightline/contract';
import { useMemo } from 'react';
import type { ChartMark } from '../../charts/uplot-options.ts';
import { useAsk } from '../../data/ask.ts';
import { useIncidentMarks } from '../../data/incident-marks.ts';
import type { ScopeQuery } from '../../data/scope.ts';

const sameMs = 60_000;
const deploysMarked = 20;
const none: readonly ChartMark[] = [];

/** What happened meanwhile: incidents and deploys, as far as the dashboard marks them. The range is rounded to minutes. */
export function useMarks(
  { annotations }: Pick<DashboardDocument, 'annotations'>,
  scope: ScopeQuery,
): readonly ChartMark[] {
  const from = Math.floor(scope.from / sameMs) * sameMs;
  const to = Math.ceil(scope.to / sameMs) * sameMs;
  const incidents = useIncidentMarks({ from, to, site: scope.site });
  const deploys = useAsk(listDeploys, { query: { ...scope, from, to } }, { when: annotations.deploys });
  return useMemo(() => {
    const marked = (deploys.data?.deploys ?? []).slice(-deploysMarked).map(({ at, service, release }): ChartMark => ({
      at,
      label: `${service} ${release}`,
      tone: 'accent',
    }));
    return [...(annotations.incidents ? incidents : none), ...(annotations.deploys ? marked : none)];
  }, [annotations, incidents, deploys.data]);
}
