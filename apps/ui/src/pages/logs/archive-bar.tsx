import { archiveCost } from '@sightline/contract';
import { Button } from '@mantine/core';
import { IconArchive } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatBytes, formatCount, formatDuration } from '../../charts/number-format.ts';
import { dayAndTime } from '../../components/time-format.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { RestoreMenu } from './restores.tsx';
import type { LogPages } from './use-logs.ts';

interface ArchiveBarProps {
  readonly scope: ScopeQuery;
  readonly q: string;
  /** Whether the search reads the archive. */
  readonly on: boolean;
  readonly order: 'newest' | 'oldest';
  readonly logs: LogPages;
  readonly onSwitch: (on: boolean) => void;
}

/** What of the range lies in the archive, and what reading it costs: it is read only when somebody says so. */
export function ArchiveBar({ scope, q, on, order, logs, onSwitch }: ArchiveBarProps): ReactNode {
  const { data: cost } = useAsk(archiveCost, { query: { ...scope, q } });
  if (!on && (cost === undefined || !cost.available || cost.files === 0)) return null;
  const site = scope.site === '' ? '' : ` of ${scope.site}`;
  if (!on && cost !== undefined)
    return (
      <section className="archive-bar" aria-label="Archive">
        <IconArchive size={16} aria-hidden />
        <p>
          Lines before {dayAndTime(cost.hotFrom)} lie in the archive. {costText(cost, site)}
        </p>
        <Button variant="default" onClick={() => onSwitch(true)}>
          Search the archive
        </Button>
        <RestoreMenu cost={cost} site={scope.site} />
      </section>
    );
  const { reached } = logs;
  const at = reached?.at ?? (order === 'newest' ? scope.to : scope.from);
  const share = (order === 'newest' ? scope.to - at : at - scope.from) / Math.max(1, scope.to - scope.from);
  const reading = logs.loading || logs.goingOn;
  return (
    <section className="archive-bar" aria-label="Archive">
      <IconArchive size={16} aria-hidden />
      <p role="status">{stateText(logs, { reading, order, at, cost, site })}</p>
      {reading && <progress max={1} value={logs.loading ? 0 : share} aria-label="Part of the range that was read" />}
      {reading && (
        <Button variant="default" onClick={logs.stop}>
          Stop
        </Button>
      )}
      {!reading && logs.stopped && (
        <Button variant="default" onClick={logs.goOn}>
          Go on
        </Button>
      )}
      {!reading && (
        <Button variant="subtle" onClick={() => onSwitch(false)}>
          Leave the archive
        </Button>
      )}
      {(reached?.missing.length ?? 0) > 0 && (
        <details className="archive-missing">
          <summary>{reached?.missing.length} archived files could not be read; their lines are missing here</summary>
          <ul>
            {reached?.missing.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

type Cost = Reply<typeof archiveCost>;

const count = (n: number, word: string): string => `${formatCount(n)} ${word}${n === 1 ? '' : 's'}`;

function costText({ days, files, bytes, rows, estimatedMs }: Cost, site: string): string {
  const seconds = formatDuration(Math.max(1000, Math.round(estimatedMs / 1000) * 1000));
  return `This range reads ${count(days, 'archived day')}${site}: ${count(files, 'file')}, ${count(rows, 'line')}, ${formatBytes(bytes)}, about ${seconds}.`;
}

function stateText(
  { stopped, error, more }: LogPages,
  of: {
    readonly reading: boolean;
    readonly order: 'newest' | 'oldest';
    readonly at: number;
    readonly cost: Cost | undefined;
    readonly site: string;
  },
): string {
  if (error !== null) return `The archive could not be read. ${error.detail}`;
  const way = of.order === 'newest' ? 'back to' : 'up to';
  if (of.reading)
    return `Reading the archive, ${way} ${dayAndTime(of.at)} so far. ${of.cost ? costText(of.cost, of.site) : ''}`;
  if (stopped) return `Stopped: lines ${way} ${dayAndTime(of.at)} were read.`;
  if (more) return `With the archive, read ${way} ${dayAndTime(of.at)}; older lines follow as you scroll.`;
  return 'With the archive: the whole range was read. It has no index of words, so each line was looked at.';
}
