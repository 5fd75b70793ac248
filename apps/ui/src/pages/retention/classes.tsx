import { ActionIcon, NumberInput, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import {
  getRetention,
  previewRetention,
  saveRetention,
  storedRetention,
  type RetentionClass,
} from '@sightline/contract';
import { IconArrowUp } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { formatBytes } from '../../charts/number-format.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { AddLine, RemoveLine, SaveLine } from '../../components/form-parts.tsx';
import { nextKey } from '../../components/line-key.ts';
import { FormProblem } from '../../components/form-problem.tsx';
import { compactNumber, counted } from '../../components/number-text.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { Skeleton, SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { call, type ProblemError, type Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { ArchiveReading } from './archive-reading.tsx';
import { DestroyedNote, DestroyKeys, type Destroyed } from './destroy-keys.tsx';

/** The classes in order, what each would take, and what is kept of each. */
export function Classes(): ReactNode {
  const asked = useAsk(getRetention);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  return (
    <div className="stack">
      <ClassesForm key={asked.data.updatedAt} kept={asked.data} />
      <ArchiveReading />
      <Stored />
    </div>
  );
}

interface Draft {
  readonly key: number;
  readonly name: string;
  readonly query: string;
  readonly hotDays: number | string;
  readonly keepDays: number | string;
}

const isWhole = (days: number | string): boolean => Number.isInteger(Number(days)) && Number(days) >= 1;

/** The classes that a draft stands for; undefined while a field is empty. */
function classesOf(drafts: readonly Draft[]): RetentionClass[] | undefined {
  const whole = drafts.every(
    ({ name, hotDays, keepDays }) => name.trim() !== '' && isWhole(hotDays) && isWhole(keepDays),
  );
  return whole
    ? drafts.map(({ name, query, hotDays, keepDays }) => ({
        name: name.trim(),
        query: query.trim(),
        hotDays: Number(hotDays),
        keepDays: Number(keepDays),
      }))
    : undefined;
}

function ClassesForm({ kept }: { kept: Reply<typeof getRetention> }): ReactNode {
  const may = useMe().may('admin');
  const [drafts, setDrafts] = useState<readonly Draft[]>(() => kept.classes.map((one, key) => ({ ...one, key })));
  const saving = useAct(saveRetention, [getRetention, storedRetention]);
  const classes = classesOf(drafts);
  const change = (key: number, part: Partial<Draft>): void =>
    setDrafts((all) => all.map((one) => (one.key === key ? { ...one, ...part } : one)));
  const up = (at: number): void =>
    setDrafts((all) => all.map((one, i) => (i === at - 1 ? all[at] : i === at ? all[at - 1] : one) ?? one));
  const add = (): void =>
    setDrafts((all) => [
      ...all.slice(0, -1),
      { key: nextKey(all), name: '', query: '', hotDays: 7, keepDays: 30 },
      ...all.slice(-1),
    ]);
  return (
    <section className="panel panel-body" aria-label="Retention classes">
      <p className="muted">
        The first class whose query takes a log has it, unless the log names one itself (<code>retention.class</code>).
        It is decided when the log is stored: a query that changes moves nothing that is there.
      </p>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (classes !== undefined) saving.mutate({ body: { classes } });
        }}
      >
        <fieldset disabled={!may} className="stack bare">
          {drafts.map(({ key, name, query, hotDays, keepDays }, at) => {
            const isLast = at === drafts.length - 1;
            return (
              <div key={key} className="line-form">
                <TextInput
                  label="Class"
                  w={150}
                  value={name}
                  maxLength={40}
                  readOnly={isLast}
                  onChange={(event) => change(key, { name: event.currentTarget.value })}
                />
                <TextInput
                  label="Query"
                  className="grow"
                  classNames={{ input: 'code' }}
                  value={isLast ? '' : query}
                  placeholder={isLast ? 'all other logs' : 'severity:<info service:sync'}
                  maxLength={4000}
                  readOnly={isLast}
                  onChange={(event) => change(key, { query: event.currentTarget.value })}
                />
                <NumberInput
                  size="xs"
                  label="Days in the engine"
                  min={1}
                  max={30}
                  w={124}
                  value={hotDays}
                  onChange={(value) => change(key, { hotDays: value })}
                />
                <NumberInput
                  size="xs"
                  label="Days in the archive"
                  min={1}
                  max={36_500}
                  w={124}
                  value={keepDays}
                  onChange={(value) => change(key, { keepDays: value })}
                />
                {may && !isLast && (
                  <>
                    <ActionIcon
                      variant="default"
                      size={30}
                      disabled={at === 0}
                      aria-label={`Move ${name || 'the class'} up`}
                      onClick={() => up(at)}
                    >
                      <IconArrowUp size={14} />
                    </ActionIcon>
                    <RemoveLine
                      what={name || 'the class'}
                      onRemove={() => setDrafts((all) => all.filter((one) => one.key !== key))}
                    />
                  </>
                )}
              </div>
            );
          })}
          {may && (
            <AddLine full={drafts.length >= 20} onAdd={add}>
              Add a class
            </AddLine>
          )}
        </fieldset>
        {may && classes !== undefined && <Preview classes={classes} />}
        <FormProblem problem={saving.error} known={[]} />
        {may && (
          <SaveLine saving={saving.isPending} whole={classes !== undefined} at={kept.updatedAt} by={kept.updatedBy} />
        )}
      </form>
    </section>
  );
}

