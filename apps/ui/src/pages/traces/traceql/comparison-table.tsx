import type { queryTraceql } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount, formatDuration, formatShare } from '../../../charts/number-format.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { NumberCell } from '../../../components/number-cell.tsx';
import { ScrollX } from '../../../components/scroll-x.tsx';
import type { Reply } from '../../../data/call.ts';
import { Go } from '../../../shell/go.tsx';
import { conditionOf } from './condition-of.ts';

type Comparison = Extract<Reply<typeof queryTraceql>['found'], { kind: 'comparison' }>;

/** What the spans of a selection have more or less often than the others: shares beside each other, the greatest difference first. */
export function ComparisonTable({ found, tookMs }: { found: Comparison; tookMs: number }): ReactNode {
  const { selected, others, rows, more, cut } = found;
  const share = (count: number, of: number): number => (of === 0 ? 0 : count / of);
  if (selected === 0 || others === 0) {
    return (
      <EmptyState
        compact
        title={selected === 0 ? 'No span is in the selection' : 'All spans are in the selection'}
        text={`${formatCount(selected + others)} spans match what stands before compare(). There is something to compare where some are in the selection and some are not.`}
      />
    );
  }
  return (
    <>
      <p className="muted" role="status">
        {formatCount(selected)} selected spans beside {formatCount(others)} others, what differs most first ·{' '}
        {formatDuration(tookMs)}
      </p>
      <ScrollX label="Table of what differs">
        <table className="table stacks comparison-table">
          <thead>
            <tr>
              <th>Attribute</th>
              <th>Value</th>
              <th className="number">Selected</th>
              <th className="number">Others</th>
              <th>
                <span className="only-read-aloud">Both shares as bars</span>
              </th>
              <th>
                <span className="only-read-aloud">Traces</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const [own, other] = [share(row.selected, selected), share(row.others, others)];
              return (
                <tr key={`${row.name} ${row.value}`}>
                  <td className="muted">{row.name}</td>
                  <td className="code comparison-value" title={row.value}>
                    {row.value}
                  </td>
                  <NumberCell title="Selected">
                    <span title={`${formatCount(row.selected)} of ${formatCount(selected)} spans`}>
                      {formatShare(own)}
                    </span>
                  </NumberCell>
                  <NumberCell title="Others">
                    <span title={`${formatCount(row.others)} of ${formatCount(others)} spans`}>
                      {formatShare(other)}
                    </span>
                  </NumberCell>
                  <td className="comparison-bars" aria-hidden="true">
                    <span data-side="selected" style={{ inlineSize: `${own * 100}%` }} />
                    <span data-side="others" style={{ inlineSize: `${other * 100}%` }} />
                  </td>
                  <td>
                    <Go to="/traces" search={{ view: 'traceql', q: `{ ${conditionOf(row.name, row.value)} }` }}>
                      Traces
                    </Go>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollX>
      {more > 0 && <p className="muted">{formatCount(more)} more values are not listed.</p>}
      {cut.length > 0 && (
        <p className="muted">
          Of {cut.slice(0, 12).join(', ')}
          {cut.length > 12 && ` and ${cut.length - 12} more`} the most frequent values are compared, there are more of
          them.
        </p>
      )}
    </>
  );
}
