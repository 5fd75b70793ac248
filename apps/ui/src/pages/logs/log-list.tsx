import type { LogRow } from '@sightline/contract';
import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type ReactNode, type RefObject } from 'react';
import { LogLine } from '../../records/log-line.tsx';
import './logs.css';

interface LogListProps {
  readonly rows: readonly LogRow[];
  readonly words: readonly string[];
  /** As in `LogLine`. */
  readonly found?: readonly string[];
  readonly openId: string;
  readonly onOpen: (id: string) => void;
  readonly withDay: boolean;
  readonly more: boolean;
  readonly loadingMore: boolean;
  readonly loadMore: () => void;
  readonly box: RefObject<HTMLDivElement | null>;
  readonly stale: boolean;
  /** Said below the last row. */
  readonly end: string;
  readonly columns: readonly string[] | undefined;
  /** The row that a search in the lines stands at; -1 for none. */
  readonly foundIndex: number;
}

/** Rows of a search; only those in sight are drawn, and older ones are fetched as the end comes near. */
export function LogList(props: LogListProps): ReactNode {
  const { rows, more, loadingMore, loadMore, openId, box, foundIndex } = props;
  const phone = useMediaQuery('(max-width: 640px)');
  // oxlint-disable-next-line react/incompatible-library
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => (phone ? 52 : 26),
    overscan: 12,
  });
  useEffect(() => list.measure(), [phone, list]);
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const asked = useRef(-1);
  useEffect(() => {
    if (!more || loadingMore || last < rows.length - 40 || asked.current === rows.length) return;
    asked.current = rows.length;
    loadMore();
  }, [last, rows.length, more, loadingMore, loadMore]);
  const newest = rows[0]?.id;
  useEffect(() => {
    asked.current = -1;
  }, [newest]);
  const openIndex = openId === '' ? -1 : rows.findIndex(({ id }) => id === openId);
  // Only when another row is opened: rows that arrive must not move the page.
  useEffect(
    () => {
      if (openIndex >= 0) list.scrollToIndex(openIndex, { align: 'auto' });
    },
    // oxlint-disable-next-line react/exhaustive-deps
    [openId],
  );
  useEffect(() => {
    if (foundIndex >= 0) list.scrollToIndex(foundIndex, { align: 'center' });
  }, [foundIndex, list]);
  return (
    <div
      ref={box}
      className="log-list"
      data-keeps-place="lines"
      data-stale={props.stale ? '' : undefined}
      role="region"
      aria-label="Log lines"
      tabIndex={-1}
    >
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div
              key={row.id}
              className="log-slot"
              data-found={item.index === foundIndex ? '' : undefined}
              style={{ transform: `translateY(${item.start}px)`, height: item.size }}
            >
              <LogLine
                row={row}
                words={props.words}
                {...(props.found === undefined ? {} : { found: props.found })}
                onOpen={props.onOpen}
                active={row.id === openId}
                withDay={props.withDay}
                columns={props.columns}
              />
            </div>
          );
        })}
      </div>
      <p className="log-end">{loadingMore ? 'Loading older lines' : more ? '' : props.end}</p>
    </div>
  );
}
