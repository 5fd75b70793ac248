import type { ReactNode } from 'react';
import type { ProfileFunction } from './profile-flame.ts';
import { placeText } from './profile-view.tsx';

/** Rows of a table of functions. */
export const shownFunctions = 100;

/** A function's name and place, first in its row; a press finds it in the flame, another lets go of it. */
export function FunctionCell({
  of,
  find,
  onFind,
}: {
  of: ProfileFunction;
  find: string;
  onFind: (name: string) => void;
}): ReactNode {
  const found = find === of.name;
  return (
    <td className="profile-function">
      <button type="button" className="plain-link" aria-pressed={found} onClick={() => onFind(found ? '' : of.name)}>
        {of.name}
      </button>
      <div className="muted" title={placeText(of)}>
        {placeText(of)}
      </div>
    </td>
  );
}
