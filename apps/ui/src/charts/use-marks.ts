import { listDeploys, listIncidentSpans } from '@sightline/contract';
import { useMemo } from 'react';
import { useAsk } from '../data/ask.ts';
import type { ProblemError } from '../data/call.ts';
import type { ScopeQuery } from '../data/scope.ts';
import { marksOf, type Marks } from './chart-marks.ts';

const sameMs = 60_000;
const both = { incidents: true, deploys: true };

/** What happened in a scope meanwhile: incidents and deploys, as far as they are wanted. The range is rounded to minutes. */
export function useMarks(
  scope: ScopeQuery,
  wanted: { readonly incidents: boolean; readonly deploys: boolean } = both,
): { readonly marks: Marks; readonly error: ProblemError | null } {
  const from = Math.floor(scope.from / sameMs) * sameMs;
  const to = Math.ceil(scope.to / sameMs) * sameMs;
  const { site } = scope;
  const incidents = useAsk(listIncidentSpans, { query: { from, to, site } }, { when: wanted.incidents && from < to });
  const deploys = useAsk(listDeploys, { query: { ...scope, from, to } }, { when: wanted.deploys && from < to });
  const marks = useMemo(
    () =>
      marksOf(
        { from, to },
        {
          incidents: wanted.incidents ? (incidents.data?.spans ?? []) : [],
          incidentsCut: wanted.incidents && incidents.data?.cut === true,
          deploys: wanted.deploys ? (deploys.data?.deploys ?? []) : [],
          deploysCut: wanted.deploys && deploys.data?.cut === true,
        },
      ),
    [from, to, wanted.incidents, wanted.deploys, incidents.data, deploys.data],
  );
  return { marks, error: incidents.error ?? deploys.error };
}
