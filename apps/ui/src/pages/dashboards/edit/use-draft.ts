import {
  dashboardPanel,
  dashboardVariable,
  type Dashboard,
  type DashboardDocument,
  type DashboardPanel,
  type DashboardVariable,
  type PanelPlace,
  type PanelType,
} from '@sightline/contract';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useAddress } from '../../../data/address.ts';
import { closeGaps, freeId, freePlace, movePanel } from '../layout.ts';

/** A dashboard while it is edited. `document` is the kept one until something is changed. */
export interface Draft {
  readonly document: DashboardDocument;
  /** The version that the changes are made to, whatever was saved and read since. */
  readonly version: number;
  readonly changed: boolean;
  readonly change: (part: Partial<DashboardDocument>) => void;
  readonly replace: (document: DashboardDocument) => void;
  readonly discard: () => void;
  readonly place: (id: string, place: PanelPlace) => void;
  readonly setPanel: (panel: DashboardPanel) => void;
  /** Answers the new panel's id. */
  readonly add: (type: PanelType, expression?: string) => string;
  readonly duplicate: (id: string) => void;
  readonly remove: (id: string) => void;
}

const sizes: Readonly<Partial<Record<PanelType, { w: number; h: number }>>> = {
  stat: { w: 6, h: 4 },
  gauge: { w: 6, h: 6 },
  row: { w: 24, h: 1 },
  text: { w: 24, h: 4 },
  loglist: { w: 24, h: 9 },
};

/** A new panel beside the last ones where there is room, else below everything. */
export function newPanel(panels: readonly DashboardPanel[], type: PanelType, expression = ''): DashboardPanel {
  const { w, h } = sizes[type] ?? { w: 12, h: 8 };
  const query =
    type === 'loglist'
      ? [{ kind: 'logs' }]
      : type === 'sitemap'
        ? [{ kind: 'read', read: 'sites' }]
        : type === 'text' || type === 'row'
          ? []
          : [{ kind: 'promql', expression }];
  return dashboardPanel.parse({
    id: freeId(panels),
    type,
    title: type === 'row' ? 'Row' : '',
    place: freePlace(panels, { w, h }),
    queries: query,
  });
}

export function useDraft(dashboard: Dashboard, editing: boolean): Draft {
  const { search, setSearch } = useAddress();
  // `?add=<PromQL>`: a query that was found elsewhere becomes a panel, once.
  const [draft, setDraft] = useState<DashboardDocument | undefined>(() => {
    const { document: kept } = dashboard;
    const wanted = search['add'];
    if (!editing || wanted === undefined) return undefined;
    return { ...kept, panels: [...kept.panels, newPanel(kept.panels, 'timeseries', wanted)] };
  });
  // Another person's version may be read while this one is edited: the draft goes on from its own, and saving says so.
  const [base, setBase] = useState(dashboard.version);
  if (draft === undefined && base !== dashboard.version) setBase(dashboard.version);
  const document = editing ? (draft ?? dashboard.document) : dashboard.document;
  const changed = editing && draft !== undefined;
  const update = useCallback(
    (make: (old: DashboardDocument) => DashboardDocument) => setDraft((old) => make(old ?? dashboard.document)),
    [dashboard.document],
  );
  useEffect(() => {
    if (!changed) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [changed]);
  const added = draft?.panels.at(-1)?.id ?? '';
  const adds = search['add'] !== undefined && editing;
  useEffect(() => {
    if (adds) setSearch({ add: '', panel: added });
  }, [adds, added, setSearch]);
  return useMemo(() => {
    const panelsTo = (make: (panels: readonly DashboardPanel[]) => readonly DashboardPanel[]): void =>
      update((old) => ({ ...old, panels: [...make(old.panels)] }));
    return {
      document,
      version: base,
      changed,
      change: (part) => update((old) => ({ ...old, ...part })),
      replace: (next) => setDraft(next),
      discard: () => setDraft(undefined),
      place: (id, place) => panelsTo((panels) => movePanel(panels, id, place)),
      setPanel: (panel) => panelsTo((panels) => panels.map((one) => (one.id === panel.id ? panel : one))),
      add: (type, expression) => {
        const panel = newPanel(document.panels, type, expression);
        panelsTo((panels) => [...panels, panel]);
        return panel.id;
      },
      duplicate: (id) =>
        panelsTo((panels) => {
          const one = panels.find((panel) => panel.id === id);
          if (one === undefined) return panels;
          const copy = { ...one, id: freeId(panels), place: { ...one.place, y: one.place.y + one.place.h } };
          return closeGaps([...panels, copy], copy.id);
        }),
      remove: (id) => panelsTo((panels) => closeGaps(panels.filter((panel) => panel.id !== id))),
    };
  }, [document, base, changed, update]);
}

/** A new variable of a type, under a name that none has. */
export function newVariable(
  variables: readonly DashboardVariable[],
  type: DashboardVariable['type'],
): DashboardVariable {
  const taken = new Set(variables.map(({ name }) => name));
  const wanted = type === 'site' || type === 'service' ? type : type === 'interval' ? 'step' : 'variable';
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}${number}`;
  const options = type === 'interval' ? ['1m', '5m', '15m', '1h'] : [];
  return dashboardVariable.parse({
    type,
    name,
    options,
    ...(type === 'site' || type === 'service' ? { multi: true, all: true, allValue: '.*' } : {}),
  });
}
