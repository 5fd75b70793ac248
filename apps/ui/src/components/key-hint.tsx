import type { ReactNode } from 'react';
import './states.css';

const signs: Readonly<Record<string, string>> = { Escape: 'Esc', ArrowDown: '↓', ArrowUp: '↑', Enter: '↵' };

/** Keys as they stand on a keyboard: `mod+k`, `g f`. */
export function KeyHint({ keys }: { keys: string }): ReactNode {
  const parts = keys.split(/[ ]/).map((part) =>
    part
      .split('+')
      .map((key) =>
        key === 'mod'
          ? navigator.platform.startsWith('Mac')
            ? '⌘'
            : 'Ctrl'
          : (signs[key] ?? (part.length > 1 && key.length === 1 ? key.toUpperCase() : key)),
      )
      .join(' '),
  );
  return (
    <span className="row" style={{ gap: 4 }}>
      {parts.map((part, i) => (
        <kbd key={i} className="key-hint">
          {part}
        </kbd>
      ))}
    </span>
  );
}
