import { Button } from '@mantine/core';
import { IconBellPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ScopeQuery } from '../data/scope.ts';
import { useMe } from '../data/session.tsx';
import { useGo } from '../shell/go.tsx';
import { alertSearch } from './alert-search.ts';

/** Begins a rule with the search of the page. Only for those who may change rules. */
export function AlertOnSearch(props: {
  readonly source: 'logs' | 'errors';
  readonly q: string;
  readonly scope: ScopeQuery;
  /** What the button says. */
  readonly label?: string;
}): ReactNode {
  const go = useGo();
  const me = useMe();
  if (!me.may('admin')) return null;
  const { q, left } = alertSearch(props.source, props.q, props.scope);
  return (
    <Button
      variant="default"
      leftSection={<IconBellPlus size={14} />}
      title="A rule that tells when records that match come"
      onClick={() => go('/rules/new', { source: props.source, q, left: left.join(' ') })}
    >
      {props.label ?? 'Alert on this search'}
    </Button>
  );
}
