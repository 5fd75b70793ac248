import { listDashboards, type DashboardDocument } from '@sightline/contract';
import { useEffect } from 'react';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useGo } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';

export interface Kiosk {
  readonly on: boolean;
  /** 0 does not rotate. */
  readonly rotateS: number;
  readonly enter: (rotateS: number) => void;
  readonly leave: () => void;
}

const shortestS = 5;

/**
 * Nothing but the dashboard, for a wall: `?kiosk=1`, and with `rotate=30` every 30 s the next one of the same folder (or of
 * those that `among=id,id` names). Escape leaves.
 */
export function useKiosk(id: string, { folder }: Pick<DashboardDocument, 'folder'>): Kiosk {
  const { search, setSearch } = useAddress();
  const go = useGo();
  const on = search['kiosk'] === '1';
  const asked = Number(search['rotate'] ?? 0);
  const rotateS = on && Number.isFinite(asked) && asked > 0 ? Math.max(shortestS, Math.round(asked)) : 0;
  const list = useAsk(listDashboards, {}, { when: rotateS > 0 });
  const among = search['among'] ?? '';
  const kept = { kiosk: '1', rotate: String(rotateS), among };
  const named = among.split(',').filter((one) => one !== '');
  const ring =
    named.length > 0
      ? named
      : (list.data?.dashboards ?? []).filter((one) => one.folder === folder).map((one) => one.id);
  const next = ring[(ring.indexOf(id) + 1) % Math.max(1, ring.length)];
  useEffect(() => {
    if (rotateS === 0 || next === undefined || next === id) return undefined;
    const timer = setTimeout(() => go(`/dashboards/${encodeURIComponent(next)}`, kept), rotateS * 1000);
    return () => clearTimeout(timer);
    // What is kept is made of the same parts.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [rotateS, next, id, go]);
  const leave = (): void => {
    setSearch({ kiosk: '', rotate: '', among: '' });
    if (document.fullscreenElement !== null) void document.exitFullscreen();
  };
  useKeys(on ? [{ keys: 'Escape', title: 'Leave the full screen', run: leave }] : []);
  return {
    on,
    rotateS,
    leave,
    enter: (seconds) => {
      setSearch(
        { kiosk: '1', rotate: seconds > 0 ? String(seconds) : '', live: '1', panel: '', drawer: '' },
        { push: true },
      );
      // A browser may refuse; the page is drawn alone all the same.
      void document.documentElement.requestFullscreen?.().catch(() => undefined);
    },
  };
}
