import type { ReactNode } from 'react';
import { Go } from './go.tsx';

/** A team by its name; leads to its page in the settings. */
export function TeamLink({ slug, name }: { readonly slug: string; readonly name: string }): ReactNode {
  return (
    <Go to="/settings" search={{ tab: 'teams', team: slug }} title={`#${slug}`}>
      {name}
    </Go>
  );
}
