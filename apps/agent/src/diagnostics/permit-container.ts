import { ok, type Result } from '@sightline/base';
import type { AnswerFault } from '@sightline/fleet/messages';
import { findContainer, type NamedContainer } from '../docker/containers.ts';
import { allowsName, forbidden, type PolicyReading } from '../policy/policy.ts';
import type { DiagnosticTools } from './diagnostic.ts';

/**
 * Finds the container that `word` means, if `list` of the policy allows it: by that word, or by the Compose service of the
 * container that has this name. Nothing is said of containers that are not allowed, not even whether they are there.
 */
export async function permitContainer(
  policy: PolicyReading,
  list: 'logs' | 'restart',
  word: string,
  tools: DiagnosticTools,
  signal: AbortSignal,
): Promise<Result<NamedContainer, AnswerFault>> {
  const names = policy.policy[list];
  const found = await findContainer(tools.docker, word, signal);
  if (allowsName(names, [word]) || (found.ok && allowsName(names, [found.value.service]))) return found;
  const what = list === 'logs' ? `reading the logs of "${word}"` : `restarting "${word}"`;
  const line = JSON.stringify({ [list]: [...names, word] }).slice(1, -1);
  return forbidden(policy, what, line);
}

/** Allows what a switch of the policy allows. */
export function permitSwitch(
  policy: PolicyReading,
  name: 'systemInfo' | 'dockerStatus',
  what: string,
): Promise<Result<undefined, AnswerFault>> {
  return Promise.resolve(policy.policy[name] ? ok(undefined) : forbidden(policy, what, `"${name}": true`));
}
