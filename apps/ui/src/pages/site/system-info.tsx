import { Button } from '@mantine/core';
import { readSystemInfo } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatBytes } from '../../charts/number-format.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { compactNumber, percent } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { longText } from '../../components/time-format.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';

type Info = Reply<typeof readSystemInfo>;

/** The machine of a site now: asked of its agent when the tab opens, and again by a button. Each time is audited. */
export function SystemInfo({ code, when }: { code: string; when: boolean }): ReactNode {
  const asked = useAsk(readSystemInfo, { params: { site: code } }, { when });
  return (
    <section className="panel" aria-label="System info">
      <header className="panel-head">
        <h2>System info</h2>
        <span className="grow" />
        <Button
          variant="default"
          size="compact-xs"
          disabled={!when}
          loading={asked.isFetching}
          onClick={() => void asked.refetch()}
        >
          Read again
        </Button>
      </header>
      <div className="panel-body">
        {!when ? (
          <p className="muted">It can be read as soon as the agent is connected.</p>
        ) : asked.data !== undefined ? (
          <Facts info={asked.data} />
        ) : asked.error !== null ? (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ) : (
          <SkeletonRows rows={6} />
        )}
      </div>
    </section>
  );
}

function Facts({ info }: { info: Info }): ReactNode {
  const { cpu, memory } = info;
  return (
    <dl className="facts">
      <Fact name="Machine">
        {info.host} <span className="muted">{`${info.os}, ${info.arch}, up ${longText(info.uptimeS * 1000)}`}</span>
      </Fact>
      <Fact name="CPU">
        {percent(cpu.usage)}{' '}
        <span className="muted">
          {`of ${cpu.cores} cores${cpu.model === '' ? '' : ` (${cpu.model})`}, load ${cpu.load.map((one) => compactNumber(one, 2)).join(' ')}`}
        </span>
      </Fact>
      <Fact name="Memory">
        <Share used={memory.usedBytes} total={memory.totalBytes} />
      </Fact>
      {info.disks.map((disk) => (
        <Fact key={disk.mount} name={`Disk ${disk.mount}`}>
          <Share used={disk.usedBytes} total={disk.totalBytes} />
        </Fact>
      ))}
      {info.networks.filter(isUsed).map((network) => (
        <Fact key={network.name} name={`Network ${network.name}`}>
          <span className="code">{network.addresses.join(', ') || 'no address'}</span>{' '}
          <span className="muted">
            {`${formatBytes(network.receivedBytes)} received, ${formatBytes(network.sentBytes)} sent since it was started`}
          </span>
        </Fact>
      ))}
      <Fact name="Agent">
        {info.agent.version}{' '}
        <span className="muted">
          {`up ${longText(info.agent.uptimeS * 1000)}, ${formatBytes(info.agent.rssBytes)} of memory`}
        </span>
      </Fact>
    </dl>
  );
}

const isUsed = ({ addresses, receivedBytes, sentBytes }: Info['networks'][number]): boolean =>
  addresses.length > 0 || receivedBytes + sentBytes > 0;

function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Share({ used, total }: { used: number; total: number }): ReactNode {
  const share = total === 0 ? null : used / total;
  const tone = share === null || share < 0.8 ? 'good' : share < 0.9 ? 'warn' : 'bad';
  return (
    <>
      <span className="share" data-tone={tone} aria-hidden>
        <span style={{ width: `${100 * (share ?? 0)}%` }} />
      </span>
      {percent(share)} <span className="muted">{`${formatBytes(used)} of ${formatBytes(total)}`}</span>
    </>
  );
}
