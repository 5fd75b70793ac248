import { destroyArchiveKeys } from '@sightline/contract';
import { builtInClasses } from '@sightline/record';
import { answer, type CallContext, refuse, type Route } from '../route.ts';

/** Retention classes of an organisation: those of now, those taken out, and those of files that the archive still has. */
async function classNames({ control, archive }: CallContext['deps'], organisation: string): Promise<string[]> {
  const kept = await control.retention.find(organisation);
  const files = (await archive?.logs.filesBetween(organisation, 0, Number.MAX_SAFE_INTEGER)) ?? [];
  const named = [...(kept?.classes ?? builtInClasses), ...(kept?.retired ?? [])].map(({ name }) => name);
  return [...new Set([...named, ...files.map((file) => file.class)])];
}

export const archiveKeyRoutes: readonly Route[] = [
  answer(destroyArchiveKeys, async ({ body }, { deps, caller, audit }) => {
    const { keyDestruction } = deps;
    if (!keyDestruction) return refuse(409, 'No archive', 'This server keeps no archive: start it with --archive.');
    const organisation = await deps.control.organisations.find(caller.organisation);
    if (organisation?.name !== body.confirm)
      return refuse(422, 'Not confirmed', 'Write out the name of the organisation ("confirm"): this cannot be undone.');
    const names = await classNames(deps, caller.organisation);
    // Who misspells a class would believe that its logs are gone, with a signed record to show for it.
    if (body.class !== '' && !names.includes(body.class)) {
      const message = `no class is called ${body.class}: expected ${names.join(', ')}, or none for all of them`;
      return refuse(422, 'No such class', `Nothing was destroyed: ${message}.`, { fields: { class: message } });
    }
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
