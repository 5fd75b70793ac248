import { useEffect, useRef, type ReactNode, type RefObject } from 'react';
import { useAddress } from '../data/address.ts';
import './tabs.css';

export interface Tab {
  /** Stands in the address as `tab=`; the first tab leaves no trace. */
  readonly name: string;
  readonly title: string;
  readonly content: ReactNode;
}

/** Keeps the open tab in sight where the row is wider than its place. `open` names it, so that another is followed. */
export function useTabInSight<Row extends HTMLElement>(open: string): RefObject<Row | null> {
  const row = useRef<Row>(null);
  useEffect(() => {
    const tab = row.current?.querySelector('[aria-selected="true"], [aria-current]');
    if (!row.current || !tab) return;
    const [outer, inner] = [row.current.getBoundingClientRect(), tab.getBoundingClientRect()];
    row.current.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }, [open]);
  return row;
}

/** Tabs of a page; the open one stands in the address. */
export function Tabs({ tabs, label }: { tabs: readonly Tab[]; label: string }): ReactNode {
  const { search, setSearch } = useAddress();
  const open = tabs.find((t) => t.name === search['tab']) ?? tabs[0];
  const row = useTabInSight<HTMLDivElement>(open?.name ?? '');
  function step(by: number): void {
    const at = tabs.findIndex((t) => t === open);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    setSearch({ tab: next === tabs[0] ? '' : next.name });
    document.getElementById(`tab-${next.name}`)?.focus();
  }
  return (
    <>
      <div className="tabs" role="tablist" aria-label={label} ref={row}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            id={`tab-${tab.name}`}
            className="tab"
            aria-selected={tab === open}
            tabIndex={tab === open ? 0 : -1}
            onClick={() => setSearch({ tab: tab === tabs[0] ? '' : tab.name }, { push: true })}
            onKeyDown={(event) => {
              if (event.key === 'ArrowRight') step(1);
              if (event.key === 'ArrowLeft') step(-1);
            }}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div role="tabpanel" aria-labelledby={`tab-${open?.name ?? ''}`} className="tab-content">
        {open?.content}
      </div>
    </>
  );
}
