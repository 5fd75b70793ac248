import { Menu } from '@mantine/core';
import type { Dashboard, DashboardPanel, PanelType } from '@sightline/contract';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { MarkLine } from '../../charts/mark-line.tsx';
import { useMarks } from '../../charts/use-marks.ts';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { toggledIn } from '../../components/toggled-in.ts';
import { useAddress } from '../../data/address.ts';
import { useScope } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { DashboardGrid } from './dashboard-grid.tsx';
import { DashboardHead } from './dashboard-head.tsx';
import { EditBar } from './edit/edit-bar.tsx';
import { JsonDrawer } from './edit/json-drawer.tsx';
import { PanelEditor } from './edit/panel-editor.tsx';
import { SettingsDrawer } from './edit/settings-drawer.tsx';
import { useDraft } from './edit/use-draft.ts';
import { ImportNotes } from './import-notes.tsx';
import { useKiosk } from './kiosk.ts';
import { placePanels } from './layout.ts';
import { PanelDrawer } from './panel-drawer.tsx';
import { useVariables } from './use-variables.ts';
import { valuesOf } from './variable-address.ts';
import { VariableBar } from './variable-bar.tsx';
import { VersionsDrawer } from './versions-drawer.tsx';

/** Kinds of panels that draw what happened meanwhile. */
const marked: ReadonlySet<PanelType> = new Set(['timeseries']);
const phone = '(max-width: 640px)';

/** A dashboard as it is looked at or edited. Variables, range, the open panel and what is open beside it stand in the address. */
export function DashboardView({ dashboard }: { dashboard: Dashboard }): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope, setRange } = useScope();
  const me = useMe();
  const narrow = useMediaQuery(phone) ?? false;
  const mayEdit = me.may('responder') && !narrow;
  const editing = mayEdit && (search['edit'] === '1' || dashboard.id === 'new');
  const draft = useDraft(dashboard, editing);
  const { document } = draft;
  usePageTitle(document.title);
  useOwnRange(document.range);
  const { choices, choose } = useVariables(document.variables);
  const values = useMemo(() => valuesOf(choices ?? []), [choices]);
  const { marks, error: marksError } = useMarks(scope, document.annotations);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(() => new Set());
  const closed = useMemo(
    () =>
      new Set(document.panels.filter(({ id, options }) => options.collapsed !== toggled.has(id)).map(({ id }) => id)),
    [document.panels, toggled],
  );
  const kiosk = useKiosk(dashboard.id, document.folder, document.range);
  const open = (key: string): void => setSearch({ panel: key }, { push: search['panel'] === undefined });
  const close = (): void => setSearch({ panel: '', drawer: '' });
  const shown = useMemo(
    () => placePanels(document.panels, editing ? {} : values, new Set()),
    [document.panels, values, editing],
  );
  const opened =
    shown.find(({ key }) => key === search['panel']) ?? shown.find(({ panel }) => panel.id === search['panel']);
  const step = (by: number): (() => void) | undefined => {
    const drawn = shown.filter(({ panel }) => panel.type !== 'row');
    const next = opened === undefined ? undefined : drawn[drawn.indexOf(opened) + by];
    return next === undefined ? undefined : () => setSearch({ panel: next.key });
  };
  const compare = search['compare'] === 'week';
  return (
    <div className="page dashboard" data-kiosk={kiosk.on ? '' : undefined}>
      <DashboardHead
        dashboard={dashboard}
        document={document}
        values={values}
        editing={editing}
        mayEdit={mayEdit}
        kiosk={kiosk}
      />
      {editing && <EditBar dashboard={dashboard} draft={draft} />}
      {choices !== undefined && <VariableBar choices={choices} choose={choose} />}
      {!kiosk.on &&
        document.panels.some(({ type }) => marked.has(type)) &&
        (marks.rows.length > 0 || marksError !== null) && (
          <div className="row under-chart" role="group" aria-label="Marked on the charts">
            <span className="muted">On the charts:</span>
            <MarkLine marks={marks} error={marksError} />
          </div>
        )}
      {document.panels.length === 0 && (
        <EmptyState
          compact
          title="No panels yet"
          text={
            editing
              ? 'A panel answers one question: add one, and write what it asks in PromQL.'
              : 'Whoever may edit it adds the first one.'
          }
        />
      )}
      {choices === undefined && <SkeletonRows rows={6} height={120} />}
      {choices !== undefined && (
        <DashboardGrid
          document={document}
          values={values}
          scope={scope}
          compare={compare}
          marks={marks.marks}
          closed={closed}
          onToggle={(row) => setToggled((old) => toggledIn(old, row))}
          onRange={setRange}
          onOpen={open}
          edit={
            editing
              ? { onPlace: draft.place, renderActs: (panel) => <EditActs panel={panel} draft={draft} open={open} /> }
              : undefined
          }
        />
      )}
      {opened !== undefined && editing && (
        <PanelEditor
          key={opened.panel.id}
          panel={opened.panel}
          draft={draft}
          values={values}
          scope={scope}
          onClose={close}
        />
      )}
      {opened !== undefined && !editing && opened.panel.type !== 'row' && (
        <PanelDrawer
          key={opened.key}
          placed={opened}
          values={values}
          scope={scope}
          compare={compare}
          marks={marks.marks}
          onRange={setRange}
          onClose={close}
          onNext={step(1)}
          onPrevious={step(-1)}
        />
      )}
      {search['drawer'] === 'versions' && <VersionsDrawer dashboard={dashboard} onClose={close} />}
      {search['drawer'] === 'json' && (
        <JsonDrawer draft={draft} editing={editing} dashboard={dashboard} onClose={close} />
      )}
      {search['drawer'] === 'imported' && document.imported !== undefined && (
        <Drawer title="What the import left behind" label="What the import left behind" width={620} onClose={close}>
          <ImportNotes notes={document.imported.notes} />
        </Drawer>
      )}
      {search['drawer'] === 'settings' && editing && <SettingsDrawer draft={draft} onClose={close} />}
    </div>
  );
}

function EditActs({
  panel,
  draft,
  open,
}: {
  panel: DashboardPanel;
  draft: ReturnType<typeof useDraft>;
  open: (key: string) => void;
}): ReactNode {
  return (
    <>
      <Menu.Divider />
      <Menu.Item onClick={() => open(panel.id)}>Edit</Menu.Item>
      <Menu.Item onClick={() => draft.duplicate(panel.id)}>Duplicate</Menu.Item>
      <Menu.Item onClick={() => draft.remove(panel.id)}>Remove</Menu.Item>
    </>
  );
}

/**
 * The dashboard's own range where the address names none. The page's default leaves no trace in addresses, so once the
 * dashboard's was written, a missing one means that the default was chosen: it is then written out, and links say so.
 */
function useOwnRange(range: string): void {
  const { search, setSearch } = useAddress();
  const applied = useRef(false);
  const named = search['range'] !== undefined || search['from'] !== undefined;
  useEffect(() => {
    if (!named) setSearch({ range: applied.current ? '1h' : range });
    applied.current = true;
  }, [named, range, setSearch]);
}
