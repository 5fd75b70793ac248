import { readDockerStatus, readServiceLogs, readSystemInfo, restartService } from '@sightline/contract';
import type { AskFault } from '@sightline/fleet';
import {
  type Diagnostic,
  dockerStatus,
  restartService as restartServiceDiagnostic,
  serviceLogs,
  systemInfo,
} from '@sightline/fleet/messages';
import type { z } from 'zod';
import { otherSite } from '../bound-site.ts';
import { answer, type CallContext, type ProblemReply, refuse, type Route } from '../route.ts';

/** How an answer went wrong, over HTTP. */
const statusOf: Readonly<Record<AskFault['reason'], readonly [status: number, title: string]>> = {
  forbidden: [403, 'Not allowed by the site'],
  'not-found': [404, 'Not found at the site'],
  replayed: [409, 'Asked twice'],
  invalid: [422, 'Not valid'],
  busy: [429, 'Too much at once'],
  cancelled: [499, 'Cancelled'],
  bug: [502, 'The agent answered wrongly'],
  unavailable: [503, 'Not reachable'],
  timeout: [504, 'No answer in time'],
};

/** What the audit trail keeps of an input: names and numbers, a text each. */
function inputWords(input: object): string {
  return Object.entries(input)
    .filter(([, value]) => value !== '' && value !== 0)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

/** Asks a site's agent in the caller's name. Every call is audited; what changes something also before it is asked. */
async function askSite<Reply extends z.ZodType>(
  context: CallContext,
  site: string,
  diagnostic: Diagnostic<z.ZodType, Reply>,
  input: object,
): Promise<z.output<Reply> | ProblemReply> {
  const { deps, caller, signal } = context;
  const elsewhere = otherSite(caller, site);
  if (elsewhere) return elsewhere;
  const known = await deps.control.sites.find(caller.organisation, site);
  if (!known) return refuse(404, 'No such site', `No site ${site} is known here.`);
  if (!deps.agents)
    return refuse(
      503,
      'No agents here',
      'This server does not hold the links of agents (its --role leaves fleet out).',
    );
  const action = `diagnostics.${diagnostic.name}`;
  const words = inputWords(input);
  // A change must not happen without a trace, even if we are killed while it does.
  if (diagnostic.changes) await context.audit(action, site, `asked: ${words}`);
  const askedAt = deps.clock.now();
  const answered = await deps.agents.ask(
    { organisation: caller.organisation, site },
    { diagnostic, input, by: caller.actor, signal },
  );
  const tookMs = Math.round(deps.clock.now() - askedAt);
  const outcome = answered.ok ? 'done' : `${answered.error.reason}: ${answered.error.message}`;
  await context.audit(
    diagnostic.changes ? `${action}.ended` : action,
    site,
    [words, `${outcome} (${tookMs} ms)`].filter(Boolean).join('; '),
  );
  if (diagnostic.changes) await noteAction(context, site, `${diagnostic.title}: ${words}. ${outcome} (${tookMs} ms)`);
  if (answered.ok) return answered.value as z.output<Reply>;
  const [status, title] = statusOf[answered.error.reason];
  return refuse(status, title, answered.error.message);
}

/** What was done at a site stands on the time line of what is open there. */
async function noteAction({ deps, caller }: CallContext, site: string, text: string): Promise<void> {
  const incidents = deps.control.respond.incidents;
  const open = await incidents.latestOfGroup(caller.organisation, `site:${site}`);
  if (!open || open.status === 'resolved') return;
  await incidents.note(caller.organisation, open.id, { kind: 'action', actor: caller.actor, text });
}

/** FLT-2: what can be asked of a site from afar. The agent there has the last word, by its own policy. */
export const diagnosticRoutes: readonly Route[] = [
  answer(readSystemInfo, async ({ params }, context) => askSite(context, params.site, systemInfo, {})),
  answer(readDockerStatus, async ({ params }, context) => askSite(context, params.site, dockerStatus, {})),
  answer(readServiceLogs, async ({ params, query }, context) => askSite(context, params.site, serviceLogs, query)),
  answer(restartService, async ({ params, body }, context) =>
    askSite(context, params.site, restartServiceDiagnostic, body),
  ),
];
