import { IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { copyText } from './copy.ts';
import './states.css';

/** An id, shortened, that copies itself in full on a press. `what` names it: "Trace id". */
export function CopyId({ id, what, length = 8 }: { id: string; what: string; length?: number }): ReactNode {
  const short = id.length > length + 1 ? `${id.slice(0, length)}…` : id;
  return (
    <button
      type="button"
      className="copy-id"
      title={`${id}: press to copy`}
      onClick={(event) => {
        event.stopPropagation();
        void copyText(id, what);
      }}
    >
      {short}
      <span className="only-read-aloud">: copy {what}</span>
      <IconCopy size={12} aria-hidden color="var(--faint)" />
    </button>
  );
}
