import { ActionIcon, Tooltip } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react';
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useKeys } from '../shell/keys.ts';
import './states.css';

export interface DrawerProps {
  readonly title: ReactNode;
  /** Read aloud; needed where `title` is not plain text. */
  readonly label: string;
  readonly onClose: () => void;
  /** `j` and the arrow down; leave out where there is nothing to move to. */
  readonly onNext?: (() => void) | undefined;
  readonly onPrevious?: (() => void) | undefined;
  /** Width in px, 680 unless told; the whole screen on a phone. */
  readonly width?: number;
  /** Buttons between the title and the cross. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/**
 * Detail from the right, over the page but not instead of it: the list stays usable. Mount it while its row stands in
 * the address; `onClose` takes the row out of the address. `Esc` closes, `j`/`k` move. Focus goes in and comes back.
 */
export function Drawer(props: DrawerProps): ReactNode {
  const { onClose, onNext, onPrevious } = props;
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  useKeys([
    { keys: 'Escape', title: 'Close the drawer', run: onClose, inFields: true },
    ...(onNext === undefined ? [] : [{ keys: 'j', title: 'Next row', run: onNext }]),
    ...(onPrevious === undefined ? [] : [{ keys: 'k', title: 'Previous row', run: onPrevious }]),
  ]);
  return (
    <aside
      ref={box}
      className="drawer"
      role="dialog"
      aria-label={props.label}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (closesItsList(event)) event.stopPropagation();
      }}
      style={props.width === undefined ? undefined : ({ '--drawer-width': `${props.width}px` } as object)}
    >
      <header className="drawer-head">
        <h2>{props.title}</h2>
        {props.actions}
        {onPrevious !== undefined && <Step label="Previous (k)" run={onPrevious} icon={<IconChevronUp size={16} />} />}
        {onNext !== undefined && <Step label="Next (j)" run={onNext} icon={<IconChevronDown size={16} />} />}
        <Step label="Close (Esc)" run={onClose} icon={<IconX size={16} />} />
      </header>
      <div className="drawer-body">{props.children}</div>
    </aside>
  );
}

/** `Esc` in a field whose list is open closes the list; what was entered in the drawer must not go with it. */
function closesItsList({ key, target }: KeyboardEvent): boolean {
  if (key !== 'Escape' || !(target instanceof Element)) return false;
  return target.getAttribute('aria-haspopup') === 'listbox' && target.hasAttribute('aria-controls');
}

function Step({ label, run, icon }: { label: string; run: () => void; icon: ReactNode }): ReactNode {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={28} aria-label={label} onClick={run}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
