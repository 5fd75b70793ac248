import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import type { SearchPatch } from '../data/address.ts';
import type { ProblemError } from '../data/call.ts';
import { useGo } from '../shell/go.tsx';
import { EmptyState } from './empty-state.tsx';
import { ErrorState } from './error-state.tsx';
import { SkeletonRows } from './skeleton.tsx';

/** The page of one record before it is read: on its way, or what hinders it and a way to ask again. */
export function UnreadRecord({
  error,
  again,
  rows = 20,
  kept,
}: {
  error: ProblemError | null;
  again: () => unknown;
  rows?: number;
  kept?: string;
}): ReactNode {
  return (
    <div className="page" aria-busy={error === null}>
      {error === null ? (
        <SkeletonRows rows={rows} />
      ) : (
        <ErrorState error={error} again={() => void again()} {...(kept === undefined ? {} : { kept })} />
      )}
    </div>
  );
}

/** The page of a record that nobody knows, with the way back to all of its kind. */
export function UnknownRecord(props: {
  title: string;
  text: string;
  all: string;
  to: string;
  search?: SearchPatch;
}): ReactNode {
  const go = useGo();
  return (
    <div className="page">
      <EmptyState
        title={props.title}
        text={props.text}
        action={<Button onClick={() => go(props.to, props.search)}>{props.all}</Button>}
      />
    </div>
  );
}
