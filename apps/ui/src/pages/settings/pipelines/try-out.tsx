import { SegmentedControl, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { tryPipeline, type PipelineInput } from '@sightline/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { FormProblem } from '../../../components/form-problem.tsx';
import { counted } from '../../../components/number-text.ts';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { ToneBadge } from '../../../components/state-badge.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { call, type ProblemError, type Reply } from '../../../data/call.ts';
import { changesOf, missingOf, stepText } from './step-words.ts';

type Line = Reply<typeof tryPipeline>['lines'][number];

const linesAtMost = 50;

/** What the draft would make of lines: by the statement that loads them, and nothing is stored. */
export function TryOut({ pipeline }: { pipeline: PipelineInput }): ReactNode {
  const [source, setSource] = useState('live');
  const [text, setText] = useState('');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const body = {
    pipeline: { ...pipeline, name: pipeline.name === '' ? 'draft' : pipeline.name },
    ...(source === 'pasted' ? { pasted: { lines: lines.slice(0, linesAtMost) } } : {}),
  };
  const missing = pipeline.steps.map(missingOf);
  const first = missing.findIndex((what) => what !== undefined);
  const [settled] = useDebouncedValue(JSON.stringify(body), 500);
  const asked = useQuery<Reply<typeof tryPipeline>, ProblemError>({
    queryKey: [tryPipeline.path, settled],
    queryFn: async ({ signal }) => call(tryPipeline, { body: JSON.parse(settled) as typeof body }, signal),
    enabled: first < 0 && (source === 'live' || lines.length > 0),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 10_000,
  });
  const tried = asked.data?.lines ?? [];
  const gone = tried.filter(({ endedBy }) => endedBy !== null).length;
  return (
    <section className="panel try-out" aria-label="Try it out">
      <div className="panel-head">
        <h2 className="part-title grow">Try it out</h2>
        <SegmentedControl
          size="xs"
          aria-label="Lines to try it on"
          data={[
            { value: 'live', label: 'Last hour' },
            { value: 'pasted', label: 'Pasted lines' },
          ]}
          value={source}
          onChange={setSource}
        />
      </div>
      <div className="panel-body stack">
        {source === 'pasted' && (
          <Textarea
            label="Lines, at most 50"
            className="pattern"
            autosize
            minRows={3}
            maxRows={8}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        {first >= 0 && (
          <p role="status" className="muted">
            Step {first + 1} needs {missing[first]}: then you see here what the steps make of{' '}
            {source === 'live' ? 'lines of the last hour' : 'the pasted lines'}.
          </p>
        )}
        {first < 0 && asked.error !== null && <FormProblem problem={asked.error} known={[]} />}
        {asked.isLoading && <SkeletonRows rows={3} />}
        {first < 0 && asked.error === null && asked.data !== undefined && (
          <p role="status" className="muted" data-stale={asked.isFetching ? '' : undefined}>
            {tried.length === 0
              ? 'No line of the last hour passes the filter. Paste some.'
              : `${counted(tried.length, 'line')}: ${tried.length - gone} kept, ${gone} let go. Nothing is stored.`}
          </p>
        )}
        {first < 0 && asked.error === null && tried.length > 0 && (
          <ol className="tried-list">
            {tried.map((line, n) => (
              // Lines have no name of their own, and the list is made anew as a whole.
              // oxlint-disable-next-line react/no-array-index-key
              <TriedLine key={n} line={line} pipeline={pipeline} />
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}

const goneBy: Readonly<Record<string, string>> = { drop: 'dropped', sample: 'sampled out', cap: 'over the cap' };

function TriedLine({ line, pipeline }: { line: Line; pipeline: PipelineInput }): ReactNode {
  const { before, after, taken, endedBy, unread, made } = line;
  const ending = endedBy === null ? undefined : pipeline.steps[endedBy - 1];
  const moved = (['severity', 'site', 'service'] as const).filter((name) => before[name] !== after[name]);
  return (
    <li className="tried">
      <div className="tried-head">
        {!taken ? (
          <ToneBadge tone="idle">not taken</ToneBadge>
        ) : endedBy === null ? (
          <ToneBadge tone="good">kept</ToneBadge>
        ) : (
          <ToneBadge tone="warn">
            {goneBy[ending?.kind ?? ''] ?? 'let go'} by step {endedBy}
          </ToneBadge>
        )}
        <code className="tried-body">{before.body}</code>
      </div>
      <div className="tried-facts">
        {before.body !== after.body && (
          <span>
            <span className="muted">body </span>
            <code>{after.body}</code>
          </span>
        )}
        {before.at !== after.at && (
          <span>
            <span className="muted">time </span>
            <TimeText at={after.at} />
          </span>
        )}
        {moved.map((name) => (
          <span key={name}>
            <span className="muted">{name} </span>
            <code>{after[name]}</code>
          </span>
        ))}
        {changesOf(before.attributes, after.attributes).map(({ name, how, value }) => (
          <span key={name} data-how={how}>
            <span className="muted">
              {how === 'added' ? '+ ' : how === 'removed' ? '− ' : '± '}
              {name}{' '}
            </span>
            {how === 'removed' ? <s>{value}</s> : <code>{value}</code>}
          </span>
        ))}
        {unread.map((step) => (
          <span key={`unread ${step}`} className="warn-text">
            step {step} did not fit ({pipeline.steps[step - 1] ? stepText(pipeline.steps[step - 1]!) : 'parse'})
          </span>
        ))}
        {made.map(({ step, metric, labels, value }) => (
          <span key={`made ${step}`}>
            <span className="muted">metric </span>
            <code>
              {metric}
              {`{${Object.entries(labels)
                .map(([name, label]) => `${name}="${label}"`)
                .join(', ')}} +${value}`}
            </code>
          </span>
        ))}
      </div>
    </li>
  );
}
