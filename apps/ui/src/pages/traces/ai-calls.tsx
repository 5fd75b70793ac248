import { Button } from '@mantine/core';
import { listAiCalls } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatAmount, formatCount } from '../../charts/number-format.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { CallView } from './calls.tsx';
import { type ExtraColumn, FiguresTable, useFigureSort } from './figures-table.tsx';
import { FigureFacts } from './operations.tsx';

type AiRow = Reply<typeof listAiCalls>['rows'][number];

/** A call costs fractions of a cent: a sum of few is told to two digits that count. */
const costText = (usd: number): string =>
  usd > 0 && usd < 0.1 ? `$${usd.toLocaleString('en-US', { maximumSignificantDigits: 2 })}` : formatAmount(usd);

const ownSorts = ['tokens', 'cost'] as const;
const sortWords: Readonly<Record<string, string>> = {
  total: 'the most time',
  calls: 'the most calls',
  errors: 'the most errors',
  p95: 'the slowest calls',
};

const idOf = (row: AiRow): string => `${row.system} ${row.model} ${row.operation}`;

const whatColumns: readonly ExtraColumn<AiRow>[] = [
  {
    title: 'Model',
    show: (row) => (
      <button type="button" className="plain-link statement" title={row.model}>
        {row.model || '(unnamed)'}
      </button>
    ),
  },
  { title: 'Provider', show: (row) => row.system },
  { title: 'Operation', show: (row) => row.operation },
  { title: 'Callers', show: (row) => <span className="callers">{row.services.join(', ')}</span> },
];
const priceColumns: readonly ExtraColumn<AiRow>[] = [
  { title: 'Tokens in', number: true, sort: 'tokens', show: (row) => formatCount(row.inputTokens) },
  { title: 'Tokens out', number: true, show: (row) => formatCount(row.outputTokens) },
  {
    title: 'Cost',
    number: true,
    sort: 'cost',
    show: (row) => (row.costUsd === null ? <PriceMissing model={row.model} /> : costText(row.costUsd)),
  },
];

/** The way to the place where a price is set. */
function PriceMissing({ model }: { model: string }): ReactNode {
  return (
    <Go
      to="/settings"
      search={{ tab: 'token-prices', model }}
      title={`Set what tokens of ${model} cost`}
      // The row would open beneath.
      onClick={(event) => event.stopPropagation()}
    >
      no price
    </Go>
  );
}

/** Calls of language models: how many, how long, tokens and what they cost. */
export function AiCalls(): ReactNode {
  const { search, setSearch } = useAddress();
  const { query } = useScope();
  const go = useGo();
  const sort = useFigureSort(ownSorts);
  const { data, error, isPending, refetch } = useAsk(listAiCalls, { query: { ...query, sort } });
  if (isPending) return <SkeletonRows rows={8} height={32} />;
  if (data === undefined) return error === null ? null : <ErrorState error={error} again={() => void refetch()} />;
  const { rows, points } = data;
  if (rows.length === 0)
    return (
      <EmptyState
        compact
        title="No AI call in this range"
        text="Spans with OpenTelemetry's GenAI attributes (gen_ai.request.model, gen_ai.usage.input_tokens) are summed up here."
        action={<Button onClick={() => go('/data')}>Send data</Button>}
      />
    );
  const unpriced = new Set(rows.filter(({ costUsd }) => costUsd === null).map(({ model }) => model));
  const cost = points.reduce((sum, point) => sum + point.costUsd, 0);
  const opened = rows.find((row) => idOf(row) === search['call']);
  const step = (by: number): (() => void) | undefined => {
    const next = opened && rows[rows.indexOf(opened) + by];
    return next && (() => setSearch({ call: idOf(next) }));
  };
  return (
    <>
      <div className="ai-sum">
        <p>
          <strong>{costText(cost)}</strong> in this range
          {unpriced.size > 0 && (
            <>
              <span className="muted">, without {counted(unpriced.size, 'model', 'models')} that </span>
              <Go to="/settings" search={{ tab: 'token-prices', model: [...unpriced][0] ?? '' }}>
                {unpriced.size === 1 ? 'has' : 'have'} no known price
              </Go>
            </>
          )}
        </p>
        <dl className="ai-courses">
          <dt>Cost</dt>
          <dd>
            <Sparkline
              points={points.map(({ at, costUsd }) => ({ at, value: costUsd }))}
              label="Cost in US dollars"
              kind="bars"
              width={240}
              height={32}
            />
          </dd>
          <dt>Tokens</dt>
          <dd>
            <Sparkline
              points={points.map(({ at, inputTokens, outputTokens }) => ({ at, value: inputTokens + outputTokens }))}
              label="Tokens"
              kind="bars"
              width={240}
              height={32}
            />
          </dd>
        </dl>
      </div>
      <FiguresTable
        label="Table of AI calls"
        rows={rows}
        idOf={idOf}
        opened={opened && idOf(opened)}
        open={(row) => setSearch({ call: idOf(row) }, { push: true })}
        before={whatColumns}
        after={priceColumns}
      />
      {data.cut && (
        <p className="muted" role="status">
          Only the {rows.length} rows with {sortWords[sort] ?? 'the most tokens'} are shown; narrow the scope or the
          time range to see others. The sum counts all.
        </p>
      )}
      {opened && (
        <Drawer
          title={<span className="code">{opened.model || '(unnamed)'}</span>}
          label={`${opened.operation} of ${opened.model} at ${opened.system}`}
          onClose={() => setSearch({ call: '' })}
          onNext={step(1)}
          onPrevious={step(-1)}
        >
          <CallView
            id={idOf(opened)}
            what={{ call: 'ai', peer: opened.system, statement: opened.model }}
            facts={
              <>
                <FigureFacts figures={opened} />
                <p className="muted in-text">
                  {formatCount(opened.inputTokens)} tokens in, {formatCount(opened.outputTokens)} out;{' '}
                  {opened.costUsd === null ? <PriceMissing model={opened.model} /> : costText(opened.costUsd)}. What
                  follows is of the model as a whole, whatever the operation.
                </p>
              </>
            }
          />
        </Drawer>
      )}
    </>
  );
}
