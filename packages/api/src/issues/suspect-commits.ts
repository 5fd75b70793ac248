import type { ReleaseCommit } from '@sightline/control';

export interface SuspectCommit {
  readonly id: string;
  readonly repository: string;
  readonly author: string;
  readonly message: string;
  readonly at: number | null;
  /** The path that it changed and the stack names. */
  readonly file: string;
}

const shown = 3;
const framesLookedAt = 20;

/**
 * Commits that changed a file of the stack, the file nearest to the crash first, at most three. `files` are those of frames, the
 * innermost first.
 */
export function suspectCommits(commits: readonly ReleaseCommit[], files: readonly string[]): SuspectCommit[] {
  const frames = [
    ...new Set(
      files
        .map(partsOf)
        .filter((parts) => parts.length > 0)
        .map((parts) => parts.join('/')),
    ),
  ]
    .slice(0, framesLookedAt)
    .map((file) => file.split('/'));
  const found = commits.flatMap((commit, age) => {
    const touched = commit.files.flatMap((file) => {
      const depth = frames.findIndex((frame) => isSameFile(partsOf(file), frame));
      return depth < 0 ? [] : [{ file, depth }];
    });
    const [nearest] = touched.toSorted((a, b) => a.depth - b.depth);
    return nearest ? [{ commit, age, ...nearest }] : [];
  });
  return found
    .toSorted((a, b) => a.depth - b.depth || a.age - b.age)
    .slice(0, shown)
    .map(({ commit: { id, repository, author, message, at }, file }) => ({
      id,
      repository,
      author,
      message,
      at,
      file,
    }));
}

/** The folders and the name of a file as a repository knows it: without the scheme, host and query that bundlers write. */
function partsOf(file: string): string[] {
  return file
    .replace(/^[a-z][a-z0-9+.-]*:\/{2,3}[^/]*/i, '')
    .replace(/[?#].*$/, '')
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..' && part !== '~');
}

/** The shorter is the end of the longer; a bare name is told apart by nothing and must be the whole path in one of them. */
function isSameFile(changed: readonly string[], frame: readonly string[]): boolean {
  const least = Math.min(changed.length, frame.length);
  let same = 0;
  while (same < least && changed.at(-1 - same) === frame.at(-1 - same)) same++;
  // `app/src/charge.ts` on the machine is `packages/till/src/charge.ts` in the repository: two parts and the name are enough.
  return same > 0 && (same === least ? least > 1 || changed.length === frame.length : same >= 3);
}