/** What the draft would take of yesterday's logs. */
function Preview({ classes }: { classes: readonly RetentionClass[] }): ReactNode {
  const [settled] = useDebouncedValue(JSON.stringify(classes.map(({ name, query }) => ({ name, query }))), 500);
  const asked = useQuery<Reply<typeof previewRetention>, ProblemError>({
    queryKey: [previewRetention.path, settled],
    queryFn: async ({ signal }) =>
      call(previewRetention, { body: { classes: JSON.parse(settled) as { name: string; query: string }[] } }, signal),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
  });
  if (asked.error !== null) return <p role="alert">{asked.error.detail || asked.error.message}</p>;
  if (asked.data === undefined) return <Skeleton height={24} />;
  const { rows, classes: taken } = asked.data;
  if (rows === 0) return <p className="muted">No log came yesterday: there is nothing to try it on.</p>;
  return (
    <p role="status" data-stale={asked.isFetching ? '' : undefined}>
      Of yesterday’s {counted(rows, 'log')}:{' '}
      {taken.map(({ name, rows: n }, i) => (
        <span key={name}>
          {i > 0 && ', '}
          {name} <strong>{n.toLocaleString('en-US')}</strong>
        </span>
      ))}
      .
    </p>
  );
}

/** What is kept of each class, and what left the engine. */
function Stored(): ReactNode {
  const asked = useAsk(storedRetention);
  const isOwner = useMe().may('owner');
  const [destroyed, setDestroyed] = useState<Destroyed>();
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={4} />;
  }
  const { archive, classes, deletions } = asked.data;
  return (
    <>
      <section className="panel" aria-label="What is kept">
        <h2 className="panel-title">What is kept</h2>
        <ScrollX label="Table of what is kept">
          <table className="table one-line stacks">
            <thead>
              <tr>
                <th>Class</th>
                <th className="number">Logs in the engine</th>
                <th className="number">About</th>
                <th className="number">Logs in the archive</th>
                <th className="number">Size</th>
                <th>Days of receipt</th>
                {archive && isOwner && <th aria-label="Actions" />}
              </tr>
            </thead>
            <tbody>
              {classes.map(({ name, hot, archived }) => (
                <tr key={name}>
                  <td className="row-name">{name}</td>
                  <td className="number" data-title="Logs in the engine">
                    {compactNumber(hot.rows)}
                  </td>
                  <td className="number" data-title="About">
                    {formatBytes(hot.bytes)}
                  </td>
                  <td className="number" data-title="Logs in the archive">
                    {archived === null ? '–' : compactNumber(archived.rows)}
                  </td>
                  <td className="number" data-title="Size">
                    {archived === null ? '–' : formatBytes(archived.bytes)}
                  </td>
                  <td className="muted" data-title="Days of receipt">
                    {archived === null ? '' : `${archived.firstDay} to ${archived.lastDay}`}
                  </td>
                  {archive && isOwner && (
                    <td>
                      <DestroyKeys name={name} onDone={setDestroyed} />
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
        {destroyed !== undefined && <DestroyedNote done={destroyed} />}
        {!archive && (
          <p className="panel-body muted">
            This server archives nothing: start it with --archive and a folder to keep logs longer.
          </p>
        )}
      </section>
      {deletions.length > 0 && (
        <section className="panel" aria-label="What left the engine">
          <h2 className="panel-title">What left the engine</h2>
          <ScrollX label="Table of what left the engine">
            <table className="table one-line">
              <thead>
                <tr>
                  <th>When</th>
                  <th>Class</th>
                  <th>Day of the logs</th>
                  <th className="number">Logs</th>
                </tr>
              </thead>
              <tbody>
                {deletions.map((one) => (
                  <tr key={`${one.class} ${one.day} ${one.at}`}>
                    <td>{one.done ? <TimeText at={one.at} /> : 'under way'}</td>
                    <td>{one.class}</td>
                    <td>{one.day}</td>
                    <td className="number">{one.rows.toLocaleString('en-US')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        </section>
      )}
    </>
  );
}
