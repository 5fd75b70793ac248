import { metricCardinality } from '@sightline/contract';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useAsk } from '../data/ask.ts';
import { Go } from '../shell/go.tsx';
import { counted } from './number-text.ts';
import './states.css';
import { TimeText } from './time-text.tsx';

const everyMs = 60_000;
const namedAtMost = 5;

/** Says that a limit was met, of which metrics and since when; nothing where none was, or where that is not known yet. */
export function FoldedNotice({ of }: { of?: string }): ReactNode {
  const { data } = useAsk(metricCardinality, {}, { everyMs });
  const folded = (data?.folded ?? []).filter(
    ({ metric }) => of === undefined || metric === of || metric.replace(/_(?:bucket|count|sum)$/, '') === of,
  );
  const first = folded.at(-1);
  if (first === undefined) return null;
  const names = folded.slice(0, namedAtMost).map(({ metric }) => metric);
  return (
    <p className="folded-notice" data-tone="warn" role="status">
      <IconAlertTriangle size={14} aria-hidden />
      <span>
        {counted(folded.length, 'metric has', 'metrics have')} met the limit of series since{' '}
        <TimeText at={first.sinceAt} />: <code>{names.join(', ')}</code>
        {folded.length > names.length && ` and ${folded.length - names.length} more`}. What is new of them is added up
        in one series.{' '}
        <Go to="/metrics" search={{ mode: 'cardinality', tab: '', metric: '' }}>
          Which
        </Go>
      </span>
    </p>
  );
}
