import { getRelease, type ReleaseIssues, type ReleaseRow } from '@sightline/contract';
import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { UnknownRecord, UnreadRecord } from '../../components/record-page-states.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress, usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { issueTitle } from '../../records/issue-title.ts';
import { Go } from '../../shell/go.tsx';
import {
  changeText,
  crashFreeSessions,
  crashFreeUsers,
  errorFreeSessions,
  isTroubled,
  shareText,
} from './health-words.ts';
import './releases.css';

type Answer = Reply<typeof getRelease>;

/** One release beside another: is it healthier than what came before, and what did it bring. */
export default function ReleasePage(): ReactNode {
  const release = usePathParam('release');
  const { search } = useAddress();
  const { query } = useScope();
  const asked = useAsk(
    getRelease,
    { params: { release }, query: { ...query, with: search['with'] ?? '' } },
    { when: release !== '' },
  );
  if (asked.error?.status === 404) {
    return (
      <UnknownRecord
        title={`Nothing of ${release} in this time range`}
        text="Choose a longer time range, or look at what there is."
        all="All releases"
        to="/releases"
      />
    );
  }
  if (asked.data === undefined) {
    return <UnreadRecord error={asked.error} again={asked.refetch} rows={16} />;
  }
  return <ReleaseView answer={asked.data} />;
}

function ReleaseView({ answer }: { answer: Answer }): ReactNode {
  const { release, other, others, trend, url } = answer;
  const { setSearch } = useAddress();
  const { setRange } = useScope();
  const [first, second] = trend;
  const stepMs = first && second ? second.at - first.at : 60_000;
  return (
    <div className="page release-page">
      <header className="release-head">
        <h1>{release.release}</h1>
        <p className="muted release-facts">
          {release.deployedAt !== null && (
            <span>
              deployed <TimeText at={release.deployedAt} show="relative" />
            </span>
          )}
          {release.releasedAt !== null && (
            <span>
              finalised <TimeText at={release.releasedAt} show="relative" />
            </span>
          )}
          {release.firstSeenAt > 0 && (
            <span>
              first seen <TimeText at={release.firstSeenAt} show="relative" />
            </span>
          )}
          {/^https?:\/\//.test(url) && (
            <a href={url} target="_blank" rel="noreferrer">
              {url}
            </a>
          )}
          <Go to="/errors" search={{ q: `release:"${release.release}"`, status: 'all' }}>
            Errors
          </Go>
          <Go to="/logs" search={{ q: `release:"${release.release}"` }}>
            Logs
          </Go>
        </p>
      </header>
      <section aria-label="Health">
        <div className="release-compare">
          <h2>Health</h2>
          <Select
            size="xs"
            aria-label="Compare with"
            placeholder="no other release"
            searchable
            data={others}
            value={other?.release ?? null}
            onChange={(value) => setSearch({ with: value ?? '' })}
          />
        </div>
        <HealthTable own={release} other={other} />
        {release.environments.length > 1 && (
          <p className="muted">
            Adoption by environment:{' '}
            {release.environments
              .map(
                ({ environment, sessions, adoption }) =>
                  `${environment || 'no environment'} ${shareText(adoption)} (${formatCount(sessions)} sessions)`,
              )
              .join(', ')}
          </p>
        )}
      </section>
      <section aria-label="Sessions over time">
        <h2>Sessions</h2>
        {release.sessions === 0 ? (
          <p className="muted">No client of this release reported sessions.</p>
        ) : (
          <TimeChart
            series={[
              {
                name: 'without a crash',
                points: trend.map(({ at, sessions, crashedSessions }) => ({ at, value: sessions - crashedSessions })),
              },
              {
                name: 'crashed',
                points: trend.map(({ at, crashedSessions }) => ({ at, value: crashedSessions })),
                colour: 'var(--bad-fill)',
              },
            ]}
            from={first?.at ?? 0}
            to={(trend.at(-1)?.at ?? 0) + stepMs}
            stepMs={stepMs}
            kind="bars"
            height={140}
            label={`Sessions of ${release.release}`}
            onRange={setRange}
          />
        )}
      </section>
      <Issues answer={answer} />
      <Deploys answer={answer} />
      <Commits answer={answer} />
    </div>
  );
}

