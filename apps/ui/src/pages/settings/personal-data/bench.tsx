import { Button, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { searchLogs, tryScrubRules, type ScrubRulesDraft } from '@sightline/contract';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { ErrorState } from '../../../components/error-state.tsx';
import { FormProblem } from '../../../components/form-problem.tsx';
import { counted } from '../../../components/number-text.ts';
import { ScrollX } from '../../../components/scroll-x.tsx';
import { Skeleton } from '../../../components/skeleton.tsx';
import { ToneBadge } from '../../../components/state-badge.tsx';
import { call, type ProblemError, type Reply } from '../../../data/call.ts';
import { useScope } from '../../../data/scope.ts';

type Tried = Reply<typeof tryScrubRules>;

const example =
  'ann@example.com paid with 4111 1111 1111 1111 from 10.1.2.3\n{"user":{"id":"ann"},"client.address":"10.1.2.3"}';
const linesTaken = 20;

/** Text in, what would be stored out: by the functions that load records, under the rules as they stand in the form. */
export function Bench({ rules }: { rules: ScrubRulesDraft | undefined }): ReactNode {
  const { query } = useScope();
  const [text, setText] = useState(example);
  const taking = useMutation<Reply<typeof searchLogs>, ProblemError>({
    mutationFn: async () => call(searchLogs, { query: { ...query, limit: linesTaken } }),
    onSuccess: ({ rows }) =>
      setText(rows.map(({ body, attributes }) => JSON.stringify({ body, ...attributes })).join('\n')),
  });
  return (
    <section className="panel panel-body scrub-bench" aria-label="Try the rules">
      <div className="row">
        <h2>Try them</h2>
        <Button variant="default" size="compact-sm" loading={taking.isPending} onClick={() => taking.mutate()}>
          Take the last lines
        </Button>
        {taking.data?.rows.length === 0 && <span className="muted">No log lines in this range.</span>}
      </div>
      <FormProblem problem={taking.error} known={[]} />
      <Textarea
        label="Lines or JSON, never real data"
        autosize
        minRows={3}
        maxRows={12}
        maxLength={200_000}
        classNames={{ input: 'code' }}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {rules === undefined ? (
        <p className="muted">A rule above is not finished yet.</p>
      ) : (
        text.trim() !== '' && <Outcome rules={rules} text={text} />
      )}
    </section>
  );
}

function Outcome({ rules, text }: { rules: ScrubRulesDraft; text: string }): ReactNode {
  const [settled] = useDebouncedValue(JSON.stringify({ rules, text }), 400);
  const asked = useQuery<Tried, ProblemError>({
    queryKey: [tryScrubRules.path, settled],
    queryFn: async ({ signal }) =>
      call(tryScrubRules, { body: JSON.parse(settled) as { rules: ScrubRulesDraft; text: string } }, signal),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
  });
  if (asked.error !== null) {
    if (asked.error.status === 422)
      return (
        <p role="alert" className="scrub-fault">
          {asked.error.detail}
        </p>
      );
    return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
  }
  if (asked.data === undefined) return <Skeleton height={80} />;
  const { fields, records, cut } = asked.data;
  const found = fields.reduce((sum, field) => sum + field.found.reduce((n, { count }) => n + count, 0), 0);
  return (
    <div data-stale={asked.isFetching ? '' : undefined}>
      <p role="status" className="muted">
        {found === 0 ? 'Nothing would be scrubbed' : counted(found, 'find')} in {counted(records, 'record')}
        {cut ? ', of which the first 2,000 fields were tried' : ''}. Hashes here are made with a salt for this try
        alone.
      </p>
      <ScrollX label="What would be stored">
        <table className="table">
          <thead>
            <tr>
              <th>Field</th>
              <th>Would be stored</th>
              <th>By</th>
            </tr>
          </thead>
          <tbody>
            {fields.map(({ record, field, before, after, found: by }, i) => (
              <tr key={`${record} ${field} ${i}`}>
                <td className="code">{field}</td>
                <td className="code scrub-after" title={before}>
                  {after}
                </td>
                <td>
                  {by.length === 0 ? (
                    <span className="muted">as it is</span>
                  ) : (
                    <span className="scrub-found">
                      {by.map(({ rule, count }) => (
                        <ToneBadge key={rule} tone="warn">
                          {rule}
                          {count > 1 ? ` × ${count}` : ''}
                        </ToneBadge>
                      ))}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </div>
  );
}
