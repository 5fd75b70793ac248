import { Popover, Tooltip } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { KeyHint } from '../components/key-hint.tsx';
import { allPages } from '../pages/all.ts';
import { Go } from './go.tsx';
import type { Page } from './page.ts';

const groups = ['watch', 'explore', 'manage'] as const;
const doors = groups.flatMap((group) => allPages.filter((page) => page.group === group));
/** Five doors fit; with more than five, the fifth is "More". */
const beforeMore = doors.length <= 5 ? 5 : 4;

/** The left rail of wide screens: icons, labels on hover. */
export function Rail({ path }: { path: string }): ReactNode {
  return (
    <nav className="rail" aria-label="Pages">
      <Go to="/" className="rail-mark" aria-label="Sightline: Fleet">
        <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden>
          <path d="M3 19h7l3-9 5 14 3-8h8" />
        </svg>
      </Go>
      {groups.map((group) => (
        <div key={group} className="rail-group">
          {doors
            .filter((page) => page.group === group)
            .map((page) => (
              <Door key={page.path} page={page} current={isAt(page, path)} />
            ))}
        </div>
      ))}
    </nav>
  );
}

function Door({ page, current }: { page: Page; current: boolean }): ReactNode {
  const label = (
    <span className="row">
      {page.title}
      {page.letter !== undefined && <KeyHint keys={`g ${page.letter}`} />}
    </span>
  );
  return (
    <Tooltip label={label} position="right" openDelay={150}>
      <Go
        to={page.path}
        className="rail-door"
        {...(page.badge === undefined ? { 'aria-label': page.title } : {})}
        aria-current={current ? 'page' : undefined}
        onPointerEnter={() => void page.load()}
      >
        <page.icon size={20} stroke={1.6} aria-hidden />
        {page.badge !== undefined && (
          <>
            <span className="only-read-aloud">{page.title}</span>
            <page.badge />
          </>
        )}
      </Go>
    </Tooltip>
  );
}

/** On a phone: four doors and the rest behind "More". */
export function BottomBar({ path }: { path: string }): ReactNode {
  const [open, setOpen] = useState(false);
  const rest = doors.slice(beforeMore);
  return (
    <nav className="bottom-bar" aria-label="Pages">
      {doors.slice(0, beforeMore).map((page) => (
        <BottomDoor key={page.path} page={page} current={isAt(page, path)} />
      ))}
      {rest.length > 0 && (
        <Popover opened={open} onChange={setOpen} position="top-end" width={200}>
          <Popover.Target>
            <button
              type="button"
              className="bottom-door"
              aria-expanded={open}
              data-current={rest.some((page) => isAt(page, path)) ? '' : undefined}
              onClick={() => setOpen(!open)}
            >
              <IconDots size={20} aria-hidden />
              More
            </button>
          </Popover.Target>
          <Popover.Dropdown p={4}>
            {rest.map((page) => (
              <Go key={page.path} to={page.path} className="more-door" onClick={() => setOpen(false)}>
                <page.icon size={18} stroke={1.6} aria-hidden />
                {page.title}
              </Go>
            ))}
          </Popover.Dropdown>
        </Popover>
      )}
    </nav>
  );
}

function BottomDoor({ page, current }: { page: Page; current: boolean }): ReactNode {
  return (
    <Go to={page.path} className="bottom-door" aria-current={current ? 'page' : undefined}>
      <page.icon size={20} stroke={1.6} aria-hidden />
      {page.title}
      {page.badge !== undefined && <page.badge />}
    </Go>
  );
}

/** A page's door is lit on the page and on what lies under it; sites lie under Fleet. */
function isAt(page: Page, path: string): boolean {
  if (page.path === '/') return path === '/' || path.startsWith('/sites/');
  return path === page.path || path.startsWith(`${page.path}/`);
}
