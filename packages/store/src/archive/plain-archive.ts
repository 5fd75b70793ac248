import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fail, ok } from '@sightline/base';
import type { ArchiveFiles } from './archive-catalogue.ts';
import { dayName, filePath, manifestName, readManifest } from './manifest.ts';

const organisationName = /^[A-Za-z0-9_-]{1,100}$/;

/** An archive in a folder of this machine. It checks no signature: `verifyArchive` does. */
export function plainArchive(folder: string): ArchiveFiles {
  return {
    days: async (organisation) => {
      if (!organisationName.test(organisation)) return [];
      const names = await found(readdir(path.join(folder, organisation)));
      return (names ?? []).filter((name) => dayName.test(name)).toSorted();
    },
    manifest: async (organisation, day) => {
      const bytes = await found(readFile(path.join(folder, organisation, day, manifestName)));
      return bytes && readManifest(bytes);
    },
    open: async ({ organisation, day, file }) => {
      const name = `${organisation}/${day}/${file.path}`;
      const there = filePath.test(file.path) && (await found(stat(path.join(folder, name))));
      if (!there) return fail({ message: `${name} is not in the archive any more.` });
      return ok({ path: path.join(folder, name), close: async () => undefined });
    },
  };
}

/** Undefined where there is no such file or folder. */
async function found<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
