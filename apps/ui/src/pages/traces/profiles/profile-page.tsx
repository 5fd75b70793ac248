import { getProfile } from '@sightline/contract';
import { Checkbox, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useMemo, useState, type ReactNode } from 'react';
import { formatCount, formatDuration, formatShare } from '../../../charts/number-format.ts';
import { CopyId } from '../../../components/copy-id.tsx';
import { EmptyState } from '../../../components/empty-state.tsx';
import { counted } from '../../../components/number-text.ts';
import { UnknownRecord, UnreadRecord } from '../../../components/record-page-states.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAddress, usePathParam } from '../../../data/address.ts';
import { useAsk } from '../../../data/ask.ts';
import type { Reply } from '../../../data/call.ts';
import { Go } from '../../../shell/go.tsx';
import { serviceColours } from '../service-colours.ts';
import '../traces.css';
import { CompareWith, ProfileComparison } from './profile-compare.tsx';
import { FunctionCell, shownFunctions } from './function-cell.tsx';
import {
  busiestThread,
  findFunctions,
  leftHeavy,
  threadSamples,
  timeOf,
  timeOrder,
  topFunctions,
  type ThreadSamples,
} from './profile-flame.ts';
import './profiles.css';
import { ProfileView } from './profile-view.tsx';

type Answer = Reply<typeof getProfile>;

const msIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** One profile: what a program's threads did, as a flame graph and as a table. Everything chosen stands in the address. */
export default function ProfilePage(): ReactNode {
  const profile = usePathParam('profile').replaceAll('-', '').toLowerCase();
  const { search } = useAddress();
  const valid = /^[0-9a-f]{32}$/.test(profile);
  const [since, until] = [msIn(search['since']), msIn(search['until'])];
  const query = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  const asked = useAsk(getProfile, { params: { profile }, query }, { when: valid, keepOld: false });
  if (!valid || asked.error?.status === 404) {
    return (
      <UnknownRecord
        title="This profile is not known"
        text="It may still be on its way, the program was not profiled at that moment, or it is older than 30 days and kept no longer."
        all="All profiles"
        to="/traces"
        search={{ view: 'profiles' }}
      />
    );
  }
  if (asked.data === undefined) return <UnreadRecord error={asked.error} again={asked.refetch} />;
  return (
    <Profile
      key={`${profile} ${since} ${until}`}
      answer={asked.data}
      cut={since !== undefined || until !== undefined}
    />
  );
}

