import { ActionIcon, Button, Switch } from '@mantine/core';
import { getPipelines, pipelineCounts, savePipelines, type PipelineInput } from '@sightline/contract';
import { IconArrowDown, IconArrowUp, IconPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Confirm } from '../../../components/confirm.tsx';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorState } from '../../../components/error-state.tsx';
import { FormProblem } from '../../../components/form-problem.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAddress } from '../../../data/address.ts';
import { useAct, useAsk } from '../../../data/ask.ts';
import type { Reply } from '../../../data/call.ts';
import { useMe } from '../../../data/session.tsx';
import { Go } from '../../../shell/go.tsx';
import { PipelineEditor } from './pipeline-editor.tsx';
import './pipelines.css';
import { begunWith, stepText } from './step-words.ts';

type Counts = Reply<typeof pipelineCounts>['rows'];

/** What logs pass through on their way into the store: the list in its order, or one of it opened (`pipeline=` in the address). */
export function Pipelines(): ReactNode {
  const asked = useAsk(getPipelines);
  const { search, setSearch } = useAddress();
  const saving = useAct(savePipelines, [getPipelines, pipelineCounts]);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const set = asked.data;
  const save = (pipelines: readonly PipelineInput[]): Promise<unknown> =>
    saving.mutateAsync({ body: { version: set.version, pipelines: [...pipelines] } });
  const opened = search['pipeline'] ?? '';
  const at = set.pipelines.findIndex(({ id }) => id === opened);
  const close = (): void => {
    saving.reset();
    setSearch({ pipeline: '', parse: '', filter: '' }, { push: true });
  };
  if (opened === 'new' || at >= 0)
    return (
      <PipelineEditor
        key={opened}
        pipeline={set.pipelines[at] ?? begunWith(search['parse'] ?? '', search['filter'] ?? '')}
        isNew={at < 0}
        place={at < 0 ? set.pipelines.length : at}
        problem={saving.error}
        busy={saving.isPending}
        close={close}
        save={async (changed) => {
          const list = [...set.pipelines];
          list.splice(at < 0 ? list.length : at, at < 0 ? 0 : 1, changed);
          await save(list);
          close();
        }}
      />
    );
  return <PipelineList set={set} save={save} saving={saving} />;
}

function PipelineList(props: {
  set: Reply<typeof getPipelines>;
  save: (pipelines: readonly PipelineInput[]) => Promise<unknown>;
  saving: ReturnType<typeof useAct<typeof savePipelines>>;
}): ReactNode {
  const { set, save, saving } = props;
  const me = useMe();
  const { setSearch } = useAddress();
  const counts = useAsk(pipelineCounts, {}, { everyMs: 30_000 });
  const may = me.may('admin');
  const { pipelines } = set;
  const add = (
    <Button
      size="compact-sm"
      leftSection={<IconPlus size={14} />}
      onClick={() => setSearch({ pipeline: 'new' }, { push: true })}
    >
      Add a pipeline
    </Button>
  );
  // Its own fault is shown below: nothing else waits for it.
  const put = (list: readonly PipelineInput[]): void => void save(list).catch(() => undefined);
  const move = (from: number, by: number): void => {
    const list = [...pipelines];
    const [moved] = list.splice(from, 1);
    if (moved) put([...list.slice(0, from + by), moved, ...list.slice(from + by)]);
  };
  if (pipelines.length === 0)
    return (
      <section className="panel panel-body" aria-label="Pipelines">
        <EmptyState
          title="Logs are stored as they come"
          text="A pipeline reads fields out of lines, drops or samples what nobody needs, and turns lines into metrics. Try it on live lines before you save it."
          {...(may ? { action: add } : {})}
        />
      </section>
    );
  return (
    <section className="panel pipelines" aria-label="Pipelines">
      <div className="panel-head">
        <span className="muted grow">Each log passes them from top to bottom. Counts are of the last 24 hours.</span>
        {may && add}
      </div>
      <ol className="pipeline-list">
        {pipelines.map((pipeline, n) => (
          <li key={pipeline.id} className="pipeline-row" data-off={pipeline.enabled ? undefined : ''}>
            <span className="pipeline-order">
              <ActionIcon
                variant="subtle"
                size={24}
                aria-label={`Move ${pipeline.name} up`}
                disabled={!may || n === 0 || saving.isPending}
                onClick={() => move(n, -1)}
              >
                <IconArrowUp size={14} />
              </ActionIcon>
              <ActionIcon
                variant="subtle"
                size={24}
                aria-label={`Move ${pipeline.name} down`}
                disabled={!may || n === pipelines.length - 1 || saving.isPending}
                onClick={() => move(n, 1)}
              >
                <IconArrowDown size={14} />
              </ActionIcon>
            </span>
            <span className="pipeline-what">
              <Go to="/settings" search={{ tab: 'pipelines', pipeline: pipeline.id }}>
                {pipeline.name}
              </Go>
              <code>{pipeline.filter === '' ? 'all logs' : pipeline.filter}</code>
              <span className="muted">{pipeline.steps.map(stepText).join(' · ') || 'no steps'}</span>
            </span>
            <Done counts={counts.data?.rows ?? []} pipeline={pipeline} />
            <span className="row">
              <Switch
                checked={pipeline.enabled}
                disabled={!may || saving.isPending}
                aria-label={`${pipeline.name} is on`}
                onChange={(event) => {
                  const enabled = event.currentTarget.checked;
                  put(pipelines.map((one) => (one.id === pipeline.id ? { ...one, enabled } : one)));
                }}
              />
              {may && (
                <Confirm
                  verb="Remove"
                  title={`Remove ${pipeline.name}`}
                  text="Logs that come from now on no longer pass it. What it did to stored logs stays."
                  harmful
                  act={() => save(pipelines.filter(({ id }) => id !== pipeline.id))}
                />
              )}
            </span>
          </li>
        ))}
      </ol>
      <div className="panel-body">
        <FormProblem problem={saving.error} known={[]} />
        {set.savedAt !== null && (
          <span className="muted">
            Version {set.version}, saved <TimeText at={set.savedAt} show="relative" /> by {set.savedBy}. It treats what
            is received a moment later and from then on.
          </span>
        )}
      </div>
    </section>
  );
}

/** What a pipeline took and let go. */
function Done({ counts, pipeline }: { counts: Counts; pipeline: PipelineInput }): ReactNode {
  const sum = (...did: readonly string[]): number =>
    counts
      .filter((one) => one.pipeline === pipeline.id && did.includes(one.did))
      .reduce((all, one) => all + one.records, 0);
  const [taken, gone, unread] = [sum('taken'), sum('drop', 'sample', 'cap'), sum('unread')];
  const said = (n: number, word: string): ReactNode => (
    <span>
      <strong>{n.toLocaleString('en-US')}</strong> {word}
    </span>
  );
  return (
    <span className="pipeline-done muted">
      {said(taken, 'taken')}
      {gone > 0 && said(gone, 'let go')}
      {unread > 0 && said(unread, 'not parsed')}
    </span>
  );
}
