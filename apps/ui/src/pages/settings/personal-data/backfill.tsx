import { Button, TextInput } from '@mantine/core';
import { listScrubBackfills, resumeScrubBackfill, startScrubBackfill, stopScrubBackfill } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { formatCount } from '../../../charts/number-format.ts';
import { Confirm } from '../../../components/confirm.tsx';
import { ErrorState } from '../../../components/error-state.tsx';
import { FormProblem } from '../../../components/form-problem.tsx';
import { ScrollX } from '../../../components/scroll-x.tsx';
import { Skeleton } from '../../../components/skeleton.tsx';
import { ToneBadge, type Tone } from '../../../components/state-badge.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAct, useAsk } from '../../../data/ask.ts';
import { call, type Reply } from '../../../data/call.ts';
import { BackfillResult } from './backfill-result.tsx';

export type Run = Reply<typeof listScrubBackfills>['backfills'][number];

export const isOpen = ({ state }: Run): boolean => state === 'waiting' || state === 'running';
const states: Readonly<Record<Run['state'], { readonly tone: Tone; readonly words: string }>> = {
  waiting: { tone: 'idle', words: 'Waits' },
  running: { tone: 'idle', words: 'At work' },
  done: { tone: 'good', words: 'Done' },
  stopped: { tone: 'warn', words: 'Stopped' },
  failed: { tone: 'bad', words: 'Failed' },
};
export const daysText = ({ fromDay, toDay }: Pick<Run, 'fromDay' | 'toDay'>): string =>
  fromDay === toDay ? fromDay : `${fromDay} to ${toDay}`;

const dayMs = 86_400_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** What is stored from before there was a rule: look first, then scrub it. */
export function Backfill(): ReactNode {
  const asked = useAsk(listScrubBackfills, {}, { everyMs: (reply) => (reply?.backfills.some(isOpen) ? 2000 : 60_000) });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <Skeleton height={160} />;
  }
  const { backfills } = asked.data;
  const running = backfills.find(isOpen);
  return (
    <section className="panel panel-body scrub-backfill" aria-label="What is stored already">
      <h2>What is stored already</h2>
      <p className="muted">
        Rules apply to what comes. This scrubs logs, spans, errors and what was made of them that came before, by the
        rules that hold now. What is removed cannot be brought back. Archived files are never changed.
      </p>
      {running ? <Progress run={running} /> : <Range last={backfills[0]} again={() => asked.refetch()} />}
      {backfills.length > 0 && <History backfills={backfills} />}
    </section>
  );
}

function Range({ last, again }: { last: Run | undefined; again: () => Promise<unknown> }): ReactNode {
  const [fromDay, setFromDay] = useState(() => last?.fromDay ?? dayOf(Date.now() - 29 * dayMs));
  const [toDay, setToDay] = useState(() => last?.toDay ?? dayOf(Date.now()));
  const preview = useAct(startScrubBackfill, [listScrubBackfills]);
  const resume = useAct(resumeScrubBackfill, [listScrubBackfills]);
  const previewed =
    last?.kind === 'preview' && last.state === 'done' && last.fromDay === fromDay && last.toDay === toDay;
  return (
    <>
      <form
        className="row scrub-range"
        onSubmit={(event) => {
          event.preventDefault();
          preview.mutate({ body: { kind: 'preview', fromDay, toDay } });
        }}
      >
        <TextInput
          type="date"
          label="From (UTC)"
          value={fromDay}
          max={toDay}
          required
          onChange={(event) => setFromDay(event.currentTarget.value)}
        />
        <TextInput
          type="date"
          label="To, included"
          value={toDay}
          min={fromDay}
          required
          onChange={(event) => setToDay(event.currentTarget.value)}
        />
        <Button type="submit" variant={previewed ? 'default' : 'filled'} loading={preview.isPending}>
          Preview
        </Button>
        {previewed && last.rowsChanged > 0 && (
          <Confirm
            verb="Scrub"
            title={`Scrub what is stored of ${daysText(last)}`}
            text={`${formatCount(last.rowsChanged)} rows become what the preview shows. What is removed cannot be brought back.`}
            harmful
            button={{ size: 'xs', variant: 'filled' }}
            act={async () => {
              await call(startScrubBackfill, { body: { kind: 'run', fromDay, toDay } });
              await again();
            }}
          />
        )}
        {(last?.state === 'stopped' || last?.state === 'failed') && (
          <Button
            variant="default"
            loading={resume.isPending}
            onClick={() => resume.mutate({ params: { id: last.id } })}
          >
            Go on with {last.kind === 'run' ? 'the run' : 'the preview'} that ended early
          </Button>
        )}
      </form>
      <FormProblem problem={preview.error ?? resume.error} known={[]} />
      {last && <BackfillResult run={last} />}
    </>
  );
}

function Progress({ run }: { run: Run }): ReactNode {
  const stop = useAct(stopScrubBackfill, [listScrubBackfills]);
  return (
    <div className="scrub-progress">
      <p role="status">
        {run.kind === 'run' ? 'Scrubbing' : 'Looking through'} {daysText(run)}: {formatCount(run.rowsSeen)} of{' '}
        {formatCount(Math.max(run.rowsAll, run.rowsSeen))} rows looked at, {formatCount(run.rowsChanged)}{' '}
        {run.kind === 'run' ? 'changed' : 'would change'}.{run.detail !== '' && ` ${run.detail}`}
      </p>
      <progress
        max={1}
        value={run.rowsAll === 0 ? 0 : Math.min(1, run.rowsSeen / run.rowsAll)}
        aria-label="Part of the rows that was looked at"
      />
      <div className="row">
        <Button
          variant="default"
          loading={stop.isPending}
          disabled={run.stopping}
          onClick={() => stop.mutate({ params: { id: run.id } })}
        >
          {run.stopping ? 'Stops after this batch' : 'Stop'}
        </Button>
      </div>
      <FormProblem problem={stop.error} known={[]} />
    </div>
  );
}

function History({ backfills }: { backfills: readonly Run[] }): ReactNode {
  return (
    <details>
      <summary>Every run and preview of late</summary>
      <ScrollX label="Table of runs and previews">
        <table className="table one-line">
          <thead>
            <tr>
              <th>Asked for</th>
              <th>By</th>
              <th>What</th>
              <th>Days</th>
              <th>Outcome</th>
              <th className="number">Rows looked at</th>
              <th className="number">Changed</th>
            </tr>
          </thead>
          <tbody>
            {backfills.map((run) => (
              <tr key={run.id}>
                <td>
                  <TimeText at={run.requestedAt} />
                </td>
                <td>{run.requestedBy}</td>
                <td>{run.kind === 'run' ? 'Run' : 'Preview'}</td>
                <td>{daysText(run)}</td>
                <td>
                  <ToneBadge tone={states[run.state].tone}>{states[run.state].words}</ToneBadge>
                </td>
                <td className="number">{run.rowsSeen.toLocaleString('en-US')}</td>
                <td className="number">{run.rowsChanged.toLocaleString('en-US')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </details>
  );
}
