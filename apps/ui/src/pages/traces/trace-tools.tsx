import { Button, SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  readonly flame: boolean;
  readonly onFlame: (flame: boolean) => void;
  /** Undefined while the whole trace is shown. */
  readonly onWhole: (() => void) | undefined;
  readonly onFind: () => void;
  /** Undefined while nothing is collapsed. */
  readonly onExpand: (() => void) | undefined;
  readonly onCollapse: () => void;
}

/** How the spans of a trace are drawn. */
export function TraceTools({ flame, onFlame, onWhole, onFind, onExpand, onCollapse }: Props): ReactNode {
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label="How to draw the spans"
        value={flame ? 'flame' : 'waterfall'}
        data={[
          { value: 'waterfall', label: 'Waterfall' },
          { value: 'flame', label: 'Flame' },
        ]}
        onChange={(value) => onFlame(value === 'flame')}
      />
      {!flame && (
        <>
          {onWhole !== undefined && (
            <Button variant="default" onClick={onWhole} title="Show the whole trace (0)">
              Whole trace
            </Button>
          )}
          <Button variant="default" onClick={onFind} title="Find in the trace (/)">
            Find
          </Button>
          <Button variant="default" onClick={onExpand} disabled={onExpand === undefined}>
            Expand all
          </Button>
          <Button variant="default" onClick={onCollapse}>
            Collapse
          </Button>
        </>
      )}
    </>
  );
}
