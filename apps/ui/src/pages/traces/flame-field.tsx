import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import './flame.css';

const rowPx = 22;

/** Where rows of bars are drawn, as far as they are in sight. */
export function useFlameField(rows: number) {
  const box = useRef<HTMLDivElement>(null);
  const { ref: field, width } = useElementSize<HTMLDivElement>();
  // oxlint-disable-next-line react/incompatible-library
  const list = useVirtualizer({
    count: rows,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 8,
  });
  /** Brings a row into sight, and the bar that the selector names under the keyboard. */
  const focus = (row: number, selector: string): void => {
    list.scrollToIndex(row, { align: 'auto' });
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true }));
  };
  return { box, field, width, list, focus };
}

/** A scale above rows of bars; `scale` says what stands at a share of the width, `renderRow` draws one. */
export function FlameField(props: {
  of: ReturnType<typeof useFlameField>;
  label: string;
  scale: (share: number) => string;
  renderRow: (index: number, top: number, width: number) => ReactNode;
  onKeyDown: (event: KeyboardEvent) => void;
}): ReactNode {
  const { box, field, width, list } = props.of;
  return (
    <>
      <div className="flame-axis" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <span key={share}>{props.scale(share)}</span>
        ))}
      </div>
      <div ref={box} className="flame-box" role="tree" aria-label={props.label} onKeyDown={props.onKeyDown}>
        <div ref={field} className="flame-field" style={{ height: list.getTotalSize() }}>
          {width > 0 && list.getVirtualItems().map((item) => props.renderRow(item.index, item.start, width))}
        </div>
      </div>
    </>
  );
}
