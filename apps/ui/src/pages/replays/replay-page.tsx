import { getReplay, getReplayBeside } from '@sightline/contract';
import { Button, Checkbox, Select } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react';
import { CopyId } from '../../components/copy-id.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { counted } from '../../components/number-text.ts';
import { UnknownRecord, UnreadRecord } from '../../components/record-page-states.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress, usePathParam } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { Go } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import { beginReplay } from './begin-replay.ts';
import { Playback } from './playback.ts';
import { isDrawn } from './steps.ts';
import './replays.css';
import { SeekBar } from './seek-bar.tsx';
import { Stage } from './stage.tsx';
import { StepList } from './step-list.tsx';
import { marksOf, serverSteps, timeline, traceAt, type Beside } from './timeline.ts';
import { useRecording } from './use-recording.ts';
import { clockText } from './words.ts';

type Answer = Reply<typeof getReplay>;
const speeds = ['0.5', '1', '2', '4', '8'];
const aroundMs = 60_000;
const stepMs = 10_000;

/** One recorded session: played, with what happened beside it on one line of time. */
export default function ReplayPage(): ReactNode {
  const replay = usePathParam('replay').replaceAll('-', '').toLowerCase();
  const valid = /^[0-9a-f]{32}$/.test(replay);
  useEffect(() => {
    if (valid) beginReplay(replay);
  }, [replay, valid]);
  const asked = useAsk(getReplay, { params: { replay } }, { when: valid, keepOld: false });
  if (!valid || asked.error?.status === 404) {
    return (
      <UnknownRecord
        title="This replay is not known"
        text="The address may be mistyped, its recording may still be on its way, or it is older than 30 days and kept no longer."
        all="All replays"
        to="/replays"
      />
    );
  }
  if (asked.data === undefined) {
    return <UnreadRecord error={asked.error} again={asked.refetch} />;
  }
  return <ReplayView key={replay} answer={asked.data} />;
}

function ReplayView({ answer }: { answer: Answer }): ReactNode {
  const { replay } = answer;
  const { search, setSearch } = useAddress();
  const [playback] = useState(
    () => new Playback(replay.replay, Number(/^\d{1,15}$/.exec(search['t'] ?? '')?.[0] ?? 0)),
  );
  const recording = useRecording(replay.replay, answer.segments);
  useEffect(() => playback.give(recording), [playback, recording]);
  const player = useSyncExternalStore(playback.subscribe, playback.state);
  const { play, pause, seek } = playback;
  const beside = useAsk(getReplayBeside, { params: { replay: replay.replay } }, { when: answer.traces.length > 0 });
  const { steps, left } = useMemo(
    () => timeline(recording, answer.errors, beside.data && serverSteps(beside.data)),
    [recording, answer.errors, beside.data],
  );
  const marks = useMemo(() => marksOf(steps), [steps]);
  const first = recording.parts[0]?.played[0]?.timestamp;
  const clips = recording.parts.flatMap((part) => part.clips.map(({ at, durationMs }) => at + durationMs));
  const lastPart = recording.parts.at(-1)?.played.at(-1)?.timestamp;
  const last = clips.length > 0 ? Math.max(...clips, lastPart ?? 0) : lastPart;
  const from = first ?? replay.startedAt;
  // While segments are on their way, what the client told of its end holds.
  const to = Math.max(from, recording.whole && last !== undefined ? last : Math.max(replay.endedAt, last ?? 0));
  const now = Math.min(Math.max(player.now, from), to);
  const rest = useCallback((at: number) => setSearch({ t: String(Math.round(at)) }), [setSearch]);
  const goTo = useCallback(
    (at: number) => {
      seek(at);
      rest(at);
    },
    [seek, rest],
  );
  const toggle = (): void => {
    if (player.playing) rest(pause());
    else play();
  };
  useKeys([
    { keys: 'k', title: 'Play or pause', run: toggle },
    { keys: 'j', title: '10 s back', run: () => goTo(Math.max(from, now - stepMs)) },
    { keys: 'l', title: '10 s on', run: () => goTo(Math.min(to, now + stepMs)) },
  ]);
  const drawn = recording.parts.some(isDrawn);
  const nothing = player.fault !== '' || (recording.whole && !drawn);
  return (
    <div className="page replay-page" aria-busy={!player.ready && !nothing}>
      <ReplayHead answer={answer} now={now} />
      <div className="replay-columns">
        <section className="replay-main" aria-label="Player">
          {nothing ? (
            <EmptyState compact title="Nothing can be played" text={whyNothing(answer, player.fault)} />
          ) : (
            <Stage size={player.size} onRoot={playback.attach} />
          )}
          <SeekBar from={from} to={to} now={now} marks={marks} onSeek={seek} onRest={rest} />
          <div className="replay-controls" role="toolbar" aria-label="Playing">
            <Button
              disabled={!player.ready}
              leftSection={player.playing ? <IconPlayerPause size={14} /> : <IconPlayerPlay size={14} />}
              onClick={toggle}
            >
              {player.playing ? 'Pause' : 'Play'}
            </Button>
            <span className="code">
              {clockText(now - from)} / {clockText(to - from)}
            </span>
            <TimeText at={now} show="time" />
            <span className="grow" />
            <Checkbox
              size="xs"
              label="Skip idle"
              disabled={!player.ready}
              defaultChecked
              onChange={(event) => playback.setSkipIdle(event.currentTarget.checked)}
            />
            <Select
              aria-label="Speed"
              disabled={!player.ready}
              w={84}
              data={speeds.map((value) => ({ value, label: `${value}×` }))}
              defaultValue="1"
              allowDeselect={false}
              onChange={(value) => playback.setSpeed(Number(value ?? 1))}
            />
          </div>
          {recording.faults.map((fault) => (
            <p key={fault} className="muted" role="status">
              {fault}
            </p>
          ))}
        </section>
        <StepList
          steps={steps}
          left={left}
          from={from}
          now={now}
          busy={!recording.whole || beside.isLoading}
          note={besideNote(answer, beside.data, beside.error?.detail ?? '')}
          onSeek={goTo}
        />
      </div>
    </div>
  );
}