function Profile({ answer, cut }: { answer: Answer; cut: boolean }): ReactNode {
  const { search, setSearch } = useAddress();
  const busiest = useMemo(() => busiestThread(answer), [answer]);
  const named = answer.threads.findIndex(({ id }) => id === search['thread']);
  const thread = named >= 0 ? named : busiest;
  const ownOnly = search['own'] === '1';
  const against = /^[0-9a-f]{32}$/.test(search['against'] ?? '') ? (search['against'] ?? '') : '';
  const inTime = search['as'] === 'time' && against === '';
  const find = search['find'] ?? '';
  const samples = useMemo(() => threadSamples(answer, thread, ownOnly), [answer, thread, ownOnly]);
  const flame = useMemo(() => (inTime ? timeOrder(samples) : leftHeavy(samples)), [samples, inTime]);
  const lit = useMemo(() => findFunctions(samples.functions, find), [samples, find]);
  const colours = useMemo(() => coloursOf(samples), [samples]);
  const zoom = msIn(search['zoom']);
  const sampledUs = useMemo(() => samples.samples.reduce((sum, { lengthUs }) => sum + lengthUs, 0), [samples]);
  const setFind = (text: string) => setSearch({ find: text });
  return (
    <div className="page profile-page">
      <ProfileHead answer={answer} cut={cut} />
      <div className="profile-tools" role="toolbar" aria-label="How to draw">
        <SegmentedControl
          size="xs"
          aria-label="Order of the calls"
          value={inTime ? 'time' : 'merged'}
          disabled={against !== ''}
          data={[
            { value: 'merged', label: 'Merged' },
            { value: 'time', label: 'In time' },
          ]}
          onChange={(value) => setSearch({ as: value === 'time' ? value : '', zoom: '' }, { push: true })}
        />
        {answer.threads.length > 1 && (
          <Select
            size="xs"
            aria-label="Thread"
            data={answer.threads.map(({ id, name }) => ({ value: id, label: threadName(id, name) }))}
            value={answer.threads[thread]?.id ?? null}
            allowDeselect={false}
            onChange={(id) => setSearch({ thread: id ?? '', zoom: '' }, { push: true })}
          />
        )}
        <Checkbox
          size="xs"
          label="In-app only"
          checked={ownOnly}
          onChange={(event) => setSearch({ own: event.currentTarget.checked ? '1' : '', zoom: '' }, { push: true })}
        />
        <CompareWith
          profile={answer.profile}
          against={against}
          onChoose={(profile) => setSearch({ against: profile, as: '', zoom: '' }, { push: true })}
        />
        <FindBox value={find} onFind={setFind} />
        {find !== '' && (
          <span className="muted" role="status">
            {lit.size === 0
              ? 'No function is called so'
              : `${counted(lit.size, 'function')}, ${formatShare(timeOf(samples, lit) / Math.max(1, sampledUs))} of the time`}
          </span>
        )}
      </div>
      {against !== '' ? (
        <>
          <p className="muted" role="status">
            Shares of the time of each profile: <b>+</b> and red took more of it here than in the other, <b>−</b> and
            green less. A bar is as wide as the mean of both.
          </p>
          <ProfileComparison
            here={samples}
            against={against}
            ownOnly={ownOnly}
            lit={(functions) => findFunctions(functions, find)}
            find={find}
            zoom={zoom}
            onZoom={(id) => setSearch({ zoom: id === undefined ? '' : String(id) }, { push: true })}
            onFind={setFind}
          />
        </>
      ) : flame.nodes.length === 0 ? (
        <EmptyState
          compact
          title="Nothing was on the stack"
          text={
            ownOnly
              ? 'In this time the thread ran nothing of the program itself: libraries and the runtime alone.'
              : cut
                ? 'In this stretch of time the thread was idle, or was not sampled. The whole profile may say more.'
                : 'The thread was idle whenever it was sampled.'
          }
        />
      ) : (
        <div className="profile-split">
          <ProfileView
            flame={flame}
            functions={samples.functions}
            lit={lit}
            zoom={zoom !== undefined && zoom < flame.nodes.length ? zoom : undefined}
            inTime={inTime}
            colours={colours}
            onZoom={(id) => setSearch({ zoom: id === undefined ? '' : String(id) }, { push: true })}
            onFind={setFind}
          />
          <TopFunctions samples={samples} sampledUs={sampledUs} find={find} onFind={setFind} />
        </div>
      )}
    </div>
  );
}

