import type { ApiDeps } from '@sightline/api';
import type { Clock, Logger, Result } from '@sightline/base';

type FileReload = NonNullable<ApiDeps['fileReload']>;

/** One kind of file that is read from the server's disk. Undefined where none is named, or nothing is done by it yet. */
export interface DiskSource {
  readonly what: string;
  /** Reads it now. The value says what was loaded, the error why the old stays. */
  readonly reload: () => Promise<Result<string, string> | undefined>;
}

/**
 * Reads all files of the server's disk again: on SIGHUP and on `POST /-/reload`. A file that is wrong leaves what was in force, and says why.
 * One at a time: who asks meanwhile gets the next one's outcome.
 */
export function diskReload(sources: readonly DiskSource[], clock: Clock, logger: Logger): FileReload {
  let last = { successful: true, atMs: clock.now() };
  let turn: Promise<unknown> = Promise.resolve();
  const run = async (): ReturnType<FileReload['reload']> => {
    const outcomes: { what: string; ok: boolean; detail: string }[] = [];
    for (const { what, reload } of sources) {
      const read = await reload();
      if (read) outcomes.push({ what, ok: read.ok, detail: read.ok ? read.value : read.error });
    }
    const successful = outcomes.every(({ ok }) => ok);
    last = { successful, atMs: successful ? clock.now() : last.atMs };
    for (const { what, ok, detail } of outcomes)
      if (ok) logger.info('files were read again', { what, detail });
      else logger.error('files cannot be read: what was in force stays', { what, why: detail });
    if (outcomes.length === 0) logger.info('asked to read files again, and none is named (--rules, --scrape-config)');
    return outcomes;
  };
  return {
    reload: () => {
      const mine = turn.then(run);
      turn = mine.catch(() => undefined);
      return mine;
    },
    last: () => last,
  };
}
