import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '@sightline/base';

/** How PostgreSQL's programs are started: under which user, and through which wrapper. */
export interface RunAs {
  /** Undefined: as ourselves. The cluster and its folders belong to this user. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** Put before the program's own command line; changes the user itself when not empty. */
  readonly wrapper: readonly string[];
}

const nobody = 65534;
/** Linux capabilities that let a user pass folders closed to it (capability.h): CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH. */
const searchCapabilities = [
  { name: 'dac_read_search', bit: 2n },
  { name: 'dac_override', bit: 1n },
];

/**
 * PostgreSQL refuses to run as root. As a normal user we start it as ourselves. As root we start it as the owner of
 * its data folder, or as `nobody` where that is new. A folder under a private home (0700) is closed to that user: then
 * `setpriv` hands it the one capability to pass through closed folders, and nothing else of root.
 */
export async function chooseRunAs(dataFolder: string, programs: readonly string[]): Promise<Result<RunAs, string>> {
  if (process.getuid?.() !== 0) return ok({ user: undefined, wrapper: [] });
  const owner = await stat(dataFolder).catch(() => undefined);
  const user = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : { uid: nobody, gid: nobody };
  const closed = await firstClosedFolder([dirname(dataFolder), ...programs.map((program) => dirname(program))]);
  if (closed === undefined) return ok({ user, wrapper: [] });
  const capability = await usableCapability();
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv', '/usr/local/bin/setpriv'].find((path) => existsSync(path));
  if (!capability || !setpriv) {
    return fail(
      `The embedded PostgreSQL must not run as root, and the user it would run as cannot pass ${closed}. ` +
        'Start Sightline as a normal user, choose another folder with --data, or name your own PostgreSQL with DATABASE_URL.',
    );
  }
  return ok({
    user,
    wrapper: [
      setpriv,
      `--reuid=${user.uid}`,
      `--regid=${user.gid}`,
      '--clear-groups',
      `--inh-caps=-all,+${capability}`,
      `--ambient-caps=-all,+${capability}`,
      `--bounding-set=-all,+${capability}`,
      // Without it access(2), by which initdb looks for its own program, leaves a normal user's capabilities out.
      '--securebits=+no_setuid_fixup',
      '--',
    ],
  });
}

/** The first folder on the way to one of `paths` that others may not pass. */
async function firstClosedFolder(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    for (let folder = path; ; folder = dirname(folder)) {
      if (((await stat(folder)).mode & 0o001) === 0) return folder;
      if (folder === dirname(folder)) break;
    }
  }
  return undefined;
}

async function usableCapability(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return searchCapabilities.find(({ bit }) => (effective >> bit) & 1n)?.name;
}
