import { story } from '@sightline/contract';
import { Button, TextInput } from '@mantine/core';
import { useMemo, useState, type ReactNode } from 'react';
import { formatNs } from '../../charts/number-format.ts';
import { CopyId } from '../../components/copy-id.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress, usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { writeFilter } from '../../search/query-edit.ts';
import { Go, useGo } from '../../shell/go.tsx';
import { entrySentence } from './entry-sentence.ts';
import { laneOf, layoutLanes, subjectOf, type Story, type StoryEntry } from './lane-layout.ts';
import { StoryDrawer } from './story-drawer.tsx';
import { StoryLanes } from './story-lanes.tsx';
import './story.css';

/** Everything that carries one correlation id (or trace id), as lanes on a time line and as an ordered list. */
export default function StoryPage(): ReactNode {
  const id = usePathParam('id');
  const asked = useAsk(story, { params: { id } }, { when: id !== '', keepOld: false });
  const unknown = asked.error?.status === 404 || asked.data?.entries.length === 0;
  return (
    <div className="page">
      <div className="page-head">
        <h1>Story</h1>
        {id !== '' && <CopyId id={id} what="Id" length={40} />}
        <span className="grow" />
        {id !== '' && <IdField />}
      </div>
      {id === '' && (
        <EmptyState
          title="Follow one id through every service"
          text="Paste a correlation id or a trace id: terminal, gateway, orders, payment and inventory are put on one time line."
          action={<IdField />}
        />
      )}
      {id !== '' && asked.data === undefined && asked.error === null && <SkeletonRows rows={18} />}
      {id !== '' && unknown && (
        <EmptyState
          title="Nothing carries this id"
          text="No span, log line or error with it is kept. It may be mistyped, too old, or still on its way."
          action={<Button onClick={() => void asked.refetch()}>Look again</Button>}
        />
      )}
      {asked.error !== null && !unknown && <ErrorState error={asked.error} again={() => void asked.refetch()} />}
      {asked.data !== undefined && asked.data.entries.length > 0 && <StoryView told={asked.data} />}
    </div>
  );
}

function IdField(): ReactNode {
  const go = useGo();
  const [text, setText] = useState('');
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') go(`/story/${encodeURIComponent(text.trim())}`);
      }}
    >
      <TextInput
        aria-label="Correlation id or trace id"
        placeholder="Correlation id or trace id"
        value={text}
        maxLength={200}
        w={240}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Tell
      </Button>
    </form>
  );
}

function StoryView({ told }: { told: Story }): ReactNode {
  const { search, setSearch } = useAddress();
  const layout = useMemo(() => layoutLanes(told), [told]);
  const open = search['entry'] === undefined ? -1 : Number(search['entry']);
  const show = (index: number) => setSearch({ entry: String(index) }, { push: open < 0 });
  const entry = told.entries[open];
  const trace = told.entries.map(subjectOf).find(({ traceId }) => traceId !== '')?.traceId ?? '';
  return (
    <>
      <p className="story-sentence">{told.sentence}</p>
      <div className="facts-row muted">
        <span>{told.entries.length} entries</span>
        <span>{formatNs(layout.durationNs)}</span>
        {trace !== '' && <Go to={`/traces/${trace}`}>Trace</Go>}
        <Go
          to="/logs"
          search={{ q: writeFilter(/^[0-9a-f]{32}$/i.test(told.id) ? 'trace' : 'correlation', told.id, false) }}
        >
          Logs
        </Go>
        {told.truncated && (
          <span role="status">The story is longer than what is shown: later entries were left out.</span>
        )}
      </div>
      <StoryLanes layout={layout} open={open} onOpen={show} />
      <ol className="story-list">
        {told.entries.map((one, index) => (
          <StoryLine
            key={`${one.tsNs}-${index}`}
            entry={one}
            lane={laneOf(one, told.lanes)}
            sameLane={index > 0 && laneOf(told.entries[index - 1] ?? one, told.lanes) === laneOf(one, told.lanes)}
            offset={offsetOf(one, layout.originNs)}
            open={index === open}
            onOpen={() => show(index)}
          />
        ))}
      </ol>
      {entry !== undefined && (
        <StoryDrawer
          key={open}
          entry={entry}
          onClose={() => setSearch({ entry: '' })}
          onNext={open < told.entries.length - 1 ? () => show(open + 1) : undefined}
          onPrevious={open > 0 ? () => show(open - 1) : undefined}
        />
      )}
    </>
  );
}

const signs = { span: '▬', log: '|', error: '◆' } as const;

function StoryLine(props: {
  readonly entry: StoryEntry;
  readonly lane: string;
  readonly sameLane: boolean;
  readonly offset: string;
  readonly open: boolean;
  readonly onOpen: () => void;
}): ReactNode {
  const { entry } = props;
  const failed = entry.kind === 'error' || (entry.kind === 'span' && entry.span.status === 'error') || isFailing(entry);
  return (
    <li>
      <button
        type="button"
        className="story-line"
        data-failed={failed ? '' : undefined}
        aria-current={props.open ? 'true' : undefined}
        onClick={props.onOpen}
      >
        <span className="story-offset code">{props.offset}</span>
        <span className="story-sign" aria-label={entry.kind}>
          {signs[entry.kind]}
        </span>
        <b className={props.sameLane ? 'story-lane-again' : ''}>{props.lane}</b>
        <span className="story-says">{entrySentence(entry)}</span>
      </button>
    </li>
  );
}

function isFailing(entry: StoryEntry): boolean {
  return entry.kind === 'log' && (entry.log.severity === 'error' || entry.log.severity === 'fatal');
}

function offsetOf(entry: StoryEntry, originNs: bigint): string {
  if (!/^\d{1,19}$/.test(entry.tsNs)) return '';
  return `+${formatNs(Number(BigInt(entry.tsNs) - originNs))}`;
}
