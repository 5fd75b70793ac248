import { listScrapeTargets, type ScrapeTarget } from '@sightline/contract';
import { Button, Switch, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { formatDuration } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useNow } from '../../data/now.ts';
import { useMe } from '../../data/session.tsx';
import { ScrapeConfigurationForm } from './scrape-configuration-form.tsx';
import { ScrapeTargetDrawer } from './scrape-target-drawer.tsx';
import { healthTones } from './scrape-words.ts';
import { ScrapedElsewhere } from './scraped-elsewhere.tsx';

const shownAtMost = 500;

/** What this server scrapes: each target's health and last fault, and the configuration in force. */
export function Scraping(): ReactNode {
  const asked = useAsk(listScrapeTargets, {}, { everyMs: 5000 });
  const me = useMe();
  // The page's clock moves every 10 s: a scrape since then is of now, not to come.
  const now = useNow();
  const { search, setSearch } = useAddress();
  const text = search['find'] ?? '';
  const onlyUnhealthy = search['unhealthy'] === '1';
  const [editing, setEditing] = useState(false);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={8} />;
  }
  const { scraping, configured, jobs, targets, omitted, configuration } = asked.data;
  if (editing) return <ScrapeConfigurationForm onClose={() => setEditing(false)} />;
  if (!scraping && configured) {
    return (
      <EmptyState
        title="Not scraped by this server yet"
        text="The configuration is taken up within seconds, by one server where several run: targets and their health are seen there."
        action={
          <Button variant="default" onClick={() => setEditing(true)}>
            {me.may('admin') ? 'Change' : 'Show'} the configuration
          </Button>
        }
      />
    );
  }
  if (!scraping) {
    return (
      <div className="stack">
        <EmptyState
          title="Nothing is scraped for this organisation"
          text="Write the scrape_configs of a prometheus.yml here, or start the server with --scrape-config and the file. An agent at a site does the same with scrape.yml in its folder; Prometheus itself can write to /prometheus/api/v1/write."
          action={me.may('admin') ? <Button onClick={() => setEditing(true)}>Write a configuration</Button> : undefined}
        />
        <ScrapedElsewhere own={[]} words={[]} onlyUnhealthy={false} />
      </div>
    );
  }
  const words = text.toLowerCase().split(/\s+/);
  const opened = targets.find((target) => targetKey(target) === search['target']);
  const found = targets.filter((target) => {
    if (onlyUnhealthy && target.health === 'up') return false;
    const all = `${target.job} ${target.url} ${labelsText(target)} ${target.health} ${target.lastError}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  return (
    <div className="stack">
      <div className="row scrape-head">
        <p className="muted grow">
          {jobs.map(({ name, up, down, unknown, dropped }) => (
            <span key={name} className="scrape-job">
              <strong>{name}</strong> {up} of {up + down + unknown} up
              {dropped > 0 && `, ${dropped} left out by relabelling`}
            </span>
          ))}
        </p>
        <TextInput
          aria-label="Find a target"
          placeholder="Find a target"
          data-page-search
          maxLength={200}
          value={text}
          onChange={(event) => setSearch({ find: event.currentTarget.value })}
        />
        <Switch
          size="xs"
          label="Only unhealthy"
          checked={onlyUnhealthy}
          onChange={(event) => setSearch({ unhealthy: event.currentTarget.checked ? '1' : '' })}
        />
        <Button variant="default" onClick={() => setEditing(true)}>
          {me.may('admin') ? 'Change' : 'Show'} the configuration
        </Button>
      </div>
      {found.length === 0 && (
        <EmptyState
          compact
          title={targets.length === 0 ? 'No targets' : 'No target fits'}
          text={
            targets.length === 0
              ? 'Discovery has found none yet, or relabelling left all of them out.'
              : onlyUnhealthy && text === ''
                ? 'All targets answered their last scrape.'
                : 'Jobs, addresses, labels and faults are searched.'
          }
        />
      )}
      {found.length > 0 && (
        <section className="panel" aria-label="Targets">
          <ScrollX label="Table of targets">
            <table className="table stacks">
              <thead>
                <tr>
                  <th>State</th>
                  <th>Job</th>
                  <th>Target</th>
                  <th>Labels</th>
                  <th>Last scrape</th>
                  <th className="number">Took</th>
                </tr>
              </thead>
              <tbody>
                {found.slice(0, shownAtMost).map((target) => (
                  <tr key={`${target.job} ${target.url} ${labelsText(target)}`}>
                    <td>
                      <ToneBadge tone={healthTones[target.health]}>{target.health}</ToneBadge>
                    </td>
                    <td data-title="Job">{target.job}</td>
                    <td className="row-name">
                      <button
                        type="button"
                        className="plain-link"
                        onClick={() => setSearch({ target: targetKey(target) }, { push: true })}
                      >
                        {target.url}
                      </button>
                      {target.agent !== '' && <span className="muted scrape-agent">by the agent {target.agent}</span>}
                      {target.lastError !== '' && <span className="scrape-fault">{target.lastError}</span>}
                    </td>
                    <td className="code muted scrape-labels" data-title="Labels">
                      {labelsText(target)}
                    </td>
                    <td data-title="Last scrape">
                      {target.lastScrapeAt === null ? (
                        <span className="muted">not yet</span>
                      ) : (
                        <TimeText at={Math.min(target.lastScrapeAt, now)} show="relative" />
                      )}
                    </td>
                    <td className="number" data-title="Took">
                      {target.lastScrapeAt !== null && formatDuration(target.lastScrapeMs)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        </section>
      )}
      {found.length + omitted > shownAtMost && (
        <p className="muted">
          {counted(found.length + omitted - shownAtMost, 'more target')}; type a part of the address.
        </p>
      )}
      <ScrapedElsewhere own={targets} words={words} onlyUnhealthy={onlyUnhealthy} />
      {opened !== undefined && <ScrapeTargetDrawer target={opened} onClose={() => setSearch({ target: '' })} />}
      {configuration !== '' && (
        <details>
          <summary>Configuration in force, secrets left out</summary>
          <pre className="scrape-configuration">{configuration}</pre>
        </details>
      )}
    </div>
  );
}

function labelsText({ labels }: ScrapeTarget): string {
  return Object.entries(labels)
    .filter(([name]) => name !== 'job')
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ');
}

/** Names a target in the address: a job may have an address more than once. */
function targetKey(target: ScrapeTarget): string {
  return `${target.job} ${target.url} ${labelsText(target)}`.slice(0, 1000);
}
