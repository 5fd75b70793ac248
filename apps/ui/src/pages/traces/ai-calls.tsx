import { Button } from '@mantine/core';
import { listAiCalls } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatAmount, formatCount } from '../../charts/number-format.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { useGo } from '../../shell/go.tsx';
import { type ExtraColumn, FiguresTable } from './figures-table.tsx';

type AiRow = Reply<typeof listAiCalls>['rows'][number];

const whatColumns: readonly ExtraColumn<AiRow>[] = [
  { title: 'Model', show: (row) => row.model || '(unnamed)' },
  { title: 'Provider', show: (row) => row.system },
  { title: 'Operation', show: (row) => row.operation },
  { title: 'Callers', show: (row) => <span className="callers">{row.services.join(', ')}</span> },
];
const priceColumns: readonly ExtraColumn<AiRow>[] = [
  { title: 'Tokens in', number: true, show: (row) => formatCount(row.inputTokens) },
  { title: 'Tokens out', number: true, show: (row) => formatCount(row.outputTokens) },
  { title: 'Cost', number: true, show: (row) => (row.costUsd === null ? '–' : formatAmount(row.costUsd)) },
];

/** Calls of language models: how many, how long, tokens and what they cost. */
export function AiCalls(): ReactNode {
  const { query } = useScope();
  const go = useGo();
  const { data, error, isPending, refetch } = useAsk(listAiCalls, { query });
  if (isPending) return <SkeletonRows rows={8} height={32} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  if (data.rows.length === 0)
    return (
      <EmptyState
        compact
        title="No AI call in this range"
        text="Spans with OpenTelemetry's GenAI attributes (`gen_ai.request.model`, `gen_ai.usage.input_tokens`) are summed up here."
        action={<Button onClick={() => go('/data')}>Send data</Button>}
      />
    );
  const priced = data.rows.filter(({ costUsd }) => costUsd !== null);
  const cost = priced.reduce((sum, row) => sum + (row.costUsd ?? 0), 0);
  const tokens = data.points.map(({ at, inputTokens, outputTokens }) => ({ at, value: inputTokens + outputTokens }));
  return (
    <>
      <div className="ai-sum">
        <p>
          <strong>{formatAmount(cost)}</strong> in this range
          {priced.length < data.rows.length && (
            <span className="muted">, without {data.rows.length - priced.length} models that have no known price</span>
          )}
        </p>
        <Sparkline points={tokens} label="Tokens" kind="bars" width={240} height={32} />
      </div>
      <FiguresTable
        label="Table of AI calls"
        rows={data.rows}
        idOf={(row) => `${row.system} ${row.model} ${row.operation}`}
        before={whatColumns}
        after={priceColumns}
      />
    </>
  );
}
