import { Button } from '@mantine/core';
import { listAgents, siteDetail } from '@sightline/contract';
import type { ReactNode } from 'react';
import { watchSides } from '../../components/hidden-sides.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { RoleNeededDrawer } from '../../components/role-needed.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { bringIntoSight } from '../../components/tabs.tsx';
import { hourAndMinute } from '../../components/time-format.ts';
import { TimeText } from '../../components/time-text.tsx';
import { troubleText } from '../../components/trouble-text.ts';
import { useAddress, usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useNow } from '../../data/now.ts';
import { useScope } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';
import { allPages } from '../all.ts';
import { Go } from '../../shell/go.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { Lanes } from '../../charts/lanes.tsx';
import { ContainersPanel } from './containers-panel.tsx';
import { SiteActions } from './site-actions.tsx';
import { SiteDiagram } from './site-diagram.tsx';
import { SiteForm } from './site-form.tsx';
import { SiteHistory } from './site-history.tsx';
import '../../components/tabs.css';
import './site.css';

export type SiteDetail = Reply<typeof siteDetail>;

const signals = [
  { path: '/errors', title: 'Errors' },
  { path: '/logs', title: 'Logs' },
  { path: '/traces', title: 'Traces' },
  { path: '/metrics', title: 'Metrics' },
];

/** One store as a place: what runs there, how it is, and what happened. */
export default function SitePage(): ReactNode {
  const code = usePathParam('code');
  const { query, setRange } = useScope();
  const { search, setSearch } = useAddress();
  const { may } = useMe();
  const asked = useAsk(
    siteDetail,
    { params: { code }, query: { from: query.from, to: query.to } },
    { everyMs: 15_000 },
  );
  // A container that stopped shows here within seconds of the agent's word.
  const asksAgents = useAsk(listAgents, { query: { site: code } }, { everyMs: 4000 });
  const agents = asksAgents.data?.agents.every((agent) => agent.site === code) ? asksAgents.data.agents : undefined;
  const tab = search['tab'] === 'actions' || search['tab'] === 'history' ? search['tab'] : '';
  const here = `/sites/${encodeURIComponent(code)}`;
  usePageTitle(code);
  const detail = asked.data?.site.code === code ? asked.data : undefined;
  if (detail === undefined && asked.error !== null) {
    if (asked.error.status === 404) return <NoSuchSite code={code} />;
    return (
      <ErrorState error={asked.error} again={() => void asked.refetch()} kept={`${code} keeps sending meanwhile.`} />
    );
  }
  const reachable = signals.filter((s) => allPages.some((page) => page.path === s.path));
  return (
    <div className="page">
      <Head
        code={code}
        detail={detail}
        onEdit={may('admin') ? () => setSearch({ edit: '1' }, { push: true }) : undefined}
      />
      <nav className="tabs" ref={watchSides} aria-label={`${code}: signals`}>
        <Go
          to={here}
          search={{ tab: '' }}
          className="tab"
          aria-current={tab === '' ? 'page' : undefined}
          ref={tab === '' ? bringIntoSight : null}
        >
          Overview
        </Go>
        {reachable.map(({ path, title }) => (
          <Go key={path} to={path} search={{ site: code }} className="tab">
            {title}
          </Go>
        ))}
        <Go
          to={here}
          search={{ tab: 'actions' }}
          className="tab"
          aria-current={tab === 'actions' ? 'page' : undefined}
          ref={tab === 'actions' ? bringIntoSight : null}
        >
          Actions
        </Go>
        <Go
          to={here}
          search={{ tab: 'history' }}
          className="tab"
          aria-current={tab === 'history' ? 'page' : undefined}
          ref={tab === 'history' ? bringIntoSight : null}
        >
          History
        </Go>
      </nav>
      {tab === 'actions' && <SiteActions code={code} agents={agents} />}
      {tab === 'history' && <SiteHistory code={code} />}
      {tab === '' && (
        <>
          {agents?.some((agent) => agent.containers.length > 0) === true && (
            <ContainersPanel code={code} agents={agents} />
          )}
          <Overview detail={detail} from={query.from} to={query.to} onRange={setRange} />
        </>
      )}
      {search['edit'] === '1' && !may('admin') && (
        <RoleNeededDrawer
          title={`${code}: name and place`}
          need={{ role: 'admin', what: 'change names and places of stores' }}
          onClose={() => setSearch({ edit: '' })}
        />
      )}
      {search['edit'] === '1' && may('admin') && detail !== undefined && (
        <SiteForm detail={detail} onClose={() => setSearch({ edit: '' })} />
      )}
    </div>
  );
}

