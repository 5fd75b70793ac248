import type { fleet } from '@sightline/contract';
import type { ReactNode } from 'react';
import { compactNumber, money } from '../../components/number-text.ts';
import { Skeleton } from '../../components/skeleton.tsx';
import type { Tone } from '../../components/state-badge.tsx';
import type { Reply } from '../../data/call.ts';
import { Go } from '../../shell/go.tsx';
import { revenueChange } from './fleet-filter.ts';

/** Five numbers of the whole fleet, each with its unit and window. */
export function FleetStrip({ totals }: { totals: Reply<typeof fleet>['totals'] | undefined }): ReactNode {
  if (totals === undefined) return <Skeleton height={58} />;
  const change = revenueChange(totals.revenueToday, totals.revenueSameWeekday);
  return (
    <dl className="fleet-strip">
      <Figure
        title="Sites online"
        value={`${totals.online}`}
        unit={`/ ${totals.sites}`}
        {...(totals.online < totals.sites
          ? { tone: 'bad' as const, note: `${totals.sites - totals.online} silent` }
          : {})}
      />
      <Figure
        title="Open incidents"
        to="/incidents"
        value={`${totals.openIncidents}`}
        {...(totals.openIncidents > 0 ? { tone: 'bad' as const, note: 'open' } : { note: 'none' })}
      />
      <Figure title="Errors" value={compactNumber(totals.errorsPerMin)} unit="/min" note="last 5 min" />
      <Figure title="Orders" value={totals.ordersToday.toLocaleString('en-US')} note="today" />
      <Figure
        title="Revenue"
        value={money(totals.revenueToday)}
        note={change === undefined ? 'today' : `today, ${change.text} vs same weekday`}
        {...(change !== undefined && change.share < -0.1 ? { tone: 'warn' as const } : {})}
      />
    </dl>
  );
}

function Figure(props: {
  title: string;
  value: string;
  unit?: string;
  note?: string;
  tone?: Tone;
  /** Where the title leads. */
  to?: string;
}): ReactNode {
  return (
    <div className="strip-figure">
      <dt>{props.to === undefined ? props.title : <Go to={props.to}>{props.title}</Go>}</dt>
      <dd>
        {props.value} {props.unit !== undefined && <small>{props.unit}</small>}
        <span className="strip-figure-note" data-tone={props.tone}>
          {props.note}
        </span>
      </dd>
    </div>
  );
}
