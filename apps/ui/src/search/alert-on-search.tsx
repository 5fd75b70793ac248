import { Button } from '@mantine/core';
import { IconBellPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { SearchPatch } from '../data/address.ts';
import type { ScopeQuery } from '../data/scope.ts';
import { useMe } from '../data/session.tsx';
import { useGo } from '../shell/go.tsx';
import { alertSearch } from './alert-search.ts';

/** Begins a rule with the search of the page. Only for those who may change rules. */
export function AlertOnSearch(props: {
  readonly source: 'logs' | 'errors' | 'feedback';
  readonly q: string;
  readonly scope: ScopeQuery;
  /** What the button says. */
  readonly label?: string;
}): ReactNode {
  const go = useGo();
  const me = useMe();
  if (!me.may('admin')) return null;
  const begun = beginningOf(props.source, props.q, props.scope);
  return (
    <Button
      variant="default"
      leftSection={<IconBellPlus size={14} />}
      title="A rule that tells when records that match come"
      onClick={() => go('/rules/new', { source: props.source, ...begun })}
    >
      {props.label ?? 'Alert on this search'}
    </Button>
  );
}

/** What the rule's form begins with. Feedback is searched by words; of which sites is a field of its own. */
function beginningOf(source: 'logs' | 'errors' | 'feedback', q: string, scope: ScopeQuery): SearchPatch {
  if (source === 'feedback') {
    const places = (['site', 'service', 'environment'] as const).filter((name) => scope[name] !== '');
    const where = places.map((name) => `${name}=${scope[name].replaceAll(/[\\,]/g, String.raw`\$&`)}`);
    return { q, where: where.join(', ') };
  }
  const found = alertSearch(source, q, scope);
  return { q: found.q, left: found.left.join(' ') };
}
