import { Button } from '@mantine/core';
import { listScrubCanaries, plantScrubCanary } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ErrorState } from '../../../components/error-state.tsx';
import { FormProblem } from '../../../components/form-problem.tsx';
import { ScrollX } from '../../../components/scroll-x.tsx';
import { Skeleton } from '../../../components/skeleton.tsx';
import { ToneBadge, type Tone } from '../../../components/state-badge.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAct, useAsk } from '../../../data/ask.ts';
import type { Reply } from '../../../data/call.ts';
import { useMe } from '../../../data/session.tsx';

type Canary = Reply<typeof listScrubCanaries>['canaries'][number];

const underWay = ({ state }: Canary): boolean => state === 'begun' || state === 'planted';
const states: Readonly<Record<Canary['state'], { readonly tone: Tone; readonly words: string }>> = {
  begun: { tone: 'idle', words: 'Being planted' },
  planted: { tone: 'idle', words: 'Planted, being looked for' },
  clean: { tone: 'good', words: 'Nothing got through' },
  found: { tone: 'bad', words: 'Personal data got through' },
  lost: { tone: 'warn', words: 'It did not arrive' },
};

/** Is anything wrong: what became of the made-up data that is planted each day. */
export function Canaries(): ReactNode {
  const me = useMe();
  const asked = useAsk(listScrubCanaries, {}, { everyMs: (reply) => (reply?.canaries.some(underWay) ? 3000 : 60_000) });
  const planting = useAct(plantScrubCanary, [listScrubCanaries]);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <Skeleton height={60} />;
  }
  const { canaries } = asked.data;
  const last = canaries.find((one) => !underWay(one));
  const running = canaries.find(underWay);
  return (
    <section className="panel panel-body scrub-canaries" aria-label="Proof">
      <div className="row">
        {last === undefined ? (
          <ToneBadge tone="idle">Not proved yet</ToneBadge>
        ) : (
          <ToneBadge tone={states[last.state].tone}>{states[last.state].words}</ToneBadge>
        )}
        {last?.checkedAt != null && (
          <span className="muted">
            proved <TimeText at={last.checkedAt} />
          </span>
        )}
        {running && <ToneBadge tone="idle">{states[running.state].words}</ToneBadge>}
        {me.may('admin') && !running && (
          <Button variant="default" size="compact-sm" loading={planting.isPending} onClick={() => planting.mutate({})}>
            Prove it now
          </Button>
        )}
      </div>
      <FormProblem problem={planting.error} known={[]} />
      <p className="muted">
        Once a day made-up card numbers, addresses, tokens, passwords and the samples of your own rules come in as the
        service sightline-canary, as any client’s records do. Then the tables are searched for them.
      </p>
      {canaries.length > 0 && (
        <details>
          <summary>Every proof of late</summary>
          <ScrollX label="Table of proofs">
            <table className="table one-line">
              <thead>
                <tr>
                  <th>Begun</th>
                  <th>Outcome</th>
                  <th>Tried</th>
                  <th>Found</th>
                </tr>
              </thead>
              <tbody>
                {canaries.map((one) => (
                  <tr key={one.id}>
                    <td>
                      <TimeText at={one.begunAt} />
                      {one.byHand && <span className="muted"> by hand</span>}
                    </td>
                    <td>
                      <ToneBadge tone={states[one.state].tone}>{states[one.state].words}</ToneBadge>
                    </td>
                    <td>{one.kinds.join(', ')}</td>
                    <td>{one.found.map(({ signal, kind }) => `${kind} in ${signal}`).join(', ') || '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        </details>
      )}
    </section>
  );
}
