import type { DashboardPanel, PanelPlace } from '@sightline/contract';
import { gridColumns } from '@sightline/contract';
import { IconArrowDownRight, IconGripVertical } from '@tabler/icons-react';
import { useRef, type KeyboardEvent, type PointerEvent, type ReactNode, type RefObject } from 'react';

const linePx = 38;
const gapPx = 8;

/** Move and resize: by the mouse, or by the arrow keys while a handle has the focus. */
export function Handles(props: {
  panel: DashboardPanel;
  grid: RefObject<HTMLDivElement | null>;
  onPlace: (place: PanelPlace) => void;
}): ReactNode {
  const { panel } = props;
  const named = panel.title || 'panel';
  return (
    <>
      <Handle
        {...props}
        what="move"
        label={`Move ${named}: arrow keys`}
        icon={<IconGripVertical size={14} aria-hidden />}
      />
      <Handle
        {...props}
        what="size"
        label={`Resize ${named}: arrow keys`}
        icon={<IconArrowDownRight size={14} aria-hidden />}
      />
    </>
  );
}

function Handle({
  panel,
  grid,
  onPlace,
  what,
  label,
  icon,
}: Parameters<typeof Handles>[0] & { what: 'move' | 'size'; label: string; icon: ReactNode }): ReactNode {
  const start = useRef<{ x: number; y: number; place: PanelPlace }>(null);
  const shifted = ({ x, y, w, h }: PanelPlace, columns: number, lines: number): PanelPlace =>
    what === 'move'
      ? { x: x + columns, y: y + lines, w, h }
      : { x, y, w: Math.max(2, Math.min(gridColumns - x, w + columns)), h: Math.max(2, h + lines) };
  function onPointerMove(event: PointerEvent): void {
    const from = start.current;
    const width = grid.current?.clientWidth ?? 0;
    if (from === null || width === 0) return;
    const columns = Math.round((event.clientX - from.x) / ((width + gapPx) / gridColumns));
    const lines = Math.round((event.clientY - from.y) / linePx);
    const wanted = shifted(from.place, columns, lines);
    const { x, y, w, h } = panel.place;
    if (wanted.x !== x || wanted.y !== y || wanted.w !== w || wanted.h !== h) onPlace(wanted);
  }
  function onKeyDown(event: KeyboardEvent): void {
    const step = arrows[event.key];
    if (step === undefined) return;
    event.preventDefault();
    // A panel gives way to nothing smaller than its neighbour: up and down go by the height of what is there.
    onPlace(shifted(panel.place, step[0], step[1]));
  }
  return (
    <button
      type="button"
      className={`dash-handle dash-${what}`}
      aria-label={label}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, y: event.clientY, place: panel.place };
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => (start.current = null)}
      onPointerCancel={() => (start.current = null)}
      onKeyDown={onKeyDown}
    >
      {icon}
    </button>
  );
}

const arrows: Readonly<Record<string, readonly [columns: number, lines: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
