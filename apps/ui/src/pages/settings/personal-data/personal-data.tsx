import { getScrubRules } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { ErrorState } from '../../../components/error-state.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { useAsk } from '../../../data/ask.ts';
import { useMe } from '../../../data/session.tsx';
import { Backfill } from './backfill.tsx';
import { Bench } from './bench.tsx';
import { Canaries } from './canaries.tsx';
import { Report } from './report.tsx';
import { draftOf, rulesOf, type KeptRules } from './rules-draft.ts';
import { RulesForm } from './rules-form.tsx';
import './personal-data.css';

/** Whether anything gets through; the rules, and a bench to try them; what was scrubbed; what is stored from before. */
export function PersonalData(): ReactNode {
  const me = useMe();
  const asked = useAsk(getScrubRules);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={8} />;
  }
  return (
    <div className="personal-data">
      <Canaries />
      <RulesAndBench key={asked.data.updatedAt} kept={asked.data} />
      <Report />
      {me.may('admin') && <Backfill />}
    </div>
  );
}

/** The bench tries what stands in the form, saved or not. */
function RulesAndBench({ kept }: { kept: KeptRules }): ReactNode {
  const me = useMe();
  const [draft, setDraft] = useState(() => draftOf(kept));
  const rules = rulesOf(draft);
  return (
    <>
      <RulesForm kept={kept} draft={draft} rules={rules} onChange={setDraft} />
      {me.may('admin') && <Bench rules={rules} />}
    </>
  );
}