function HealthTable({ own, other }: { own: ReleaseRow; other: ReleaseRow | null }): ReactNode {
  const share = (title: string, of: (row: ReleaseRow) => number | null, warns = false): Line => ({
    title,
    own: shareText(of(own)),
    other: other ? shareText(of(other)) : '',
    change: other ? changeText(of(own), of(other), 'share') : '',
    bad: warns && isTroubled(of(own)),
  });
  const count = (title: string, of: (row: ReleaseRow) => number): Line => ({
    title,
    own: formatCount(of(own)),
    other: other ? formatCount(of(other)) : '',
    change: other ? changeText(of(own), of(other), 'count') : '',
    bad: false,
  });
  const lines = [
    share('Crash-free sessions', crashFreeSessions, true),
    share('Error-free sessions', errorFreeSessions),
    share('Crash-free users', crashFreeUsers, true),
    share('Adoption', (row) => (row.sessions === 0 ? null : row.adoption)),
    count('Sessions', (row) => row.sessions),
    count('Users', (row) => row.users),
    count('Errors', (row) => row.errors),
    count('New issues', (row) => row.newIssues),
  ];
  return (
    <div className="scroll-x panel" role="region" aria-label="Table of health" tabIndex={0}>
      <table className="table health-table">
        <thead>
          <tr>
            <th>In this time range</th>
            <th className="number">{own.release}</th>
            {other && <th className="number">{other.release}</th>}
            {other && <th className="number">Change</th>}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.title}>
              <th scope="row">{line.title}</th>
              <td className="number" data-tone={line.bad ? 'bad' : undefined}>
                <span className="toned">
                  {line.bad ? '▲ ' : ''}
                  {line.own}
                </span>
              </td>
              {other && <td className="number">{line.other}</td>}
              {other && <td className="number muted">{line.change === '' ? '–' : line.change}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Line {
  readonly title: string;
  readonly own: string;
  readonly other: string;
  readonly change: string;
  readonly bad: boolean;
}

const kinds = [
  ['began', 'New', 'No issue began with it in this time range.'],
  ['cameBack', 'Came back', 'Nothing that was resolved came back in it.'],
  ['resolved', 'Resolved in it', 'No issue was resolved in it.'],
] as const;
const mostListed = 50;

/** What each of the two releases did to issues, side by side. */
function Issues({ answer: { release, other, issues, otherIssues } }: { answer: Answer }): ReactNode {
  return (
    <section aria-label="Issues">
      <h2>Issues</h2>
      <div className="release-issues">
        <IssueColumn name={release.release} issues={issues} />
        {other !== null && otherIssues !== null && <IssueColumn name={other.release} issues={otherIssues} />}
      </div>
    </section>
  );
}

function IssueColumn({ name, issues }: { name: string; issues: ReleaseIssues }): ReactNode {
  return (
    <section aria-label={`Issues of ${name}`}>
      <h3>{name}</h3>
      {kinds.map(([kind, title, none]) => (
        <div key={kind}>
          <h4>
            {title}{' '}
            <span className="muted">
              {issues[kind].length === mostListed ? `the first ${mostListed}` : issues[kind].length}
            </span>
          </h4>
          {issues[kind].length === 0 ? (
            <p className="muted">{none}</p>
          ) : (
            <ul className="release-list">
              {issues[kind].map(({ issue, type, message, events, firstSeenAt }) => (
                <li key={issue}>
                  <Go to={`/errors/${issue}`}>
                    {type === 'Message' || message === '' ? (
                      issueTitle({ type, message })
                    ) : (
                      <>
                        <b>{type}</b> {message}
                      </>
                    )}
                  </Go>
                  <span className="muted">
                    {formatCount(events)} {events === 1 ? 'event' : 'events'}, first{' '}
                    <TimeText at={firstSeenAt} show="relative" />
                  </span>
                </li>
              ))}
            </ul>
          )}
        </div>
      ))}
    </section>
  );
}

function Deploys({ answer: { deploys, files } }: { answer: Answer }): ReactNode {
  return (
    <section aria-label="Deploys and files">
      <h2>Deploys</h2>
      {deploys.length === 0 ? (
        <p className="muted">
          No deploy is known. <code>sentry-cli deploys new</code> tells of one.
        </p>
      ) : (
        <ul className="release-list">
          {deploys.map(({ environment, name, finishedAt }) => (
            <li key={`${environment} ${finishedAt}`}>
              <span>
                {environment}
                {name === '' ? '' : ` (${name})`}
              </span>
              <span className="muted">
                <TimeText at={finishedAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
      <p className="muted">
        {files.sources === 0 && files.sourceMaps === 0
          ? 'No source maps were uploaded under this release.'
          : `Uploaded: ${files.sources} ${files.sources === 1 ? 'script' : 'scripts'}, ${files.sourceMaps} source ${files.sourceMaps === 1 ? 'map' : 'maps'}.`}
      </p>
    </section>
  );
}

function Commits({ answer: { commits } }: { answer: Answer }): ReactNode {
  if (commits.length === 0) return null;
  return (
    <section aria-label="Commits">
      <h2>Commits</h2>
      <ul className="release-list">
        {commits.map(({ id, message, author }) => (
          <li key={id}>
            <span>
              <code>{id.slice(0, 8)}</code> {message.split('\n')[0]}
            </span>
            <span className="muted">{author}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
