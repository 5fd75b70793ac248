import type { getIssue } from '@sightline/contract';
import { useMemo, type ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { useAddress } from '../../data/address.ts';
import type { ProblemError, Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { QueryLine } from '../../search/query-line.tsx';
import './errors.css';
import { tagFilterField } from './tag-filter.ts';

const fields = ['message', 'type', 'user', 'order', 'amount', 'handled', 'trace', 'correlation', 'severity', 'culprit'];

/** A search over the events of one issue: what matches is stepped through, listed and counted by tag. */
export function EventSearch({
  answer,
  problem,
}: {
  answer: Reply<typeof getIssue>;
  problem: ProblemError | null;
}): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope } = useScope();
  const q = search['q'] ?? '';
  const offered = useMemo(() => {
    const tags = answer.tags.map(({ tag }) => tagFilterField(tag)).filter((field) => field !== undefined);
    return [...new Set([...tags, ...fields])];
  }, [answer.tags]);
  return (
    <div className="event-search">
      <QueryLine
        value={q}
        onSubmit={(next) => setSearch({ q: next, event: '' }, { push: true })}
        label="Search the events of this issue"
        placeholder="Search its events: site:STORE_012 amount:>50"
        scope={scope}
        fields={offered}
        problem={problem}
      />
      {q !== '' && problem === null && (
        <p className="muted" role="status">
          {answer.matching === 0
            ? `None of ${formatCount(answer.kept)} events matches; the newest of all is shown.`
            : `${formatCount(answer.matching)} of ${formatCount(answer.kept)} events ${answer.matching === 1 ? 'matches' : 'match'}: the steps, the tags and the list below are of these.`}
        </p>
      )}
    </div>
  );
}
