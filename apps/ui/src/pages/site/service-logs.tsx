import { Button, Select } from '@mantine/core';
import { readServiceLogs, type Agent } from '@sightline/contract';
import { useEffect, useRef, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { timeOfDay } from '../../components/time-format.ts';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { containersOf } from './container-words.ts';

const amounts = ['100', '500', '2000'];

/** The last lines of one service, asked of the site's agent; which service and how many stand in the address. */
export function ServiceLogs({ code, agents }: { code: string; agents: readonly Agent[] }): ReactNode {
  const { search, setSearch } = useAddress();
  const services = [...new Set(containersOf(agents).map((one) => one.service))].sort();
  const service = search['logs'] ?? '';
  const lines = amounts.includes(search['lines'] ?? '') ? (search['lines'] ?? '100') : '100';
  const connected = agents.some((agent) => agent.link === 'up');
  const asked = useAsk(
    readServiceLogs,
    { params: { site: code }, query: { service, lines: Number(lines) } },
    { when: service !== '' && connected, keepOld: false },
  );
  return (
    <section className="panel" aria-label="Logs of a service">
      <header className="panel-head service-logs-head">
        <h2>Logs of a service</h2>
        <Select
          size="xs"
          w={180}
          aria-label="Service"
          placeholder="Choose a service"
          searchable
          data={service === '' || services.includes(service) ? services : [service, ...services]}
          value={service === '' ? null : service}
          onChange={(value) => setSearch({ logs: value ?? '' })}
        />
        <Select
          size="xs"
          w={130}
          aria-label="How many lines"
          data={amounts.map((value) => ({ value, label: `last ${value} lines` }))}
          value={lines}
          allowDeselect={false}
          onChange={(value) => setSearch({ lines: value === '100' ? '' : (value ?? '') })}
        />
        <span className="grow" />
        <Button
          variant="default"
          size="compact-xs"
          disabled={service === '' || !connected}
          loading={asked.isFetching}
          onClick={() => void asked.refetch()}
        >
          Read again
        </Button>
      </header>
      {service === '' ? (
        <p className="panel-body muted">Choose a service to read its last lines from the site itself.</p>
      ) : !connected ? (
        <p className="panel-body muted">
          They can be read as soon as the agent is connected. What the store sent before stands under Logs.
        </p>
      ) : asked.data !== undefined ? (
        <Lines logs={asked.data} skewMs={agents.find((agent) => agent.link === 'up')?.clockSkewMs ?? 0} />
      ) : asked.error !== null ? (
        <div className="panel-body">
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        </div>
      ) : (
        <div className="panel-body">
          <SkeletonRows rows={12} />
        </div>
      )}
    </section>
  );
}

function Lines({ logs, skewMs }: { logs: Reply<typeof readServiceLogs>; skewMs: number }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  // The newest line is what people look for.
  useEffect(() => {
    if (logs.lines.length > 0) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [logs]);
  if (logs.lines.length === 0)
    return <p className="panel-body muted">{`${logs.container} has written nothing to its log.`}</p>;
  return (
    <>
      <p className="panel-body muted service-logs-note">
        {`${counted(logs.lines.length, 'line')} of ${logs.container}${logs.cut ? '; older ones were left off' : ''}`}
      </p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys */}
      <div ref={box} className="service-logs" role="log" aria-label={`Log of ${logs.service}`} tabIndex={0}>
        {logs.lines.map((line, at) => (
          <div key={at} data-stream={line.stream}>
            <time>{line.at === null ? '' : timeOfDay(line.at - skewMs)}</time>
            <span>{line.text}</span>
          </div>
        ))}
      </div>
    </>
  );
}
