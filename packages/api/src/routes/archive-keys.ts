import { destroyArchiveKeys } from '@sightline/contract';
import { answer, refuse, type Route } from '../route.ts';

export const archiveKeyRoutes: readonly Route[] = [
  answer(destroyArchiveKeys, async ({ body }, { deps, caller, audit }) => {
    const { keyDestruction } = deps;
    if (!keyDestruction) return refuse(409, 'No archive', 'This server keeps no archive: start it with --archive.');
    const organisation = await deps.control.organisations.find(caller.organisation);
    if (organisation?.name !== body.confirm)
      return refuse(422, 'Not confirmed', 'Write out the name of the organisation ("confirm"): this cannot be undone.');
    const subject = body.class === '' ? 'every class' : body.class;
    // Before anything is done: whatever happens then, it is known who asked.
    await audit('archive.destroy-keys', subject, body.reason);
    const outcome = await keyDestruction.destroy({
      organisation: caller.organisation,
      class: body.class,
      by: caller.actor,
      reason: body.reason,
    });
    if (!outcome.ok) return refuse(409, 'Held', outcome.error.message);
    // What was restored of it leaves as well.
    for (const restore of await deps.control.archiveRestores.list(caller.organisation))
      if (restore.goneAt === null && (body.class === '' || restore.class === '' || restore.class === body.class))
        await deps.control.archiveRestores.end(caller.organisation, restore.id);
    const { atMs: at, ...done } = outcome.value;
    await audit(
      'archive.keys-destroyed',
      subject,
      `record ${done.record}: ${done.keys} keys, ${done.unreadable.rows} rows in ${done.unreadable.files} files unreadable, ${done.deletedFiles} plain files and ${done.deletedLogs} stored logs deleted`,
    );
    return { ...done, at };
  }),
];
