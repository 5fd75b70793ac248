import type { Agent } from 'node:http';
import { fail, ok, type Clock, type Logger, type Result } from '@sightline/base';
import { enrolReply, type HostFacts } from '@sightline/fleet/messages';
import { tokenMark, type Identity } from './identity.ts';
import { postJson } from './outbound.ts';

export interface Enrolment {
  readonly server: string;
  readonly token: string;
  readonly name: string;
  readonly version: string;
  readonly facts: HostFacts;
  /** '' for any. */
  readonly site: string;
}

const timeoutMs = 15_000;
const firstDelayMs = 2000;
const maxDelayMs = 60_000;

/**
 * Exchanges the one-time token for the agent's own. Tries again while the server cannot be reached or is busy, until
 * `signal` aborts; a token that is not accepted ends it with a sentence that says what to do.
 */
export async function enrol(
  enrolment: Enrolment,
  parts: { readonly httpAgent: Agent; readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<Result<Identity, string>> {
  const { server, token, name, version, facts, site } = enrolment;
  const { httpAgent, clock, logger, signal } = parts;
  for (let tries = 0; ; tries++) {
    const reply = await postJson(`${server}/api/v1/agent/enrol`, { token, name, version, facts }, httpAgent, timeoutMs);
    if (reply.ok && reply.value.status < 300) {
      const read = enrolReply.safeParse(reply.value.body);
      if (!read.success)
        return fail(`${server} answered in a form that this agent does not understand: update the agent.`);
      if (site && read.data.site !== site) return fail(otherSite(read.data.site, site));
      return ok({ server, ...read.data, enrolledWith: tokenMark(token) });
    }
    const again = !reply.ok || reply.value.status >= 500 || [408, 425, 429].includes(reply.value.status);
    if (reply.ok && !again) return fail(refusal(server, reply.value.status, reply.value.body));
    const why = reply.ok ? `${server} answered HTTP ${reply.value.status}` : `${server}: ${reply.error}`;
    const delayMs = (0.5 + Math.random() / 2) * Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(tries, 6));
    logger.warn(`not enrolled yet: ${why}`, { retryInS: Math.round(delayMs / 1000) });
    await clock.sleep(delayMs, signal);
    if (signal.aborted) return fail('Stopped before this agent was enrolled.');
  }
}

function otherSite(got: string, wanted: string): string {
  return (
    `This token was made for ${got}, and this machine stands in ${wanted} (--site). The token is used up: revoke the agent of ` +
    `${got} in Settings, Agents, and make a token for ${wanted} there.`
  );
}

function refusal(server: string, status: number, body: unknown): string {
  const { detail } = (body ?? {}) as { detail?: unknown };
  const said = typeof detail === 'string' ? detail : '';
  const fresh = 'Make a new one in Settings, Agents, and start the agent with it.';
  if (status === 404 && !said)
    return `${server} does not enrol agents (HTTP 404). Is --server the address of Sightline, and is it up to date?`;
  if ([400, 401, 403, 404, 409, 410, 422].includes(status))
    return `The one-time token was not accepted: ${said || `HTTP ${status}`} ${/Settings/.test(said) ? '' : fresh}`.trim();
  return `${server} refused to enrol this agent: ${said || `HTTP ${status}`}`;
}
