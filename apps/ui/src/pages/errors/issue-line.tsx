import type { IssueRow } from '@sightline/contract';
import { Checkbox } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { SeverityTick } from '../../components/severity-tick.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { issueTitle } from '../../records/issue-title.ts';
import { quoteValue } from '../../search/query-edit.ts';
import { Go } from '../../shell/go.tsx';
import { moneyText, statusTone, statusWord } from './issue-words.ts';

/** Columns of the list, and whether they hold figures. */
const titles = [
  ['Issue', false],
  ['Trend', false],
  ['Events', true],
  ['Sites', true],
  ['Users', true],
  ['Amount', true],
  ['Last seen', false],
] as const;

/** The head of the list. `choice`: what chooses all of it; undefined for those who may not. */
export function IssueTitles({
  listed,
  choice = <span />,
}: {
  readonly listed: number;
  readonly choice: ReactNode;
}): ReactNode {
  return (
    <li className="issue-row issue-titles">
      {choice}
      <span className="phone-only" aria-hidden="true">
        All {listed} listed
      </span>
      {titles.map(([title, figure]) => (
        <span key={title} className={figure ? 'figure' : undefined} aria-hidden="true">
          {title}
        </span>
      ))}
    </li>
  );
}

/** One issue of the list. */
export function IssueLine({
  issue,
  row,
  chosen,
  onChoose,
}: {
  issue: IssueRow;
  row: number;
  chosen: boolean;
  onChoose: (() => void) | undefined;
}): ReactNode {
  const title = issueTitle(issue);
  return (
    <li className="issue-row" aria-label={title} data-row={row}>
      {onChoose === undefined ? (
        <span />
      ) : (
        <Checkbox size="xs" checked={chosen} onChange={onChoose} aria-label={`Choose ${title}`} />
      )}
      <div className="issue-what">
        <Go to={`/errors/${issue.issue}`} className="issue-title">
          <SeverityTick severity={issue.severity} bare />
          <span className="cut">{title}</span>
        </Go>
        <div className="issue-where">
          {issue.status !== 'unresolved' && (
            <ToneBadge tone={statusTone[issue.status]}>{statusWord[issue.status]}</ToneBadge>
          )}
          {issue.regressedIn !== '' && <span>in {issue.regressedIn}</span>}
          {issue.priority === 'high' && <span className="chip">high priority</span>}
          <span>{issue.service}</span>
          <span className="issue-culprit code">{issue.culprit}</span>
          <span>
            new <TimeText at={issue.firstSeenAt} show="relative" />
          </span>
          {issue.assignee !== '' && (
            <Go
              to="/errors"
              search={{ q: `assigned:${quoteValue(issue.assignee)}` }}
              className="chip issue-assignee"
              title={`Issues of ${issue.assignee}`}
            >
              {issue.assignee}
            </Go>
          )}
        </div>
      </div>
      <span className="issue-trend">
        <Sparkline points={issue.trend} label={`Events of ${title}`} kind="bars" tone="bad" width={120} height={28} />
      </span>
      <Figure value={formatCount(issue.events)} unit={issue.events === 1 ? 'event' : 'events'} />
      <Figure value={formatCount(issue.sites)} unit={issue.sites === 1 ? 'site' : 'sites'} />
      <Figure value={formatCount(issue.users)} unit={issue.users === 1 ? 'user' : 'users'} />
      <Money issue={issue} />
      <span className="issue-seen muted">
        <TimeText at={issue.lastSeenAt} show="relative" />
      </span>
    </li>
  );
}

/** The greatest currency's sum; the others under the pointer. */
function Money({ issue: { money, moneyAbout } }: { issue: IssueRow }): ReactNode {
  const [first, ...others] = money;
  if (first === undefined) return <span className="figure issue-no-money">–</span>;
  const all = money.map(
    (one) => `${moneyText(one, moneyAbout)} in ${formatCount(one.orders)} ${one.orders === 1 ? 'order' : 'orders'}`,
  );
  return (
    <span className="figure" title={`${all.join(', ')}; an order counts once`}>
      {moneyAbout && '~'}
      {moneyText(first, false)}
      {others.length > 0 && <span className="muted"> +{others.length}</span>}
    </span>
  );
}

function Figure({ value, unit }: { value: string; unit: string }): ReactNode {
  return (
    <span className="figure">
      {value}
      <span className="figure-unit"> {unit}</span>
    </span>
  );
}