function Overview(props: {
  detail: SiteDetail | undefined;
  from: number;
  to: number;
  onRange: (from: number, to: number) => void;
}): ReactNode {
  const { detail, from, to, onRange } = props;
  return (
    <>
      <div className="site-columns">
        <section className="panel" aria-label="What runs here">
          <header className="panel-head">
            <h2>What runs here</h2>
            <span className="muted">{detail !== undefined && counted(detail.devices.length, 'device')}</span>
          </header>
          {detail === undefined ? <Skeleton height={420} /> : <SiteDiagram detail={detail} />}
        </section>
        <section className="panel" aria-label="Time line">
          <header className="panel-head">
            <h2>What happened</h2>
            <span className="muted">
              {hourAndMinute(from)} to {hourAndMinute(to)}
              <span className="with-mouse">; drag to look closer</span>
            </span>
          </header>
          {detail === undefined ? (
            <Skeleton height={420} />
          ) : (
            <Lanes
              lanes={detail.lanes.filter(({ points }) => points.length > 0)}
              from={from}
              to={to}
              onRange={onRange}
            />
          )}
        </section>
      </div>
      {detail !== undefined && <Issues detail={detail} />}
    </>
  );
}

function Head({
  code,
  detail,
  onEdit,
}: {
  code: string;
  detail: SiteDetail | undefined;
  onEdit: (() => void) | undefined;
}): ReactNode {
  const now = useNow();
  if (detail === undefined) {
    return (
      <div className="site-head">
        <h1>{code}</h1>
        <Skeleton width={320} height={20} />
      </div>
    );
  }
  const { site, address } = detail;
  const place = address !== '' ? address : [site.city, site.region].filter(Boolean).join(', ');
  return (
    <div className="site-head">
      <div className="row">
        <h1>{code}</h1>
        <StateBadge state={site.state} />
        {site.worst !== '' && <strong>{troubleText(site)}</strong>}
      </div>
      <p className="site-facts">
        {site.name !== '' && site.name !== code && <span>{site.name}</span>}
        {place !== '' && <span>{place}</span>}
        {site.timeZone !== '' && (
          <span>
            {hourAndMinute(now, site.timeZone)} there <small>({site.timeZone})</small>
          </span>
        )}
        {site.release !== '' && (
          <span>
            release <span className="code">{site.release}</span>
          </span>
        )}
        <span>last heard {site.lastSeenAt === null ? 'never' : <TimeText at={site.lastSeenAt} show="relative" />}</span>
        <Go
          to="/incidents"
          search={{ site: code }}
          data-tone={site.openIncidents > 0 ? 'bad' : undefined}
          className="toned"
        >
          {counted(site.openIncidents, 'open incident')}
        </Go>
        {onEdit !== undefined && (
          <button type="button" className="plain-button" onClick={onEdit}>
            Edit name and place
          </button>
        )}
      </p>
    </div>
  );
}

function Issues({ detail }: { detail: SiteDetail }): ReactNode {
  return (
    <section className="panel" aria-label="Errors">
      <header className="panel-head">
        <h2>Errors in this range</h2>
      </header>
      {detail.topIssues.length === 0 ? (
        <p className="panel-body muted">No errors were reported from here in this range.</p>
      ) : (
        <ScrollX label="Table of errors">
          <table className="table">
            <thead>
              <tr>
                <th>Issue</th>
                <th className="number">Events</th>
                <th className="number">Last seen</th>
              </tr>
            </thead>
            <tbody>
              {detail.topIssues.map((issue) => (
                <tr key={issue.issue}>
                  <td className="wraps">
                    <Go to={`/errors/${issue.issue}`} search={{ site: detail.site.code }}>
                      {issue.title}
                    </Go>
                  </td>
                  <td className="number">{issue.events.toLocaleString('en-US')}</td>
                  <td className="number">
                    <TimeText at={issue.lastSeenAt} show="relative" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </section>
  );
}

function NoSuchSite({ code }: { code: string }): ReactNode {
  return (
    <EmptyState
      title={`No store ${code}`}
      text="No record has come from a store of that code. Check the spelling, or whether its clients send a site."
      action={
        <Go to="/">
          <Button component="span">See all stores</Button>
        </Go>
      }
    />
  );
}
