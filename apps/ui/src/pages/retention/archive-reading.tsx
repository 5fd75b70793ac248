import { Select } from '@mantine/core';
import { getArchiveReading, saveArchiveReading } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';

type Questions = Reply<typeof getArchiveReading>['farQuestions'];

const words: Readonly<Record<Questions, string>> = {
  reach: 'Read the archive where their range reaches it',
  stay: 'Stay in the engine, unless they ask (archive=on)',
};

/** Which questions read the archive; nothing where this server has none to read. */
export function ArchiveReading(): ReactNode {
  const { may } = useMe();
  const asked = useAsk(getArchiveReading);
  const save = useAct(saveArchiveReading, [getArchiveReading]);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={2} />;
  }
  if (!asked.data.available) return null;
  return (
    <section className="panel panel-body stack" aria-label="Reading the archive">
      <h2>Reading the archive</h2>
      <p className="muted">
        The Logs page reads archived days when somebody presses Search the archive. Grafana, logcli and clients of
        Elasticsearch have no such button: decide for them. A call may say otherwise for itself, with{' '}
        <code>archive=on</code> or <code>archive=off</code>.
      </p>
      <Select
        label="Questions through the APIs of Loki and Elasticsearch"
        maw={420}
        allowDeselect={false}
        disabled={!may('admin') || save.isPending}
        data={(['reach', 'stay'] as const).map((value) => ({ value, label: words[value] }))}
        value={asked.data.farQuestions}
        error={save.error?.detail}
        onChange={(value) => value !== null && save.mutate({ body: { farQuestions: value } })}
      />
    </section>
  );
}
