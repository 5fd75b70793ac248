import { getIncident } from '@sightline/contract';
import type { ReactNode } from 'react';
import { UnknownRecord, UnreadRecord } from '../../components/record-page-states.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TeamLink } from '../../shell/team-link.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { Go } from '../../shell/go.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { Countdown } from './countdown.tsx';
import { IncidentActs } from './incident-acts.tsx';
import { IncidentEvidence } from './incident-evidence.tsx';
import { IncidentFindings } from './incident-findings.tsx';
import { IncidentSeverityBadge } from './incident-severity.tsx';
import { IncidentTrail } from './incident-trail.tsx';
import './incidents.css';
import { heldText, howWords, isAddress, lastingText, statusTone, storyOf } from './words.ts';

export type IncidentAnswer = Reply<typeof getIncident>;

const everyMs = 3000;

/** One incident: what, since when, who has it, what is next; what it looked like, and all that happened. */
export default function IncidentPage(): ReactNode {
  const text = usePathParam('number');
  const valid = /^[1-9]\d{0,11}$/.test(text);
  const number = valid ? Number(text) : 0;
  const asked = useAsk(getIncident, { params: { number } }, { when: valid, everyMs });
  const answer = asked.data?.incident.number === number ? asked.data : undefined;
  usePageTitle(answer === undefined ? `#${text}` : `#${number} ${answer.incident.title}`);
  if (!valid || asked.error?.status === 404) {
    return (
      <UnknownRecord
        title={`There is no incident #${text}`}
        text="The address may be mistyped, or the incident belongs to another organisation."
        all="All incidents"
        to="/incidents"
      />
    );
  }
  if (answer === undefined) {
    return (
      <UnreadRecord
        error={asked.error}
        again={asked.refetch}
        rows={16}
        kept="Escalation goes on: people are still told."
      />
    );
  }
  return <View answer={answer} skewMs={answer.at - asked.dataUpdatedAt} />;
}

function View({ answer, skewMs }: { answer: IncidentAnswer; skewMs: number }): ReactNode {
  const { incident } = answer;
  return (
    <div className="page incident-page">
      <header className="incident-head">
        <div className="row incident-badges">
          <ToneBadge tone={statusTone[incident.status]}>{incident.status}</ToneBadge>
          <IncidentSeverityBadge severity={incident.severity} />
          {incident.site !== '' && <Go to={`/sites/${incident.site}`}>{incident.site}</Go>}
          {incident.site === '' && incident.sites > 1 && <span>{incident.sites} stores</span>}
        </div>
        <h1>
          <span className="muted">#{incident.number}</span> {incident.title}
        </h1>
        <p className="incident-lead">{incident.summary}</p>
        <p className="incident-line muted">
          <TimeText at={incident.openedAt} show="time" /> {storyOf(incident)}
        </p>
        <Facts answer={answer} skewMs={skewMs} />
      </header>
      <IncidentActs answer={answer} />
      <div className="incident-columns">
        <div className="incident-main">
          <IncidentEvidence incident={incident} evidence={answer.evidence} />
          <IncidentFindings findings={answer.findings} />
        </div>
        <aside className="incident-aside" aria-label="What happened">
          <Runbook text={incident.runbook} />
          <IncidentTrail events={answer.events} notifications={answer.notifications} />
        </aside>
      </div>
    </div>
  );
}

/** Since when, who has it, who is told next. */
function Facts({ answer, skewMs }: { answer: IncidentAnswer; skewMs: number }): ReactNode {
  const { incident, at } = answer;
  const end = incident.resolvedAt ?? at;
  return (
    <dl className="incident-facts">
      <div>
        <dt>Since</dt>
        <dd>
          <TimeText at={incident.openedAt} /> <span className="muted">{lastingText(end - incident.openedAt)}</span>
          {incident.flaps > 0 && <span className="muted"> · came back {incident.flaps}×</span>}
        </dd>
      </div>
      <div>
        <dt>Who has it</dt>
        <dd>{incident.assignee === '' ? 'nobody yet' : incident.assignee}</dd>
      </div>
      {incident.team !== null && (
        <div>
          <dt>Team</dt>
          <dd>
            <TeamLink {...incident.team} />
          </dd>
        </div>
      )}
      {incident.status === 'resolved' ? (
        <div>
          <dt>Resolved</dt>
          <dd>
            {incident.resolvedHow === '' ? 'yes' : howWords[incident.resolvedHow].toLowerCase()}
            {incident.resolvedBy !== '' && ` by ${incident.resolvedBy}`}
            {incident.resolvedAt !== null && (
              <>
                , <TimeText at={incident.resolvedAt} show="relative" />
              </>
            )}
            {incident.resolvedNote !== '' && <span className="incident-note">{incident.resolvedNote}</span>}
            {incident.reopenAt !== null && (
              <span className="incident-note">
                It still fires: it opens again in{' '}
                <Countdown at={incident.reopenAt} skewMs={skewMs} label={lastingText(incident.reopenAt - at)} /> unless
                that ends.
              </span>
            )}
          </dd>
        </div>
      ) : (
        <div>
          <dt>Next escalation</dt>
          <dd>
            <NextEscalation answer={answer} skewMs={skewMs} />
          </dd>
        </div>
      )}
    </dl>
  );
}

function NextEscalation({ answer, skewMs }: { answer: IncidentAnswer; skewMs: number }): ReactNode {
  const { incident, at } = answer;
  const { next } = incident;
  if (incident.unreachable !== '')
    return (
      <span className="incident-alarm" role="alert">
        Nobody could be told. {incident.unreachable}.{' '}
        <Go to="/alerting" className="underlined">
          Look at channels and policies
        </Go>
      </span>
    );
  if (incident.heldBy !== '') return <span>none: {heldText(incident.heldBy)}</span>;
  if (incident.status === 'acknowledged') return <span>none: {incident.acknowledgedBy} acknowledged it</span>;
  if (next === null) return <span>none: the policy has no further step</span>;
  return (
    <span>
      <Countdown at={next.at} skewMs={skewMs} label={`in ${lastingText(Math.max(0, next.at - at))}`} />{' '}
      {next.channels.join(', ')}{' '}
      <Go to="/alerting" search={{ tab: 'policies' }} className="muted">
        step {next.step} of {incident.policy}
      </Go>
    </span>
  );
}

function Runbook({ text }: { text: string }): ReactNode {
  if (text === '') return null;
  return (
    <section>
      <h2>Runbook</h2>
      {isAddress(text) ? (
        <a href={text} target="_blank" rel="noreferrer noopener">
          {text}
        </a>
      ) : (
        <p className="incident-runbook">{text}</p>
      )}
    </section>
  );
}
