import { Button, TextInput } from '@mantine/core';
import { listDashboards, type DashboardSummary } from '@sightline/contract';
import { IconPlus, IconRotateClockwise, IconUpload } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { RoleNeededDrawer } from '../../components/role-needed.tsx';
import { useFirstRows } from '../../components/first-rows.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { Go, useGo } from '../../shell/go.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import './dashboards.css';
import { ImportDrawer } from './import-drawer.tsx';
import { WallDrawer } from './wall-drawer.tsx';

const readyFolder = 'Sightline';

/** Dashboards by folder. With `?add=<PromQL>` it asks which of them a query belongs on. */
export default function DashboardsPage(): ReactNode {
  usePageTitle('Dashboards');
  const me = useMe();
  const go = useGo();
  const { search, setSearch } = useAddress();
  const asked = useAsk(listDashboards, {}, { everyMs: 60_000 });
  const [text, setText] = useState(search['find'] ?? '');
  const add = search['add'] ?? '';
  const tag = search['tag'] ?? '';
  const all = asked.data?.dashboards ?? [];
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = all.filter(
    (one) =>
      (tag === '' || one.tags.includes(tag)) &&
      words.every((word) =>
        [one.title, one.description, one.folder, ...one.tags].join(' ').toLowerCase().includes(word),
      ),
  );
  const { first, rest } = useFirstRows(found, {
    atOnce: 300,
    one: 'dashboard',
    hint: '; type a part of the title, or',
  });
  const folders = [...Map.groupBy(first, ({ folder }) => folder)].toSorted(
    ([a], [b]) => Number(a === readyFolder) - Number(b === readyFolder) || a.localeCompare(b),
  );
  const target = (id: string): { to: string; search: Record<string, string> } => ({
    to: `/dashboards/${encodeURIComponent(id)}`,
    search: add === '' ? {} : { edit: '1', add },
  });
  return (
    <div className="page">
      <div className="page-head">
        <h1>{add === '' ? 'Dashboards' : 'Add the query to a dashboard'}</h1>
        {asked.data !== undefined && <span className="muted">{counted(all.length, 'dashboard')}</span>}
        {tag !== '' && (
          <Button variant="default" size="compact-xs" onClick={() => setSearch({ tag: '' })}>
            Tagged {tag}: show all
          </Button>
        )}
        <span className="grow" />
        <TextInput
          aria-label="Find a dashboard"
          placeholder="Find a dashboard"
          data-page-search
          value={text}
          maxLength={200}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setSearch({ find: event.currentTarget.value });
          }}
        />
        {add === '' && all.length > 0 && (
          <Button
            variant="default"
            leftSection={<IconRotateClockwise size={14} aria-hidden />}
            onClick={() => setSearch({ drawer: 'wall' }, { push: true })}
          >
            Wall
          </Button>
        )}
        {me.may('responder') && (
          <>
            <Button
              variant="default"
              leftSection={<IconUpload size={14} aria-hidden />}
              onClick={() => setSearch({ drawer: 'import' }, { push: true })}
            >
              Import
            </Button>
            <Button
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={() => go('/dashboards/new', add === '' ? {} : { add })}
            >
              New dashboard
            </Button>
          </>
        )}
      </div>
      {add !== '' && <pre className="query-text">{add}</pre>}
      {asked.data === undefined &&
        (asked.error === null ? (
          <SkeletonRows rows={10} />
        ) : (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ))}
      {asked.data !== undefined && found.length === 0 && (
        <EmptyState
          compact
          title="No dashboard is called so"
          text="Titles, descriptions, folders and tags are searched."
        />
      )}
      {folders.map(([folder, inside]) => (
        <section key={folder} className="panel" aria-label={folder || 'Without a folder'}>
          <header className="panel-head">
            <h2>{folder === readyFolder ? 'Ready-made' : folder || 'Without a folder'}</h2>
          </header>
          <ul className="dash-list">
            {inside.map((one) => (
              <Line key={one.id} one={one} {...target(one.id)} onTag={(name) => setSearch({ tag: name })} />
            ))}
          </ul>
        </section>
      ))}
      {rest}
      {search['drawer'] === 'import' &&
        (me.may('responder') ? (
          <ImportDrawer onClose={() => setSearch({ drawer: '' })} />
        ) : (
          <RoleNeededDrawer
            title="Import a dashboard"
            need={{ role: 'responder', what: 'import dashboards' }}
            onClose={() => setSearch({ drawer: '' })}
          />
        ))}
      {search['drawer'] === 'wall' && asked.data !== undefined && (
        <WallDrawer all={all} onClose={() => setSearch({ drawer: '', among: '' })} />
      )}
    </div>
  );
}

function Line({
  one,
  to,
  search,
  onTag,
}: {
  one: DashboardSummary;
  to: string;
  search: Record<string, string>;
  onTag: (tag: string) => void;
}): ReactNode {
  return (
    <li>
      <Go to={to} search={{ ...search, tag: '', find: '', drawer: '' }} className="dash-title">
        {one.title}
      </Go>
      {one.ready && (one.version > 0 || one.folder !== readyFolder) && (
        <span className="chip">{one.version === 0 ? 'ready-made' : 'ready-made, changed'}</span>
      )}
      <span className="dash-about muted">{one.description}</span>
      {one.tags.slice(0, 4).map((tag) => (
        <button key={tag} type="button" className="chip dash-tag" onClick={() => onTag(tag)}>
          {tag}
        </button>
      ))}
      <span className="dash-when muted">
        {counted(one.panels, 'panel')}
        {one.updatedAt !== null && (
          <>
            {' · '}
            <TimeText at={one.updatedAt} show="relative" />
          </>
        )}
      </span>
    </li>
  );
}
