import type { ReactNode } from 'react';
import { useMe } from '../data/session.tsx';
import { Drawer } from './drawer.tsx';
import { EmptyState } from './empty-state.tsx';
import { roleTitles, whoMay, type RoleNeed } from './role-words.ts';

/** In place of what an address leads to and this person's role may not see or do: who may, and what one is oneself. */
export function RoleNeeded({ need, compact = false }: { need: RoleNeed; compact?: boolean }): ReactNode {
  const { role } = useMe();
  return (
    <EmptyState
      compact={compact}
      title={`For ${roleTitles[need.role]}`}
      text={`${whoMay(need)} Your role is ${role}: ask one of them.`}
    />
  );
}

/** The same in place of a form that an address opens. */
export function RoleNeededDrawer(props: { title: string; need: RoleNeed; onClose: () => void }): ReactNode {
  return (
    <Drawer title={props.title} label={props.title} width={480} onClose={props.onClose}>
      <RoleNeeded compact need={props.need} />
    </Drawer>
  );
}
