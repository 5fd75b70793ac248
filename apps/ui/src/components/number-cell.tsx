import type { ReactNode } from 'react';

/** A figure in a row of a table. In one that is a list of cards on a phone (`stacks`) it stands behind its title there. */
export function NumberCell({
  title,
  tip,
  tone,
  children,
}: {
  title: string;
  /** Shown when the pointer rests on it. */
  tip?: string | undefined;
  tone?: 'bad' | undefined;
  children: ReactNode;
}): ReactNode {
  return (
    <td className="number" data-title={title} data-tone={tone} title={tip}>
      {children}
    </td>
  );
}
