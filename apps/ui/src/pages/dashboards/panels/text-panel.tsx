import { fillVariables } from '@sightline/contract';
import type { ReactNode } from 'react';
import { Markdown } from '../markdown.tsx';
import type { PanelProps } from '../panel-props.ts';

/** Words of the author: what to look at, whom to ask. */
export default function TextPanel({ panel, values, label }: PanelProps): ReactNode {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
    <div className="panel-scroll panel-text" tabIndex={0} role="region" aria-label={label}>
      <Markdown text={fillVariables(panel.options.text, values, 'text')} />
    </div>
  );
}
