import { Button, Menu } from '@mantine/core';
import {
  checkArchive,
  listArchivedDays,
  listArchivedFiles,
  listArchiveRestores,
  restoreArchive,
} from '@sightline/contract';
import { useMemo, useState, type ReactNode } from 'react';
import { formatBytes } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useNow } from '../../data/now.ts';
import { useMe } from '../../data/session.tsx';
import { bySiteAndClass, calendarOf, type CalendarDay } from './archive-calendar.ts';

const daysAtOnce = 31;
const lengths = [1, 7, 30];

/** The days of the archive, with those that are missing, what is in each, and whether it is as it was signed. */
export function ArchiveDays(): ReactNode {
  const now = useNow();
  const may = useMe().may('admin');
  const asked = useAsk(listArchivedDays);
  const restores = useAsk(listArchiveRestores);
  const [most, setMost] = useState(daysAtOnce);
  const [open, setOpen] = useState('');
  const [checking, setChecking] = useState<{ readonly from: string; readonly through: string }>();
  const days = asked.data?.days;
  const calendar = useMemo(() => calendarOf(days ?? [], now), [days, now]);
  const checked = useAsk(checkArchive, { query: checking ?? {} }, { when: checking !== undefined, keepOld: false });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={8} />;
  }
  if (calendar.length === 0)
    return (
      <EmptyState
        compact
        title={asked.data.available ? 'No day is archived yet' : 'No archive that can be read here'}
        text={
          asked.data.available
            ? 'A day is written an hour after it is over (UTC).'
            : 'Start the server with --archive <folder or bucket> to keep each day as signed, encrypted files.'
        }
      />
    );
  const shown = calendar.slice(0, most);
  const missing = calendar.filter(({ held }) => held === undefined).length;
  const [newest, oldest] = [shown[0]?.day ?? '', shown.at(-1)?.day ?? ''];
  const back = (restores.data?.restores ?? []).filter(({ state }) => state !== 'gone');
  return (
    <section className="panel" aria-label="Days of the archive">
      <div className="panel-head archive-head">
        <span className="grow">
          {counted(asked.data.days.length, 'day')},{' '}
          {formatBytes(asked.data.days.reduce((sum, { bytes }) => sum + bytes, 0))} since {calendar.at(-1)?.day}.{' '}
          {missing === 0 ? (
            'No day is missing.'
          ) : (
            <strong className="archive-gap">{counted(missing, 'day is', 'days are')} missing.</strong>
          )}
        </span>
        {may && (
          <Button
            variant="default"
            loading={checked.isFetching}
            title="Signatures, chain and hashes of the files, as npm run verify does"
            onClick={() => {
              if (checking?.from === oldest && checking.through === newest) void checked.refetch();
              else setChecking({ from: oldest, through: newest });
            }}
          >
            {checked.data !== undefined && checked.data.unread.length > 0 ? 'Go on checking' : 'Check these days'}
          </Button>
        )}
      </div>
      {checked.error !== null && (
        <p className="panel-body" role="alert">
          They could not be checked. {checked.error.detail}
        </p>
      )}
      {checked.data !== undefined && <CheckedNote checked={checked.data} />}
      <ScrollX label="Table of archived days">
        <table className="table">
          <thead>
            <tr>
              <th>Day received (UTC)</th>
              <th className="figure">Logs</th>
              <th className="figure">Files</th>
              <th className="figure">Size</th>
              <th>Signed state</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <DayRows
                key={one.day}
                one={one}
                open={open === one.day}
                onOpen={() => setOpen(open === one.day ? '' : one.day)}
                checked={checked.data}
                isBack={back.some(({ fromDay, toDay }) => fromDay <= one.day && toDay >= one.day)}
              />
            ))}
          </tbody>
        </table>
      </ScrollX>
      {calendar.length > most && (
        <div className="panel-body">
          <Button variant="default" onClick={() => setMost(most + daysAtOnce)}>
            Older days
          </Button>
        </div>
      )}
    </section>
  );
}

