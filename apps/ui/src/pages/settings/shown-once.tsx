import { Button } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { copyText } from '../../components/copy.ts';

/** A secret that is shown once: whole, with a button, and what to do with it. */
export function ShownOnce(props: { what: string; secret: string; text: ReactNode; onDone: () => void }): ReactNode {
  return (
    <div className="shown-once" role="status">
      <p>{props.text}</p>
      <code>{props.secret}</code>
      <div className="row">
        <Button
          leftSection={<IconCopy size={14} aria-hidden />}
          onClick={() => void copyText(props.secret, props.what)}
        >
          Copy
        </Button>
        <Button variant="default" onClick={props.onDone}>
          I have kept it
        </Button>
      </div>
    </div>
  );
}
