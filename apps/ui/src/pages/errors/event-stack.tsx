import type { ErrorEvent } from '@sightline/contract';
import { Button, TextInput } from '@mantine/core';
import { useState, type KeyboardEvent, type ReactNode } from 'react';
import { ToneBadge } from '../../components/state-badge.tsx';
import { useAddress } from '../../data/address.ts';
import './errors.css';
import { StackTrace } from './stack-trace.tsx';
import { firstOwnFrame, lockText, stackOfThread, threadKeys, threadName, type Thread } from './thread-words.ts';

/** The stack of an event: of its exceptions, or of the thread that the address names, with the threads to choose from. */
export function EventStack({ event }: { event: ErrorEvent }): ReactNode {
  const { search, setSearch } = useAddress();
  const { threads } = event;
  if (threads.length === 0) return <StackTrace exceptions={event.exceptions} later={event.mappedLater} build={event} />;
  const keys = threadKeys(threads);
  const choose = (thread: Thread) =>
    setSearch({ thread: thread.threw ? '' : (keys[threads.indexOf(thread)] ?? '') }, { push: true });
  const named = threads[keys.indexOf(search['thread'] ?? '')];
  const home = threads.find(({ threw }) => threw) ?? (event.exceptions.length === 0 ? threads[0] : undefined);
  const shown = named ?? home;
  const ofEvent = shown === undefined || (shown.threw && event.exceptions.length > 0);
  return (
    <>
      <ThreadPicker threads={threads} shown={shown} omitted={event.threadsOmitted} choose={choose} />
      {!ofEvent && event.exceptions.length > 0 && (
        <Button variant="subtle" onClick={() => setSearch({ thread: '' }, { push: true })}>
          Back to the stack of the event
        </Button>
      )}
      {shown !== undefined && <Locks thread={shown} threads={threads} choose={choose} />}
      {ofEvent ? (
        <StackTrace exceptions={event.exceptions} later={event.mappedLater} build={event} />
      ) : shown.frames.length === 0 ? (
        <p className="muted">The client sent no stack of this thread.</p>
      ) : (
        <StackTrace
          key={shown.id}
          exceptions={[stackOfThread(shown)]}
          later={event.mappedLater}
          build={event}
          of="Thread"
        />
      )}
      {!ofEvent && shown.framesOmitted !== undefined && (
        <p className="muted">{shown.framesOmitted} more frames of this thread were sent and not kept.</p>
      )}
    </>
  );
}

/** So many threads are seen at a glance; among more one searches. */
const atAGlance = 12;

function ThreadPicker({
  threads,
  shown,
  omitted,
  choose,
}: {
  threads: readonly Thread[];
  shown: Thread | undefined;
  omitted: number;
  choose: (thread: Thread) => void;
}): ReactNode {
  const [wanted, setWanted] = useState('');
  const words = wanted.trim().toLowerCase();
  const found = threads.filter((thread) =>
    `${threadName(thread)} ${thread.state} ${firstOwnFrame(thread)}`.toLowerCase().includes(words),
  );
  const stop = shown !== undefined && found.includes(shown) ? shown : found[0];
  return (
    <div className="threads">
      <p className="muted">
        {threads.length} {threads.length === 1 ? 'thread' : 'threads'}
        {omitted > 0 && `; ${omitted} more were sent and not kept`}
      </p>
      {threads.length > atAGlance && (
        <TextInput
          size="xs"
          aria-label="Find a thread"
          placeholder="Name, state or frame"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      <ul className="thread-list" aria-label="Threads" onKeyDown={moveFocus}>
        {found.map((thread) => (
          <li key={threads.indexOf(thread)}>
            <button
              type="button"
              aria-pressed={thread === shown}
              tabIndex={thread === stop ? 0 : -1}
              onClick={() => choose(thread)}
            >
              <span className="thread-name">
                {threadName(thread)}
                {thread.crashed && <ToneBadge tone="bad">crashed</ToneBadge>}
                {thread.current && !thread.crashed && <span className="chip">current</span>}
                {thread.main && <span className="chip">main</span>}
              </span>
              <span className="muted">{thread.state}</span>
              <span className="code cut">{firstOwnFrame(thread)}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="muted">No thread matches.</p>}
    </div>
  );
}

/** One stop for the tabulator, arrows within. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const buttons = [...event.currentTarget.querySelectorAll('button')];
  const at = buttons.findIndex((button) => button === document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  buttons[Math.min(Math.max(to, 0), buttons.length - 1)]?.focus();
}

function Locks({
  thread,
  threads,
  choose,
}: {
  thread: Thread;
  threads: readonly Thread[];
  choose: (thread: Thread) => void;
}): ReactNode {
  if (thread.locks === undefined) return null;
  return (
    <ul className="thread-locks" aria-label="Locks">
      {thread.locks.map((lock) => {
        const owner = lock.relation === 'holds' ? undefined : threads.find(({ id }) => id !== '' && id === lock.thread);
        return (
          <li key={`${lock.relation} ${lock.address}`}>
            {lockText(lock)}
            {owner !== undefined && owner !== thread && (
              <>
                , which{' '}
                <button type="button" className="link" onClick={() => choose(owner)}>
                  {threadName(owner)}
                </button>{' '}
                has
              </>
            )}
          </li>
        );
      })}
    </ul>
  );
}