/** Who it was, where, with what; and the ways to what else is known of the moment shown. */
function ReplayHead({ answer, now }: { answer: Answer; now: number }): ReactNode {
  const { replay, traces } = answer;
  const trace = traceAt(traces, now);
  const facts = [replay.service, replay.environment, replay.release, replay.browser, replay.os];
  return (
    <header className="replay-head">
      <h1>Replay of {replay.user === '' ? 'an unknown user' : replay.user}</h1>
      <p className="facts-row muted">
        <TimeText at={replay.startedAt} />
        <span>{clockText(replay.durationMs)} long</span>
        {facts
          .filter((fact) => fact !== '')
          .map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        <span>{counted(answer.errors.length, 'error')}</span>
        <CopyId id={replay.replay} what="Replay id" />
      </p>
      <nav className="ways-on" aria-label="Related">
        <Go
          to="/logs"
          search={{
            site: replay.site,
            service: '',
            range: '',
            from: String(Math.round(now - aroundMs)),
            to: String(Math.round(now + aroundMs)),
          }}
        >
          Logs at this time
        </Go>
        {trace !== undefined && <Go to={`/traces/${trace.traceId}`}>Trace at this time: {trace.name}</Go>}
        {replay.site !== '' && <Go to={`/sites/${encodeURIComponent(replay.site)}`}>{replay.site}</Go>}
      </nav>
    </header>
  );
}

/** What is to be known of the servers' part of the list. */
function besideNote({ traces }: Answer, beside: Beside | undefined, fault: string): string {
  if (fault !== '') return `What servers did meanwhile could not be read. ${fault}`;
  if (traces.length === 0) return 'No trace of this session is kept, so that nothing of the servers can be shown.';
  if (beside === undefined) return '';
  const left = [
    ...(beside.logsLeft > 0 ? [counted(beside.logsLeft, 'server log')] : []),
    ...(beside.spansLeft > 0 ? [counted(beside.spansLeft, 'span')] : []),
  ];
  return left.length === 0 ? '' : `${left.join(' and ')} more: the gravest are listed; all stand in the traces.`;
}

function whyNothing({ segments, videos }: Answer, fault: string): string {
  if (fault !== '') return fault;
  if (videos > 0 && segments.length === 0)
    return `A mobile SDK recorded ${counted(videos, 'video')}, but told nothing of when they play.`;
  if (segments.length === 0) return 'Its recording has not come yet, or it is kept no longer.';
  return 'The recording holds no picture of the page. What happened stands beside.';
}
