import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type Result } from '@sightline/base';
import { z } from 'zod';
import { textOfFile, writeDurably } from './durable-file.ts';

/** Who this agent is, as the server answered its enrolment. */
const identity = z.object({
  server: z.string().min(1),
  agent: z.string().min(1),
  token: z.string().min(16),
  organisation: z.string(),
  site: z.string(),
  /** Hash of the one-time token that was used: another one given later means to enrol again. */
  enrolledWith: z.string(),
});
export type Identity = z.infer<typeof identity>;

export const identityFile = (dataFolder: string): string => path.join(dataFolder, 'agent.json');

/** Short hash by which a one-time token is recognised. */
export function tokenMark(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 32);
}

/** Reads `agent.json`; undefined before the first enrolment. A broken file is a fault: guessing would enrol twice. */
export function readIdentity(dataFolder: string): Result<Identity | undefined, string> {
  const file = identityFile(dataFolder);
  try {
    const text = textOfFile(file);
    if (text === undefined) return ok(undefined);
    const read = identity.safeParse(JSON.parse(text));
    if (!read.success) throw new Error(read.error.issues[0]?.message ?? 'unknown form');
    return ok(read.data);
  } catch (error) {
    const why = (error as Error).message;
    return fail(`${file} cannot be read (${why}). Restore it, or remove it and enrol again with a new one-time token.`);
  }
}

/** Writes `agent.json` with mode 0600, durably: the one-time token is used up. */
export function keepIdentity(dataFolder: string, kept: Identity): void {
  writeDurably(identityFile(dataFolder), `${JSON.stringify(kept, null, 2)}\n`);
}

/** A sentence when others of this machine may read the agent's token. */
export function identityWarning(dataFolder: string): string | undefined {
  const mode = statSync(identityFile(dataFolder), { throwIfNoEntry: false })?.mode ?? 0;
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined;
  return `${identityFile(dataFolder)} can be read by others on this machine; make it mode 0600`;
}
