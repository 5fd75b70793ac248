import type { ReactNode } from 'react';
import './states.css';

/** An empty page teaches: one sentence, one button. */
export function EmptyState(props: {
  title: string;
  text: ReactNode;
  action?: ReactNode;
  compact?: boolean;
}): ReactNode {
  return (
    <div className="state" data-compact={props.compact === true ? '' : undefined}>
      <h2>{props.title}</h2>
      <p>{props.text}</p>
      {props.action !== undefined && <div className="state-action">{props.action}</div>}
    </div>
  );
}
