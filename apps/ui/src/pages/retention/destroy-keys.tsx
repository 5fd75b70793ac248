import { TextInput } from '@mantine/core';
import { destroyArchiveKeys, storedRetention } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { counted } from '../../components/number-text.ts';
import { useAct } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';

/** What a destruction did, as it is recorded. */
export type Destroyed = Reply<typeof destroyArchiveKeys> & { readonly class: string };

/** Destroys the keys of a class, for owners: the organisation's name has to be written out. */
export function DestroyKeys({ name, onDone }: { name: string; onDone: (done: Destroyed) => void }): ReactNode {
  const { organisation } = useMe();
  const destroy = useAct(destroyArchiveKeys, [storedRetention]);
  const [reason, setReason] = useState('');
  const [confirm, setConfirm] = useState('');
  return (
    <Confirm
      verb="Destroy keys"
      harmful
      title={`Destroy the keys of ${name}`}
      text={
        <>
          <p>
            Nobody can read the archived logs of this class again, here or in any copy of the archive, and those in the
            engine are deleted. A signed record of it stays. This cannot be undone.
          </p>
          <TextInput
            label="Why"
            value={reason}
            maxLength={300}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <TextInput
            label={`The organisation’s name: ${organisation.name}`}
            value={confirm}
            maxLength={200}
            autoComplete="off"
            onChange={(event) => setConfirm(event.currentTarget.value)}
          />
        </>
      }
      act={async () =>
        onDone({ ...(await destroy.mutateAsync({ body: { class: name, reason, confirm } })), class: name })
      }
    />
  );
}

/** The outcome in words, for as long as the page is open; the audit trail and the archive keep it. */
export function DestroyedNote({ done }: { done: Destroyed }): ReactNode {
  return (
    <p className="panel-body" role="status">
      The keys of {done.class} are destroyed (record {done.record}): {counted(done.unreadable.rows, 'archived log')} in{' '}
      {counted(done.unreadable.files, 'file')} cannot be read any more, {counted(done.deletedFiles, 'plain file')} and{' '}
      {counted(done.deletedLogs, 'log')} in the engine were deleted.
    </p>
  );
}
