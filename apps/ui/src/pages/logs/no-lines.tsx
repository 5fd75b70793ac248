import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';

/** What stands where a search found no line, or no line has come yet. */
export function NoLines({ q, clear, send }: { q: string; clear: () => void; send: () => void }): ReactNode {
  if (q !== '') {
    return (
      <EmptyState
        compact
        title="Nothing matches"
        text="No line in this scope and time range fits the search. Widen the range above, or ask for less."
        action={
          <Button variant="default" onClick={clear}>
            Clear the search
          </Button>
        }
      />
    );
  }
  return (
    <EmptyState
      compact
      title="No logs in this time range"
      text="Point an OpenTelemetry, Loki or Sentry client here and its lines appear within two seconds."
      action={<Button onClick={send}>Send data</Button>}
    />
  );
}
