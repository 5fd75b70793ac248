import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import './states.css';

/** What is wrong with a query, in the words of its language, with the place in it marked. */
export function QueryFault({
  message,
  query,
  position,
}: {
  message: string;
  query: string;
  position: { readonly from: number; readonly to: number } | undefined;
}): ReactNode {
  return (
    <div className="form-problem" role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <div>
        <p>{message}</p>
        {position !== undefined && (
          <pre className="query-place">
            {query.slice(0, position.from)}
            <mark>{query.slice(position.from, position.to) || ' '}</mark>
            {query.slice(position.to)}
          </pre>
        )}
      </div>
    </div>
  );
}
