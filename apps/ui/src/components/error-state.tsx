import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ProblemError } from '../data/call.ts';
import './states.css';

/**
 * What happened, what we kept, what to do. `kept` says what is still true or safe: "Your query stands in the address."
 * `again` asks once more.
 */
export function ErrorState(props: { error: ProblemError; kept?: string; again?: () => void }): ReactNode {
  const { error } = props;
  return (
    <div className="state" role="alert">
      <h2>
        <IconAlertTriangle size={16} aria-hidden color="var(--bad)" /> {error.title || 'That did not work'}
      </h2>
      <p>{error.detail}</p>
      {props.kept !== undefined && <p className="muted">{props.kept}</p>}
      {props.again !== undefined && (
        <div className="state-action">
          <Button variant="default" onClick={props.again}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}