function CheckedNote({ checked }: { readonly checked: Reply<typeof checkArchive> }): ReactNode {
  if (!checked.available)
    return <p className="panel-body">This server cannot check its archive; npm run verify does.</p>;
  return (
    <div className="panel-body" role="status">
      {checked.faults.length === 0 ? (
        <p>Manifests, signatures and their chain are as they were signed.</p>
      ) : (
        <ul className="archive-gap">
          {checked.faults.slice(0, 20).map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
          {checked.faults.length > 20 && <li>{checked.faults.length - 20} more.</li>}
        </ul>
      )}
      {checked.unread.length > 0 && (
        <p className="muted">
          Files of {counted(checked.unread.length, 'day')} were not read: a check reads 2 GiB in 15 s at most. Press
          again to go on.
        </p>
      )}
    </div>
  );
}

interface DayRowsProps {
  readonly one: CalendarDay;
  readonly open: boolean;
  readonly onOpen: () => void;
  readonly checked: Reply<typeof checkArchive> | undefined;
  /** It is restored in the engine, or on its way there. */
  readonly isBack: boolean;
}

function DayRows({ one, open, onOpen, checked, isBack }: DayRowsProps): ReactNode {
  const { day, held } = one;
  const may = useMe().may('admin');
  if (held === undefined)
    return (
      <tr>
        <td>{day}</td>
        <td colSpan={3} />
        <td>
          <ToneBadge tone="bad">missing</ToneBadge>
        </td>
        <td />
      </tr>
    );
  return (
    <>
      <tr>
        <td>
          <button type="button" className="plain-button archive-day" aria-expanded={open} onClick={onOpen}>
            {day}
          </button>
          {isBack && <span className="chip"> restored</span>}
        </td>
        <td className="figure">{held.rows.toLocaleString('en-US')}</td>
        <td className="figure">{held.files.toLocaleString('en-US')}</td>
        <td className="figure">{formatBytes(held.bytes)}</td>
        <td>
          <SignedState day={day} checked={checked} />
        </td>
        <td>{may && held.rows > 0 && !isBack && <RestoreDay day={day} site="" kept="" />}</td>
      </tr>
      {open && <DayFiles day={day} />}
    </>
  );
}

function SignedState({ day, checked }: { readonly day: string; readonly checked: DayRowsProps['checked'] }): ReactNode {
  const found = checked?.days.find((one) => one.day === day);
  if (found === undefined) return <span className="muted">not checked</span>;
  return (
    <span title={found.faults.join('\n')}>
      {found.faults.length === 0 ? (
        <ToneBadge tone="good">as signed</ToneBadge>
      ) : (
        <ToneBadge tone="bad">{counted(found.faults.length, 'fault')}</ToneBadge>
      )}{' '}
      <span className="muted">
        <TimeText at={found.at} show="relative" />
      </span>
    </span>
  );
}

/** What a day holds by class and site; each part can be restored alone. */
function DayFiles({ day }: { readonly day: string }): ReactNode {
  const asked = useAsk(listArchivedFiles, { params: { day } });
  const may = useMe().may('admin');
  if (asked.data === undefined)
    return (
      <tr>
        <td colSpan={6}>
          {asked.error === null ? (
            <SkeletonRows rows={3} />
          ) : (
            <span role="alert">Its files could not be read. {asked.error.detail}</span>
          )}
        </td>
      </tr>
    );
  return bySiteAndClass(asked.data.files).map((group) => (
    <tr key={`${group.class} ${group.site ?? ' all'}`} className="archive-part">
      <td>
        {group.class} <span className="muted">{siteText(group.site)}</span>
      </td>
      <td className="figure">{group.rows.toLocaleString('en-US')}</td>
      <td className="figure">{group.files.toLocaleString('en-US')}</td>
      <td className="figure">{formatBytes(group.bytes)}</td>
      <td />
      {/* '' asks for every site: those without one cannot be asked for alone. */}
      <td>{may && group.site !== '' && <RestoreDay day={day} site={group.site ?? ''} kept={group.class} />}</td>
    </tr>
  ));
}

const siteText = (site: string | null): string => (site === null ? 'all sites' : site === '' ? 'no site' : site);

function RestoreDay({
  day,
  site,
  kept,
}: {
  readonly day: string;
  readonly site: string;
  readonly kept: string;
}): ReactNode {
  const restore = useAct(restoreArchive, [listArchiveRestores]);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="subtle" size="compact-sm" loading={restore.isPending}>
            Restore
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Back in the engine</Menu.Label>
          {lengths.map((days) => (
            <Menu.Item
              key={days}
              onClick={() => restore.mutate({ body: { fromDay: day, toDay: day, site, class: kept, days } })}
            >
              for {days === 1 ? 'a day' : `${days} days`}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {restore.error !== null && (
        <div role="alert" className="archive-gap">
          {restore.error.detail}
        </div>
      )}
    </>
  );
}
