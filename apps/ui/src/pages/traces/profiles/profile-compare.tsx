import { Select } from '@mantine/core';
import { getProfile, listProfiles, type ProfileRow } from '@sightline/contract';
import { useMemo, type ReactNode } from 'react';
import { formatDuration, formatShare } from '../../../charts/number-format.ts';
import { ErrorState } from '../../../components/error-state.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { dayAndTime } from '../../../components/time-format.ts';
import { useAsk } from '../../../data/ask.ts';
import { useScope } from '../../../data/scope.ts';
import { changeOf, changeText, differenceOf, type ProfileDifference } from './profile-difference.ts';
import { FunctionCell, shownFunctions } from './function-cell.tsx';
import { busiestThread, threadSamples, type ThreadSamples } from './profile-flame.ts';
import { ProfileView } from './profile-view.tsx';

const offered = 50;

const rowText = ({ at, durationMs, site, release }: ProfileRow): string =>
  [dayAndTime(at), formatDuration(durationMs), site, release].filter((part) => part !== '').join(' · ');

/** Which profile stands beside this one: others of the same service and transaction, the newest first. */
export function CompareWith(props: {
  profile: ProfileRow;
  against: string;
  onChoose: (profile: string) => void;
}): ReactNode {
  const { profile, against, onChoose } = props;
  const { query: scope } = useScope();
  const { data } = useAsk(listProfiles, {
    query: { ...scope, service: profile.service, text: profile.transaction, limit: offered },
  });
  const others = (data?.profiles ?? []).filter((one) => one.profile !== profile.profile);
  const options = others.map((one) => ({ value: one.profile, label: rowText(one) }));
  const named = against === '' || others.some((one) => one.profile === against);
  return (
    <Select
      size="xs"
      w={280}
      aria-label="Compare with"
      placeholder={data !== undefined && others.length === 0 ? 'No other in this range' : 'Compare with…'}
      clearable
      searchable
      maxDropdownHeight={320}
      data={named ? options : [{ value: against, label: `Profile ${against.slice(0, 8)}…` }, ...options]}
      value={against === '' ? null : against}
      onChange={(value) => onChoose(value ?? '')}
    />
  );
}

/** This profile beside another: red took more of the time here, green less, with signs. */
export function ProfileComparison(props: {
  here: ThreadSamples;
  against: string;
  ownOnly: boolean;
  lit: (functions: ThreadSamples['functions']) => ReadonlySet<number>;
  find: string;
  zoom: number | undefined;
  onZoom: (id: number | undefined) => void;
  onFind: (name: string) => void;
}): ReactNode {
  const { here, against, ownOnly, zoom, onZoom, onFind, find } = props;
  const asked = useAsk(getProfile, { params: { profile: against } }, { keepOld: false });
  const { data } = asked;
  const difference = useMemo(
    () => data && differenceOf(here, threadSamples(data, busiestThread(data), ownOnly)),
    [data, here, ownOnly],
  );
  if (difference === undefined) {
    return asked.error === null ? (
      <SkeletonRows rows={12} height={22} />
    ) : (
      <ErrorState error={asked.error} again={() => void asked.refetch()} />
    );
  }
  return (
    <div className="profile-split">
      <ProfileView
        flame={difference.flame}
        functions={difference.functions}
        lit={props.lit(difference.functions)}
        zoom={zoom !== undefined && zoom < difference.flame.nodes.length ? zoom : undefined}
        inTime={false}
        colours={[]}
        shares={difference.shares}
        onZoom={onZoom}
        onFind={onFind}
      />
      <Changes difference={difference} find={find} onFind={onFind} />
    </div>
  );
}

/** Functions whose own share of the time changed most. */
function Changes(props: { difference: ProfileDifference; find: string; onFind: (name: string) => void }): ReactNode {
  const { difference, find, onFind } = props;
  return (
    <section className="panel profile-top" aria-label="Functions by what changed">
      <table className="table">
        <thead>
          <tr>
            <th>Function, own time</th>
            <th className="number">Here</th>
            <th className="number">There</th>
            <th className="number">Change</th>
          </tr>
        </thead>
        <tbody>
          {difference.changes.slice(0, shownFunctions).map(({ fn, self }) => {
            const one = difference.functions[fn];
            if (one === undefined) return null;
            const change = changeOf(self);
            return (
              <tr key={fn} data-open={find === one.name ? '' : undefined}>
                <FunctionCell of={one} find={find} onFind={onFind} />
                <td className="number">{formatShare(self.here)}</td>
                <td className="number">{formatShare(self.there)}</td>
                <td
                  className="number toned"
                  data-tone={Math.abs(change) < 0.001 ? 'none' : change > 0 ? 'bad' : 'good'}
                >
                  {changeText(self)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
