import type { ReactNode } from 'react';
import { useAddress } from '../data/address.ts';
import { useMe } from '../data/session.tsx';
import { watchSides } from './hidden-sides.ts';
import { RoleNeeded } from './role-needed.tsx';
import type { RoleNeed } from './role-words.ts';
import './tabs.css';

export interface Tab {
  /** Stands in the address as `tab=`; the first tab leaves no trace. */
  readonly name: string;
  readonly title: string;
  readonly content: ReactNode;
  /** Who may open it: others do not see it, and read who may where an address leads to it. */
  readonly need?: RoleNeed;
}

/** The `ref` of an open tab: brings it into sight where the row is wider than its place. */
export function bringIntoSight(tab: HTMLElement | null): void {
  const row = tab?.parentElement;
  if (!tab || !row) return;
  const [outer, inner] = [row.getBoundingClientRect(), tab.getBoundingClientRect()];
  row.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

/** Tabs of a page; the open one stands in the address. */
export function Tabs({ tabs: all, label }: { tabs: readonly Tab[]; label: string }): ReactNode {
  const { search, setSearch } = useAddress();
  const { may } = useMe();
  const tabs = all.filter(({ need }) => need === undefined || may(need.role));
  const named = all.find(({ name }) => name === search['tab']);
  const closed = named?.need !== undefined && !may(named.need.role) ? named.need : undefined;
  const open = closed === undefined ? (named ?? tabs[0]) : undefined;
  function step(by: number): void {
    const at = tabs.findIndex((t) => t === open);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    setSearch({ tab: next === tabs[0] ? '' : next.name });
    document.getElementById(`tab-${next.name}`)?.focus();
  }
  return (
    <>
      <div className="tabs" role="tablist" ref={watchSides} aria-label={label}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            id={`tab-${tab.name}`}
            className="tab"
            aria-selected={tab === open}
            ref={tab === open ? bringIntoSight : null}
            tabIndex={tab === (open ?? tabs[0]) ? 0 : -1}
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
      {closed === undefined ? (
        <div role="tabpanel" aria-labelledby={`tab-${open?.name ?? ''}`} className="tab-content">
          {open?.content}
        </div>
      ) : (
        <RoleNeeded need={closed} />
      )}
    </>
  );
}
