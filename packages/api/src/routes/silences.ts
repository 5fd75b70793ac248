import {
  createSilence,
  expireSilence,
  listSilences,
  previewSilence,
  suggestSilence,
  updateSilence,
  type Silence as ShownSilence,
} from '@sightline/contract';
import { type Alert, type Silence, silenceState } from '@sightline/control';
import { alertLabels, silenceMatches } from '@sightline/respond';
import { beyondSite } from '../bound-site.ts';
import { refusal } from '../problem.ts';
import { answer, type ApiDeps, type CallContext, doneReply, type ProblemReply, refuse, type Route } from '../route.ts';

const titlesShown = 20;

/** Titles of what fires and all `matchers` match. */
function heldBack(
  silence: Pick<Silence, 'matchers'>,
  alerts: readonly { readonly title: string; readonly labels: Readonly<Record<string, string>> }[],
): { holdsBack: string[]; holdsBackAll: number } {
  const held = alerts.filter(({ labels }) => silenceMatches(silence, labels));
  return { holdsBack: held.slice(0, titlesShown).map(({ title }) => title), holdsBackAll: held.length };
}

async function firing({ control }: ApiDeps, organisation: string) {
  const alerts = await control.alerting.alerts.firing(organisation);
  return alerts.map((alert: Alert) => ({ title: alert.title, labels: alertLabels(alert) }));
}

function show(silence: Silence, now: number, alerts: Parameters<typeof heldBack>[1]): ShownSilence {
  const { id, matchers, startsAt, endsAt, createdBy, comment, createdAt } = silence;
  const state = silenceState(silence, now);
  return {
    id,
    matchers: matchers.map((matcher) => ({ ...matcher })),
    startsAt,
    endsAt,
    state,
    createdBy,
    comment,
    createdAt,
    ...(state === 'active' ? heldBack(silence, alerts) : { holdsBack: [], holdsBackAll: 0 }),
  };
}

/** How a matcher reads, for the audit: `site=~"STORE_.*"`. */
export function matcherText({ name, value, isRegex, isEqual }: Silence['matchers'][number]): string {
  return `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}${JSON.stringify(value)}`;
}

export function silenceSummary({ matchers, endsAt, comment }: Silence): string {
  return `${matchers.map(matcherText).join(', ')} until ${new Date(endsAt).toISOString()}: ${comment}`;
}

/** Why a key of one site may not change a silence that is kept; undefined when it may, or there is none. */
async function keptBeyondSite(
  id: string,
  { control }: ApiDeps,
  caller: CallContext['caller'],
): Promise<ProblemReply | undefined> {
  if (!caller.keySite) return undefined;
  const kept = await control.alerting.silences.find(caller.organisation, id);
  return kept && beyondSite(caller, kept.matchers);
}

export const silenceRoutes: readonly Route[] = [
  answer(listSilences, async (_, { deps, caller }) => {
    const [silences, alerts] = await Promise.all([
      deps.control.alerting.silences.list(caller.organisation),
      firing(deps, caller.organisation),
    ]);
    const now = deps.clock.now();
    return { silences: silences.map((silence) => show(silence, now, alerts)) };
  }),

  answer(createSilence, async ({ body }, { deps, caller, audit }) => {
    const elsewhere = beyondSite(caller, body.matchers);
    if (elsewhere) return elsewhere;
    const wanted = { ...body, startsAt: body.startsAt ?? deps.clock.now() };
    const made = await deps.control.alerting.silences.create(caller.organisation, wanted, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('silence.create', made.value.id, silenceSummary(made.value));
    return show(made.value, deps.clock.now(), await firing(deps, caller.organisation));
  }),

  answer(updateSilence, async ({ params, body }, { deps, caller, audit }) => {
    const elsewhere = beyondSite(caller, body.matchers) ?? (await keptBeyondSite(params.id, deps, caller));
    if (elsewhere) return elsewhere;
    const wanted = { ...body, startsAt: body.startsAt ?? deps.clock.now() };
    const changed = await deps.control.alerting.silences.update(caller.organisation, params.id, wanted, caller.actor);
    if (!changed.ok) return refusal(changed.error);
    await audit('silence.update', changed.value.id, silenceSummary(changed.value));
    return show(changed.value, deps.clock.now(), await firing(deps, caller.organisation));
  }),

  answer(expireSilence, async ({ params }, { deps, caller, audit }) => {
    const elsewhere = await keptBeyondSite(params.id, deps, caller);
    if (elsewhere) return elsewhere;
    const ended = await deps.control.alerting.silences.expire(caller.organisation, params.id);
    if (!ended.ok) return refusal(ended.error);
    await audit('silence.expire', ended.value.id, silenceSummary(ended.value));
    return doneReply;
  }),

  answer(previewSilence, async ({ body }, { deps, caller }) => heldBack(body, await firing(deps, caller.organisation))),

  answer(suggestSilence, async ({ query }, { deps: { control }, caller }) => {
    const incident = await control.respond.incidents.find(caller.organisation, query.incident);
    if (!incident) return refuse(404, 'Not found', `There is no incident #${query.incident}.`);
    const [first] = await control.respond.incidents.findings(caller.organisation, incident.id);
    const labels = first ? alertLabels(first) : { site: incident.site };
    const chosen = first && incident.site === '' ? ['alertname'] : ['alertname', 'site'];
    return {
      title: `#${incident.number} ${incident.title}`,
      matchers: Object.entries(labels)
        .filter(([name, value]) => chosen.includes(name) && value !== '')
        .map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })),
    };
  }),
];
