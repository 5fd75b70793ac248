import { listQuarantine } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { formatBytes } from '../../charts/number-format.ts';
import { Pager } from '../../components/pager.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';

/** What could not be loaded: the reason, and its first bytes. */
export function Quarantine(): ReactNode {
  const [cursors, setCursors] = useState<readonly string[]>(['']);
  const { search, setSearch } = useAddress();
  const asked = useAsk(listQuarantine, { query: { limit: 100, cursor: cursors.at(-1) ?? '' } });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={8} />;
  }
  const { rows, next } = asked.data;
  if (rows.length === 0) {
    return <EmptyState compact title="Nothing in quarantine" text="Every record that was accepted could be loaded." />;
  }
  const at = rows.findIndex((row) => row.id === search['row']);
  const open = rows[at];
  const openRow = (index: number): (() => void) | undefined => {
    const row = rows[index];
    return row === undefined ? undefined : () => setSearch({ row: row.id });
  };
  return (
    <section className="panel" aria-label="Quarantine">
      <ScrollX label="Table of the quarantine">
        <table className="table stacks">
          <thead>
            <tr>
              <th>When</th>
              <th>Protocol</th>
              <th>Signal</th>
              <th>Reason</th>
              <th className="number">Records</th>
              <th className="number">Size</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} data-open={row.id === open?.id ? '' : undefined}>
                <td data-title="When">
                  <TimeText at={row.at} />
                </td>
                <td data-title="Protocol">{row.protocol}</td>
                <td data-title="Signal">{row.signal}</td>
                <td className="row-name">
                  <button
                    type="button"
                    className="link"
                    onClick={() => setSearch({ row: row.id }, { push: search['row'] === undefined })}
                  >
                    {row.reason}
                  </button>
                </td>
                <td className="number" data-title="Records">
                  {row.records.toLocaleString('en-US')}
                </td>
                <td className="number" data-title="Size">
                  {formatBytes(row.bytes)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      <Pager cursors={cursors} next={next} onChange={setCursors} />
      {open !== undefined && (
        <Drawer
          title="Quarantined"
          label={`Quarantined: ${open.reason}`}
          onClose={() => setSearch({ row: '' })}
          onNext={openRow(at + 1)}
          onPrevious={at > 0 ? openRow(at - 1) : undefined}
        >
          <div className="stack">
            <p>
              {open.protocol}, {open.signal}, received <TimeText at={open.at} /> with key {open.keyId}.
            </p>
            <p>
              <strong>{open.reason}</strong>
            </p>
            <p className="muted">The first of {formatBytes(open.bytes)}:</p>
            <pre className="bytes" tabIndex={0}>
              {open.preview}
            </pre>
          </div>
        </Drawer>
      )}
    </section>
  );
}
