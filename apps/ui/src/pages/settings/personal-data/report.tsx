import { Button } from '@mantine/core';
import { scrubReport, scrubReportCsvPath } from '@sightline/contract';
import type { ReactNode } from 'react';
import { Lanes } from '../../../charts/lanes.tsx';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorState } from '../../../components/error-state.tsx';
import { ScrollX } from '../../../components/scroll-x.tsx';
import { Skeleton } from '../../../components/skeleton.tsx';
import { useAsk } from '../../../data/ask.ts';
import { addressOf, type Reply } from '../../../data/call.ts';
import { useScope } from '../../../data/scope.ts';

const lanesShown = 8;

/** What was scrubbed in the page's range. */
export function Report(): ReactNode {
  const { query, setRange } = useScope();
  const { from, to } = query;
  const asked = useAsk(scrubReport, { query: { from, to } });
  const report = asked.data;
  if (report === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <Skeleton height={240} />;
  }
  return (
    <section className="panel" aria-label="What was scrubbed">
      <header className="panel-head">
        <h2>What was scrubbed</h2>
        {report.rows.length > 0 && (
          <Button
            component="a"
            variant="default"
            size="compact-sm"
            href={addressOf(scrubReportCsvPath, {}, { from, to })}
            download
          >
            CSV
          </Button>
        )}
      </header>
      {report.rows.length === 0 ? (
        <EmptyState
          compact
          title="Nothing was scrubbed"
          text="Nothing that came in this range held personal data. Counts stand here by detector, service and site, never values."
        />
      ) : (
        <>
          <Lanes lanes={lanesOf(report)} from={from} to={to} onRange={setRange} />
          <ScrollX label="Table of what was scrubbed">
            <table className="table one-line">
              <thead>
                <tr>
                  <th>Detector or rule</th>
                  <th>Service</th>
                  <th>Site</th>
                  <th>In</th>
                  <th className="number">Removed</th>
                </tr>
              </thead>
              <tbody>
                {report.rows.slice(0, 200).map((row) => (
                  <tr key={`${row.rule} ${row.service} ${row.site} ${row.signal}`}>
                    <td>{row.rule}</td>
                    <td>{row.service}</td>
                    <td>{row.site || <span className="muted">no site</span>}</td>
                    <td className="muted">{row.signal}</td>
                    <td className="number">{row.removed.toLocaleString('en-US')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
          {(report.cut || report.rows.length > 200) && (
            <p className="muted scrub-more">These are the greatest; the CSV has all.</p>
          )}
        </>
      )}
    </section>
  );
}

/** One lane for each of the rules that removed most. */
function lanesOf({ series }: Reply<typeof scrubReport>) {
  const rules = new Map<string, { at: number; value: number }[]>();
  const sums = new Map<string, number>();
  for (const { rule, at, removed } of series) {
    const points = rules.get(rule) ?? [];
    points.push({ at, value: removed });
    rules.set(rule, points);
    sums.set(rule, (sums.get(rule) ?? 0) + removed);
  }
  return [...rules]
    .toSorted(([a], [b]) => (sums.get(b) ?? 0) - (sums.get(a) ?? 0))
    .slice(0, lanesShown)
    .map(([name, points]) => ({ name, unit: 'removed', kind: 'bar' as const, points }));
}
