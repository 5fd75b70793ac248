import { Button } from '@mantine/core';
import { compareTraces, type comparedOperation } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import type { z } from 'zod';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { readTraceId } from '../../records/trace-id.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { Go, useGo } from '../../shell/go.tsx';
import './compare.css';

type ComparedOperation = z.output<typeof comparedOperation>;
type Whole = Reply<typeof compareTraces>['left'];

const rowsAtFirst = 200;

/** Two traces, operation by operation: what one did that the other did not, and where the time went. */
export default function ComparePage(): ReactNode {
  const { search, setSearch } = useAddress();
  const go = useGo();
  const left = readTraceId(search['left'] ?? '');
  const right = readTraceId(search['right'] ?? '');
  const known = left !== undefined && right !== undefined;
  const asked = useAsk(
    compareTraces,
    { query: { left: left ?? '', right: right ?? '' } },
    { when: known, keepOld: false },
  );
  if (!known) {
    return (
      <div className="page">
        <EmptyState
          title="Two traces are needed"
          text="Open a trace and press Compare: with another one by its id, or with a typical one of the same operation."
          action={<Button onClick={() => go('/traces')}>Find a trace</Button>}
        />
      </div>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>Compare traces</h1>
        <Button variant="default" onClick={() => setSearch({ left: right, right: left })}>
          Swap
        </Button>
      </div>
      {asked.isPending && <SkeletonRows rows={14} height={32} />}
      {asked.data === undefined && asked.error !== null && (
        <ErrorState error={asked.error} kept="Both ids stand in the address." again={() => void asked.refetch()} />
      )}
      {asked.data !== undefined && <Compared left={left} right={right} compared={asked.data} />}
    </div>
  );
}

function Compared(props: { left: string; right: string; compared: Reply<typeof compareTraces> }): ReactNode {
  const { left, right, compared } = props;
  const [all, setAll] = useState(false);
  const { operations } = compared;
  const most = operations.reduce((size, { deltaMs }) => Math.max(size, Math.abs(deltaMs)), 0);
  const shown = all ? operations : operations.slice(0, rowsAtFirst);
  return (
    <>
      {compared.sentence !== '' && <p className="compare-sentence">{compared.sentence}</p>}
      <dl className="compare-wholes">
        <WholeTrace side="Left" id={left} whole={compared.left} />
        <WholeTrace side="Right" id={right} whole={compared.right} />
      </dl>
      <ScrollX label="Table: operations of both traces">
        <table className="table compare-table">
          <thead>
            <tr>
              <th scope="col">Operation</th>
              <th scope="col" className="compare-delta">
                Right less left
              </th>
              <th scope="col" className="number">
                Calls left
              </th>
              <th scope="col" className="number">
                Calls right
              </th>
              <th scope="col" className="number">
                Own time left
              </th>
              <th scope="col" className="number">
                Own time right
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <OperationRow key={`${one.service}\n${one.operation}`} one={one} most={most} />
            ))}
          </tbody>
        </table>
      </ScrollX>
      {shown.length < operations.length && (
        <Button variant="default" onClick={() => setAll(true)}>
          Show all {formatCount(operations.length)} operations
        </Button>
      )}
    </>
  );
}

function WholeTrace({ side, id, whole }: { side: string; id: string; whole: Whole }): ReactNode {
  return (
    <div>
      <dt>{side}</dt>
      <dd>
        <Go to={`/traces/${id}`} title={id}>
          {id.slice(0, 8)}…
        </Go>
        <span>{formatDuration(whole.durationMs)}</span>
        <span className="muted">{whole.spans === 1 ? '1 span' : `${formatCount(whole.spans)} spans`}</span>
        {whole.errors > 0 && <ToneBadge tone="bad">{formatCount(whole.errors)} failed</ToneBadge>}
      </dd>
    </div>
  );
}

function OperationRow({ one, most }: { one: ComparedOperation; most: number }): ReactNode {
  const { left, right, deltaMs } = one;
  const only = left === null ? 'only right' : right === null ? 'only left' : '';
  return (
    <tr>
      <td>
        <span className="compare-operation">
          <span title={`${one.service} ${one.operation}`}>
            <b>{one.service}</b> {one.operation || '(unnamed)'}
          </span>
          {only !== '' && <span className="chip">{only}</span>}
        </span>
      </td>
      <td className="compare-delta">
        <span className="number">{signed(deltaMs)}</span>
        <span className="compare-track" aria-hidden="true">
          <span
            data-slower={deltaMs > 0 ? '' : undefined}
            style={{ inlineSize: `${most > 0 ? (50 * Math.abs(deltaMs)) / most : 0}%` }}
          />
        </span>
      </td>
      <Calls side={left} />
      <Calls side={right} />
      <td className="number">{left === null ? '–' : formatDuration(left.selfMs)}</td>
      <td className="number">{right === null ? '–' : formatDuration(right.selfMs)}</td>
    </tr>
  );
}

function Calls({ side }: { side: ComparedOperation['left'] }): ReactNode {
  if (side === null) return <td className="number muted">–</td>;
  return (
    <td className="number">
      {side.errors > 0 && (
        <span data-tone="bad" className="toned">
          ▲ {formatCount(side.errors)} failed{' '}
        </span>
      )}
      {formatCount(side.calls)}
    </td>
  );
}

function signed(ms: number): string {
  if (ms === 0) return '0 ms';
  return `${ms > 0 ? '+' : '−'}${formatDuration(Math.abs(ms))}`;
}
