import { exportTracePath, type getTrace, type traceBeside } from '@sightline/contract';
import { useMemo, type ReactNode } from 'react';
import { formatNs } from '../../charts/number-format.ts';
import { CopyId } from '../../components/copy-id.tsx';
import { counted } from '../../components/number-text.ts';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { addressOf as callAddress, type Reply } from '../../data/call.ts';
import { Go } from '../../shell/go.tsx';
import { CompareWith } from './compare-with.tsx';
import { diagnoseTrace } from './diagnosis.ts';
import { ProfileOfTrace } from './profiles/profile-links.tsx';
import type { SpanTree } from './span-tree.ts';
import { silentNs } from './waterfall-layout.ts';

interface Props {
  readonly id: string;
  readonly trace: Reply<typeof getTrace>;
  readonly tree: SpanTree;
  readonly beside: Reply<typeof traceBeside> | undefined;
  readonly onOpen: (spanId: string) => void;
  /** Leads to the next span whose parent is not here. */
  readonly onNextOrphan: () => void;
  /** How the spans are drawn, at the end of the facts. */
  readonly tools: ReactNode;
}

/** What a trace is, what was wrong with it, where else it is told of, and what of it is not here. */
export function TraceHead({ id, trace, tree, beside, onOpen, onNextOrphan, tools }: Props): ReactNode {
  const diagnosis = useMemo(() => diagnoseTrace(tree), [tree]);
  const root = tree.roots[0]?.span;
  const services = new Set(trace.spans.map(({ service }) => service)).size;
  const correlation = trace.spans.find(({ correlationId }) => correlationId !== '')?.correlationId ?? '';
  const replay = beside?.replays[0];
  const failure = diagnosis?.failure ?? null;
  return (
    <header className="trace-head">
      <h1>
        {root?.service} {root?.name}
      </h1>
      {diagnosis !== null && (
        <p className="diagnosis">
          <button type="button" className="plain-link" onClick={() => onOpen(diagnosis.spanId)}>
            {diagnosis.sentence}
          </button>
          {failure !== null && (
            <button type="button" className="plain-link" onClick={() => onOpen(failure.spanId)}>
              <ToneBadge tone="bad">{failure.sentence}</ToneBadge>
            </button>
          )}
        </p>
      )}
      <div className="facts-row muted">
        {root !== undefined && <TimeText at={root.at} />}
        <span>{formatNs(tree.durationNs)}</span>
        <span>{counted(trace.spans.length, 'span')}</span>
        <span>{counted(services, 'service')}</span>
        {root !== undefined && root.site !== '' && <Go to={`/sites/${encodeURIComponent(root.site)}`}>{root.site}</Go>}
        <CopyId id={id} what="Trace id" />
        <Go to={`/story/${encodeURIComponent(correlation || id)}`}>Story</Go>
        <Go to="/logs" search={{ q: `trace:${id}` }}>
          Logs
        </Go>
        {replay !== undefined && (
          <Go to={`/replays/${replay.replay}`} search={{ t: String(Number(tree.originNs / 1_000_000n)) }}>
            Replay
          </Go>
        )}
        <ProfileOfTrace tree={tree} />
        <a href={callAddress(exportTracePath, { id })} download title="All of the trace as a file of OTLP JSON">
          Download
        </a>
        <span className="grow" />
        <CompareWith id={id} root={root} />
        {tools}
      </div>
      <Gaps tree={tree} onNextOrphan={onNextOrphan} />
      {trace.sampled !== null && (
        <p role="status" className="trace-cut">
          {counted(trace.sampled.spans, 'span', 'spans')} of this trace came before these and{' '}
          {trace.sampled.spans === 1 ? 'was' : 'were'} sampled away by the policy {trace.sampled.policy} at{' '}
          <TimeText at={trace.sampled.at} />.
        </p>
      )}
      {trace.truncated && (
        <p role="status" className="trace-cut">
          The trace is larger than what is shown: further spans were left out.
        </p>
      )}
    </header>
  );
}

/** Spans without their parent, and time in which no span ran. */
function Gaps({ tree, onNextOrphan }: Pick<Props, 'tree' | 'onNextOrphan'>): ReactNode {
  const silent = useMemo(() => silentNs(tree), [tree]);
  const orphans = tree.roots.filter(({ orphan }) => orphan).length;
  const isSilent = silent >= tree.durationNs / 100;
  if (orphans === 0 && !isSilent) return null;
  return (
    <p className="facts-row muted">
      {orphans > 0 && (
        <button type="button" className="plain-link" onClick={onNextOrphan}>
          {counted(orphans, 'span names', 'spans name')} a parent that is not here
        </button>
      )}
      {isSilent && (
        <span title="Between the first start and the last end no span of the trace ran for so long">
          {formatNs(silent)} untraced between spans
        </span>
      )}
    </p>
  );
}
