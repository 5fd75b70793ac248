import { readFileSync, statSync } from 'node:fs';
import { fail, ok, type Result } from '@sightline/base';
import { sitePolicy, type AnswerFault, type SitePolicy } from '@sightline/fleet/messages';

/** What holds where the site wrote no file: everything may be looked at, nothing may be changed. */
export const defaultPolicy: SitePolicy = { systemInfo: true, dockerStatus: true, logs: ['*'], restart: [] };

const nothing: SitePolicy = { systemInfo: false, dockerStatus: false, logs: [], restart: [] };

/** The file's own form: what is left out holds as by default, a word that is not known is a fault. */
const policyFile = sitePolicy.partial().strict();

/** The text of a first policy file, for the people of the site to change. */
export const policyTemplate = `${JSON.stringify(defaultPolicy, null, 2)}\n`;

export interface PolicyReading {
  readonly policy: SitePolicy;
  /** Where it came from, for messages: the file's path. */
  readonly file: string;
  /** A sentence when the file is broken; the policy then allows nothing. */
  readonly fault: string | undefined;
}

/**
 * Reads the site's policy, with every request anew: what the people of the site wrote holds from the next request on. A
 * missing file means the default; a broken one allows nothing, because nobody knows what it was meant to forbid.
 */
export function readPolicy(file: string): PolicyReading {
  const text = textOf(file);
  if (!text.ok) return { policy: nothing, file, fault: text.error };
  if (text.value === undefined) return { policy: defaultPolicy, file, fault: undefined };
  const read = parsePolicy(text.value);
  if (read.ok) return { policy: read.value, file, fault: undefined };
  return { policy: nothing, file, fault: `${file} is broken, so that nothing is allowed: ${read.error}` };
}

function textOf(file: string): Result<string | undefined, string> {
  try {
    if (statSync(file).size > 1e6) return fail(`${file} is larger than a policy can be, so that nothing is allowed`);
    return ok(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? ok(undefined) : fail(`${file} cannot be read, so that nothing is allowed: ${message}`);
  }
}

/** A policy out of the text of its file; the error says what is wrong with it. */
export function parsePolicy(text: string): Result<SitePolicy, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail(`it is not JSON (${(error as Error).message})`);
  }
  const read = policyFile.safeParse(value);
  if (read.success) {
    const { systemInfo, dockerStatus, logs, restart } = read.data;
    return ok({
      systemInfo: systemInfo ?? defaultPolicy.systemInfo,
      dockerStatus: dockerStatus ?? defaultPolicy.dockerStatus,
      logs: logs ?? defaultPolicy.logs,
      restart: restart ?? defaultPolicy.restart,
    });
  }
  const [first] = read.error.issues;
  const at = first?.path.join('.') ?? '';
  return fail(`${at ? `"${at}": ` : ''}${first?.message ?? 'it has an unknown form'}`);
}

/** Whether a list of service names allows one of the names that a container goes by; '*' is any. */
export function allowsName(list: readonly string[], names: readonly string[]): boolean {
  return list.includes('*') || names.some((name) => list.includes(name));
}

/** The refusal of `what`, saying which line of the policy would allow it. */
export function forbidden(reading: PolicyReading, what: string, line: string): Result<never, AnswerFault> {
  const message = reading.fault
    ? `The policy of this site allows nothing now: ${reading.fault}.`
    : `The policy of this site does not allow ${what}. Whoever looks after the site can allow it with ${line} in ${reading.file}.`;
  return fail({ reason: 'forbidden', message: message.slice(0, 1000) });
}
