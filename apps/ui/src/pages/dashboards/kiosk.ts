import { listDashboards } from '@sightline/contract';
import { useEffect, useState } from 'react';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useGo } from '../../shell/go.tsx';
import { useKeys, type KeyBinding } from '../../shell/keys.ts';
import { rotationPlace, rotationSeconds, type RotationPlace } from './rotation.ts';

export interface Kiosk extends RotationPlace {
  readonly on: boolean;
  /** 0 does not rotate. */
  readonly rotateS: number;
  readonly paused: boolean;
  /** Until the next one comes; 0 while it stands still. */
  readonly leftS: number;
  readonly enter: (rotateS: number) => void;
  readonly leave: () => void;
  readonly pause: () => void;
  /** By one forth or back. */
  readonly step: (by: 1 | -1) => void;
}

/**
 * Nothing but the dashboard, for a wall: `?kiosk=1`, and with `rotate=30` every 30 s the next one of the same folder (or of
 * those that `among=id,id` names). Space pauses, the arrows go on and back, Escape leaves; a dashboard that cannot be read is
 * passed over when its time is up. Each is shown in the range that it keeps (`ownRange` of this one), unless another was chosen: that one stays.
 */
export function useKiosk(id: string, folder: string, ownRange = ''): Kiosk {
  const { search, setSearch } = useAddress();
  const go = useGo();
  const on = search['kiosk'] === '1';
  const rotateS = on ? rotationSeconds(search['rotate']) : 0;
  const list = useAsk(listDashboards, {}, { when: rotateS > 0, everyMs: 300_000 });
  const among = search['among'] ?? '';
  const paused = search['pause'] === '1';
  const named = among.split(',').filter((one) => one !== '');
  const place = rotationPlace(id, folder, named, list.data?.dashboards);
  const { next, previous } = place;
  const moves = rotateS > 0 && !paused && next !== undefined;
  const [leftS, setLeft] = useState(rotateS);
  const kept = {
    kiosk: '1',
    rotate: String(rotateS),
    among,
    pause: paused ? '1' : '',
    ...(search['range'] === ownRange ? { range: '' } : {}),
  };
  const step = (by: 1 | -1): void => {
    const to = by === 1 ? next : previous;
    if (to !== undefined) go(`/dashboards/${encodeURIComponent(to)}`, { ...kept, panel: '', drawer: '' });
  };
  useEffect(() => {
    if (!moves) return undefined;
    const endMs = Date.now() + rotateS * 1000;
    const left = (): number => Math.max(0, Math.ceil((endMs - Date.now()) / 1000));
    setLeft(left());
    const timer = setInterval(() => {
      setLeft(left());
      if (Date.now() >= endMs) step(1);
    }, 500);
    return () => clearInterval(timer);
    // A step goes by the same parts.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [moves, rotateS, next, id, search['range'], ownRange]);
  const pause = (): void => setSearch({ pause: paused ? '' : '1' });
  const leave = (): void => {
    setSearch({ kiosk: '', rotate: '', among: '', pause: '' });
    if (document.fullscreenElement !== null) void document.exitFullscreen();
  };
  const turning: readonly KeyBinding[] =
    rotateS > 0
      ? [
          { keys: ' ', title: 'Pause the rotation, or go on', run: pause },
          { keys: 'ArrowRight', title: 'Next dashboard', run: () => step(1) },
          { keys: 'ArrowLeft', title: 'Dashboard before', run: () => step(-1) },
        ]
      : [];
  useKeys(on ? [{ keys: 'Escape', title: 'Leave the full screen', run: leave }, ...turning] : []);
  return {
    ...place,
    on,
    rotateS,
    paused,
    leftS: moves ? leftS : 0,
    leave,
    pause,
    step,
    enter: (seconds) => {
      setSearch(
        { kiosk: '1', rotate: seconds > 0 ? String(seconds) : '', live: '1', panel: '', drawer: '' },
        { push: true },
      );
      enterFullScreen();
    },
  };
}

/** A browser may refuse; the page is drawn alone all the same. */
export function enterFullScreen(): void {
  void document.documentElement.requestFullscreen?.().catch(() => undefined);
}