function ProfileHead({ answer, cut }: { answer: Answer; cut: boolean }): ReactNode {
  const { setSearch } = useAddress();
  const { profile, spans } = answer;
  const facts = [profile.environment, profile.release, profile.platform];
  const traces = spans.length > 0 || profile.traceId === '' ? [] : [profile.traceId];
  return (
    <header className="trace-head">
      <h1>
        {profile.service} {profile.transaction === '' ? (spans[0]?.name ?? 'profile') : profile.transaction}
      </h1>
      <div className="facts-row muted">
        <TimeText at={profile.at} />
        <span>{formatDuration(profile.durationMs)}</span>
        <span>{counted(profile.samples, 'sample')}</span>
        {profile.site !== '' && <Go to={`/sites/${encodeURIComponent(profile.site)}`}>{profile.site}</Go>}
        {facts
          .filter((fact) => fact !== '')
          .map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        <CopyId id={profile.profile} what="Profile id" />
        {cut && (
          <button
            type="button"
            className="plain-button"
            onClick={() => setSearch({ since: '', until: '', zoom: '' }, { push: true })}
          >
            Show the whole profile
          </button>
        )}
      </div>
      {(spans.length > 0 || traces.length > 0) && (
        <div className="facts-row">
          <span className="muted">Ran meanwhile</span>
          {traces.map((id) => (
            <Go key={id} to={`/traces/${id}`}>
              Trace {id.slice(0, 8)}…
            </Go>
          ))}
          {spans.slice(0, 8).map((span) => (
            <Go key={`${span.traceId}${span.spanId}`} to={`/traces/${span.traceId}`} search={{ span: span.spanId }}>
              {span.name} <span className="muted">{formatDuration(span.durationMs)}</span>
            </Go>
          ))}
          {spans.length > 8 && <span className="muted">and {spans.length - 8} more</span>}
        </div>
      )}
      {(answer.left > 0 || answer.samplesLeft > 0) && (
        <p role="status" className="trace-cut">
          {answer.left > 0 && `${counted(answer.left, 'chunk')} of the profiler in this time are not drawn. `}
          {answer.samplesLeft > 0 && `${counted(answer.samplesLeft, 'further sample')} are not drawn. `}
          Choose a shorter stretch of time to see them.
        </p>
      )}
    </header>
  );
}

function FindBox({ value, onFind }: { value: string; onFind: (text: string) => void }): ReactNode {
  const [text, setText] = useState(value);
  const [told, setTold] = useState(value);
  // Another way than typing led to another text: a function was pressed, or the person went back.
  if (value !== told) {
    setTold(value);
    setText(value);
  }
  const tell = useDebouncedCallback((next: string) => {
    setTold(next);
    onFind(next);
  }, 150);
  return (
    <TextInput
      size="xs"
      className="profile-find"
      aria-label="Find a function"
      placeholder="Find a function"
      value={text}
      maxLength={200}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
    />
  );
}

/** Functions by their own time; a press lights them in the graph. */
function TopFunctions(props: {
  samples: ThreadSamples;
  sampledUs: number;
  find: string;
  onFind: (text: string) => void;
}): ReactNode {
  const { samples, sampledUs, find, onFind } = props;
  const top = useMemo(() => topFunctions(samples), [samples]);
  return (
    <section className="panel profile-top" aria-label="Functions by own time">
      <table className="table">
        <thead>
          <tr>
            <th>Function</th>
            <th className="number" aria-sort="descending">
              Self
            </th>
            <th className="number">Total</th>
          </tr>
        </thead>
        <tbody>
          {top.slice(0, shownFunctions).map(({ fn, selfUs, totalUs }) => {
            const one = samples.functions[fn];
            if (one === undefined) return null;
            return (
              <tr key={fn} data-open={find === one.name ? '' : undefined}>
                <FunctionCell of={one} find={find} onFind={onFind} />
                <td className="number" title={`${formatShare(selfUs / Math.max(1, sampledUs))} of the time`}>
                  {formatDuration(selfUs / 1000)}
                </td>
                <td className="number" title={`${formatShare(totalUs / Math.max(1, sampledUs))} of the time`}>
                  {formatDuration(totalUs / 1000)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {top.length > shownFunctions && (
        <p className="muted">{formatCount(top.length - shownFunctions)} more functions</p>
      )}
    </section>
  );
}

const threadName = (id: string, name: string): string => (name === '' ? `Thread ${id}` : name);

/** The program's own functions in a colour for each file, all others in one that steps back. */
function coloursOf({ functions }: ThreadSamples): readonly string[] {
  const colours = serviceColours(functions.filter(({ inApp }) => inApp).map(({ place }) => place));
  return functions.map(({ inApp, place }) => (inApp ? colours.get(place) : undefined) ?? 'var(--idle-fill)');
}
