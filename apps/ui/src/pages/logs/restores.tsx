import {
  type archiveCost,
  type ArchiveRestore,
  endArchiveRestore,
  listArchiveRestores,
  logFacets,
  logHistogram,
  restoreArchive,
  searchLogs,
} from '@sightline/contract';
import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconHistory } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { dayAndTime } from '../../components/time-format.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';

const lengths = [1, 7, 30];
/** What shows restored lines. */
const reads = [searchLogs, logHistogram, logFacets];

/** For admins: brings the archived days of the range back into the engine for some days. */
export function RestoreMenu({
  cost,
  site,
}: {
  readonly cost: Reply<typeof archiveCost>;
  readonly site: string;
}): ReactNode {
  const { may } = useMe();
  const restore = useAct(restoreArchive, [listArchiveRestores]);
  if (!may('admin')) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="subtle" loading={restore.isPending} rightSection={<IconChevronDown size={12} />}>
            Restore
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {cost.fromDay === cost.toDay ? cost.fromDay : `${cost.fromDay} to ${cost.toDay}`}, back in the engine
          </Menu.Label>
          {lengths.map((days) => (
            <Menu.Item
              key={days}
              onClick={() =>
                restore.mutate({ body: { fromDay: cost.fromDay, toDay: cost.toDay, site, class: '', days } })
              }
            >
              for {days === 1 ? 'a day' : `${days} days`}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {restore.error !== null && (
        <p role="alert" className="archive-missing">
          {restore.error.detail}
        </p>
      )}
    </>
  );
}

/** What is restored and meets the range, with how far it has come. */
export function Restores({ scope }: { readonly scope: ScopeQuery }): ReactNode {
  const { may } = useMe();
  const { data } = useAsk(
    listArchiveRestores,
    {},
    { everyMs: (reply) => (reply?.restores.some(({ state }) => state === 'loading') === true ? 2000 : 60_000) },
  );
  const end = useAct(endArchiveRestore, [listArchiveRestores, ...reads]);
  const shown = (data?.restores ?? []).filter((one) => one.state !== 'gone' && meets(one, scope));
  return shown.map((one) => (
    <section key={one.id} className="archive-bar" aria-label="Restored from the archive">
      <IconHistory size={16} aria-hidden />
      <p role="status">{restoreText(one)}</p>
      {one.state === 'loading' && (
        <progress max={Math.max(1, one.files)} value={one.filesDone} aria-label="Files that were restored" />
      )}
      {may('admin') && (
        <Button variant="subtle" loading={end.isPending} onClick={() => end.mutate({ params: { id: one.id } })}>
          Let it leave now
        </Button>
      )}
    </section>
  ));
}

const dayMs = 86_400_000;

const meets = ({ fromDay, toDay, site }: ArchiveRestore, scope: ScopeQuery): boolean =>
  (site === '' || scope.site === '' || site === scope.site) &&
  Date.parse(fromDay) < scope.to &&
  Date.parse(toDay) + dayMs > scope.from;

function restoreText({
  fromDay,
  toDay,
  site,
  state,
  files,
  filesDone,
  rows,
  leavesAt,
  detail,
}: ArchiveRestore): string {
  const what = `${fromDay === toDay ? fromDay : `${fromDay} to ${toDay}`}${site === '' ? '' : ` of ${site}`}`;
  const faults = detail === '' ? '' : ` ${detail}`;
  if (state === 'loading') return `Restoring ${what}: ${filesDone} of ${files} files.${faults}`;
  return `Restored: ${what}, ${formatCount(rows)} lines, until ${dayAndTime(leavesAt)}.${faults}`;
}
