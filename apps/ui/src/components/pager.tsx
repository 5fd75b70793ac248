import { Button } from '@mantine/core';
import type { ReactNode } from 'react';

/**
 * Newer and older pages of a list that is read by cursors. `cursors` holds those of the pages up to the one shown, the first
 * being ''; `next` is the cursor of the page after it, '' at the end. Draws nothing where one page holds all.
 */
export function Pager(props: {
  cursors: readonly string[];
  next: string;
  onChange: (cursors: readonly string[]) => void;
}): ReactNode {
  const { cursors, next, onChange } = props;
  if (cursors.length === 1 && next === '') return null;
  return (
    <div className="row panel-body">
      <Button variant="default" disabled={cursors.length === 1} onClick={() => onChange(cursors.slice(0, -1))}>
        Newer
      </Button>
      <Button variant="default" disabled={next === ''} onClick={() => onChange([...cursors, next])}>
        Older
      </Button>
    </div>
  );
}
