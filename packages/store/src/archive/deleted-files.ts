import { readRecord, recordNumbers } from './records.ts';
import type { ArchiveTarget } from './target.ts';

/** Answers the files of an organisation (`day/path`) that were deleted on record. Each record is read once. */
export function deletedFilesIn(target: ArchiveTarget): (organisation: string) => Promise<ReadonlySet<string>> {
  const known = new Map<string, { read: number; readonly files: Set<string> }>();
  return async (organisation) => {
    const { read, files } = known.get(organisation) ?? { read: 0, files: new Set<string>() };
    const fresh = (await recordNumbers(target, organisation)).filter((number) => number > read);
    for (const number of fresh) {
      const stored = await readRecord(target, organisation, number);
      for (const { day, path } of stored?.record?.files ?? []) files.add(`${day}/${path}`);
    }
    known.set(organisation, { read: fresh.at(-1) ?? read, files });
    return files;
  };
}
