import { listReleases, type ReleaseRow } from '@sightline/contract';
import { Button, Checkbox } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { NumberCell } from '../../components/number-cell.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { crashFreeSessions, crashFreeUsers, isTroubled, releasePath, shareText } from './health-words.ts';
import './releases.css';

/** Releases with their health in the time range: which is out, who runs it, and what it broke. */
export default function ReleasesPage(): ReactNode {
  const { query } = useScope();
  const { search, setSearch } = useAddress();
  const go = useGo();
  const asked = useAsk(listReleases, { query });
  const archived = search['archived'] === '1';
  const rows = asked.data?.releases.filter((row) => archived || !row.archived) ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>Releases</h1>
        <Checkbox
          size="xs"
          label="Archived too"
          checked={archived}
          onChange={(event) => setSearch({ archived: event.currentTarget.checked ? '1' : '' })}
        />
      </div>
      {asked.isPending && <SkeletonRows rows={10} height={32} />}
      {asked.data === undefined && asked.error !== null && (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
      {asked.data !== undefined && rows.length === 0 && (
        <EmptyState
          compact
          title="No release in this time range"
          text="A release appears when a client names it in errors or sessions, or when sentry-cli makes it known."
          action={<Button onClick={() => go('/data')}>Send data</Button>}
        />
      )}
      {rows.length > 0 && <ReleaseTable rows={rows} />}
    </div>
  );
}

function ReleaseTable({ rows }: { rows: readonly ReleaseRow[] }): ReactNode {
  return (
    <div className="scroll-x panel" role="region" aria-label="Table of releases" tabIndex={0}>
      <table className="table stacks release-table">
        <thead>
          <tr>
            <th>Release</th>
            <th>Out since</th>
            <th className="number" title="Share of its package’s sessions in the environments where it runs">
              Adoption
            </th>
            <th className="number">Sessions</th>
            <th className="number">Crash-free sessions</th>
            <th className="number">Crash-free users</th>
            <th className="number">Errors</th>
            <th className="number">New issues</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <ReleaseLine key={row.release} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ReleaseLine({ row }: { row: ReleaseRow }): ReactNode {
  const free = crashFreeSessions(row);
  const since = row.deployedAt ?? row.releasedAt ?? (row.firstSeenAt > 0 ? row.firstSeenAt : row.createdAt);
  return (
    <tr>
      <td>
        <Go to={releasePath(row.release)} className="release-name">
          {row.release}
        </Go>
        {row.archived && <span className="chip"> archived</span>}
      </td>
      <td data-title="Out since" className="muted">
        {since === null ? '–' : <TimeText at={since} show="relative" />}
      </td>
      <NumberCell title="Adoption">
        {row.adoption === null || row.sessions === 0 ? (
          '–'
        ) : (
          <span className="adoption">
            <span className="adoption-bar" aria-hidden="true">
              <span style={{ width: `${100 * row.adoption}%` }} />
            </span>
            {shareText(row.adoption)}
          </span>
        )}
      </NumberCell>
      <NumberCell title="Sessions">{row.sessions === 0 ? '–' : formatCount(row.sessions)}</NumberCell>
      <NumberCell title="Crash-free sessions" tone={isTroubled(free) ? 'bad' : undefined}>
        <span className="toned">
          {isTroubled(free) ? '▲ ' : ''}
          {shareText(free)}
        </span>
      </NumberCell>
      <NumberCell title="Crash-free users">{shareText(crashFreeUsers(row))}</NumberCell>
      <NumberCell title="Errors">
        {row.errors === 0 ? (
          '0'
        ) : (
          <Go to="/errors" search={{ q: `release:"${row.release}"`, status: 'all' }}>
            {formatCount(row.errors)}
          </Go>
        )}
      </NumberCell>
      <NumberCell title="New issues">{formatCount(row.newIssues)}</NumberCell>
    </tr>
  );
}
