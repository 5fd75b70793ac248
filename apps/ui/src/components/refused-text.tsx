import type { ReactNode } from 'react';
import type { ProblemError } from '../data/call.ts';
import './states.css';

/** Why a text that was to be saved is refused, line by line as the server says it. */
export function RefusedText({ problem }: { readonly problem: ProblemError }): ReactNode {
  return (
    <div role="alert" className="refused-text">
      <strong>{problem.title}. Nothing was changed.</strong>
      <pre>{problem.detail}</pre>
    </div>
  );
}
