import { ActionIcon, Button, Checkbox, NumberInput } from '@mantine/core';
import type { DashboardSummary } from '@sightline/contract';
import { IconChevronUp } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { copyText } from '../../components/copy.ts';
import { Drawer } from '../../components/drawer.tsx';
import { useAddress } from '../../data/address.ts';
import { useAddressOf, useGo } from '../../shell/go.tsx';
import { enterFullScreen } from './kiosk.ts';
import { rotation } from './rotation.ts';

const mostAtOnce = 40;
const usualS = 30;

/** Which dashboards a wall shows in turn, in which order, and for how long each. What is chosen stands in the address. */
export function WallDrawer({ all, onClose }: { all: readonly DashboardSummary[]; onClose: () => void }): ReactNode {
  const { search, setSearch } = useAddress();
  const go = useGo();
  const addressOf = useAddressOf();
  const [seconds, setSeconds] = useState<string | number>(usualS);
  const known = new Set(all.map(({ id }) => id));
  const chosen = (search['among'] ?? '').split(',').filter((id) => known.has(id));
  const choose = (ids: readonly string[]): void => setSearch({ among: ids.slice(0, mostAtOnce).join(',') });
  const ordered = [
    ...chosen.flatMap((id) => all.filter((one) => one.id === id)),
    ...all.filter(({ id }) => !chosen.includes(id)),
  ];
  const everyS = typeof seconds === 'number' ? seconds : usualS;
  const fault = everyS < rotation.shortestS || everyS > rotation.longestS;
  const wall = {
    kiosk: '1',
    rotate: String(everyS),
    among: chosen.join(','),
    live: '1',
    drawer: '',
    find: '',
    tag: '',
  };
  const first = chosen[0];
  const path = `/dashboards/${encodeURIComponent(first ?? '')}`;
  const link = (): string => new URL(addressOf(path, wall), window.location.href).href;
  return (
    <Drawer title="Wall" label="Wall" width={520} onClose={onClose}>
      <form
        className="drawer-parts"
        onSubmit={(event) => {
          event.preventDefault();
          if (first === undefined || fault) return;
          enterFullScreen();
          go(path, wall);
        }}
      >
        <p className="muted">
          A screen on the wall shows the chosen dashboards in turn, in this order. Space pauses, ← and → go back and on,
          Escape leaves. Whoever opens the link has to be signed in on that screen.
        </p>
        <NumberInput
          label="Seconds for each"
          w={160}
          min={rotation.shortestS}
          max={rotation.longestS}
          value={seconds}
          onChange={setSeconds}
          error={fault ? `From ${rotation.shortestS} to ${rotation.longestS.toLocaleString('en-US')}.` : undefined}
        />
        <ol className="wall-list" aria-label="Dashboards in turn">
          {ordered.map(({ id, title }) => {
            const at = chosen.indexOf(id);
            return (
              <li key={id}>
                <Checkbox
                  size="xs"
                  label={title}
                  checked={at >= 0}
                  disabled={at < 0 && chosen.length >= mostAtOnce}
                  onChange={() => choose(at >= 0 ? chosen.filter((one) => one !== id) : [...chosen, id])}
                />
                {at >= 0 && <span className="muted">{at + 1}</span>}
                {at > 0 && (
                  <ActionIcon
                    variant="subtle"
                    aria-label={`${title}: earlier`}
                    onClick={() => choose(chosen.toSpliced(at, 1).toSpliced(at - 1, 0, id))}
                  >
                    <IconChevronUp size={14} aria-hidden />
                  </ActionIcon>
                )}
              </li>
            );
          })}
        </ol>
        <div className="row">
          <Button type="submit" disabled={first === undefined || fault}>
            Start
          </Button>
          <Button
            variant="default"
            disabled={first === undefined || fault}
            onClick={() => void copyText(link(), 'Link')}
          >
            Copy link
          </Button>
          {first === undefined && <span className="muted">Choose at least one dashboard.</span>}
        </div>
      </form>
    </Drawer>
  );
}
