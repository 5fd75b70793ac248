import { matchesWhole } from '@sightline/base';
import { type Matcher, type Silence, silenceState } from '@sightline/control';
import type { KeyPermission } from '@sightline/record';
import type { Finding } from '@sightline/record';
import { silenceMatches } from '@sightline/respond';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { secretOf } from '../../authenticate.ts';
import { beyondSiteText, staysAt } from '../../bound-site.ts';
import type { ApiDeps } from '../../route.ts';
import { silenceSummary } from '../../routes/silences.ts';
import { readMatcher } from './matchers.ts';
import { alertsAtOnce, findingOf, postedAlert } from './posted-alerts.ts';
import { type AlertsFilter, groupAlerts, showAlerts, type ShownAlert } from './shown-alerts.ts';

/** Alertmanager answers faults as a JSON text; its clients print it. */
class Refusal {
  readonly status: number;
  readonly text: string;
  constructor(status: number, text: string) {
    this.status = status;
    this.text = text;
  }
}

/** Who asks, proven by a key. */
interface Asker {
  readonly organisation: string;
  readonly site: string;
  readonly name: string;
  readonly address: string;
}

const prefix = '/alertmanager';
const api = `${prefix}/api/v2`;
const bodyLimitBytes = 8 * 1024 * 1024;

/**
 * Alertmanager's API v2 (prometheus/alertmanager, api/v2/openapi.yaml) below `/alertmanager`, as Prometheus, vmalert,
 * Grafana and amtool use it: alerts sent here become findings, silences are ours. A key as bearer token or basic password
 * says whose: `ingest` sends alerts, `query` or `operate` reads, `operate` silences.
 */
export function registerAlertmanager(scope: FastifyInstance, deps: ApiDeps): void {
  const { control, clock } = deps;
  const route = (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    permissions: readonly KeyPermission[],
    run: (asker: Asker, request: FastifyRequest) => Promise<unknown>,
  ): void => {
    scope.route({
      method,
      url: `${api}${path}`,
      bodyLimit: bodyLimitBytes,
      handler: async (request, reply) => {
        const asker = await askerOf(deps, request, permissions);
        const answered = asker instanceof Refusal ? asker : await run(asker, request);
        return send(reply, answered);
      },
    });
  };

  const alerts = async (asker: Asker, request: FastifyRequest): Promise<ShownAlert[] | Refusal> => {
    const filter = readFilter(request);
    if (filter instanceof Refusal) return filter;
    const [firing, silences, policies] = await Promise.all([
      control.alerting.alerts.firing(asker.organisation),
      control.alerting.silences.active(asker.organisation, clock.now()),
      control.alerting.policies.list(asker.organisation),
    ]);
    return showAlerts(
      firing.filter(({ site }) => asker.site === '' || site === asker.site),
      { silences, policies, publicUrl: deps.settings.publicUrl },
      filter,
    );
  };
  const reading = ['query', 'operate'] as const;
  route('POST', '/alerts', ['ingest'], (asker, request) => takeAlerts(deps, asker, request.body));
  route('GET', '/alerts', reading, alerts);
  route('GET', '/alerts/groups', reading, async (asker, request) => {
    const shown = await alerts(asker, request);
    return shown instanceof Refusal ? shown : groupAlerts(shown);
  });
  route('GET', '/receivers', reading, async ({ organisation }) =>
    (await control.alerting.policies.list(organisation)).map(({ name }) => ({ name })),
  );
  route('GET', '/status', reading, async () => status(deps));
  registerSilences(route, deps);

  for (const probe of ['healthy', 'ready']) {
    scope.get(`${prefix}/-/${probe}`, (_, reply) => reply.type('text/plain; charset=utf-8').send('OK'));
  }
  scope.all(`${prefix}/*`, (request, reply) =>
    send(
      reply,
      request.url.startsWith(`${prefix}/api/v1/`)
        ? new Refusal(404, 'The API v1 of Alertmanager is not served: use v2 (alertmanagers: api_version: v2).')
        : new Refusal(404, `There is no call ${request.method} ${request.url.split('?')[0]?.slice(0, 200) ?? ''}.`),
    ),
  );
}

type AddRoute = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  permissions: readonly KeyPermission[],
  run: (asker: Asker, request: FastifyRequest) => Promise<unknown>,
) => void;

const idParams = z.object({ id: z.string().max(100) });

function registerSilences(route: AddRoute, { control, clock }: ApiDeps): void {
  const reading = ['query', 'operate'] as const;
  const note = (asker: Asker, action: string, silence: Silence) =>
    control.audit.append(
      asker.organisation,
      { name: asker.name, address: asker.address },
      { action, subject: silence.id, detail: silenceSummary(silence) },
    );
  route('GET', '/silences', reading, async ({ organisation, site }, request) => {
    const matchers = readMatchers(request);
    if (matchers instanceof Refusal) return matchers;
    const silences = await control.alerting.silences.list(organisation);
    const fits = (silence: Silence): boolean => {
      // As Alertmanager: a silence fits where what it names exactly fits.
      const named = Object.fromEntries(silence.matchers.map(({ name, value }) => [name, value]));
      return matchers.length === 0 || silenceMatches({ matchers }, named);
    };
    return silences
      .filter((silence) => staysAt(site, silence.matchers) && fits(silence))
      .map((silence) => showSilence(silence, clock.now()));
  });
  route('POST', '/silences', ['operate'], async (asker, request) => {
    const body = postedSilence.safeParse(request.body);
    if (!body.success) return new Refusal(400, faultText(body.error));
    const { id = '', matchers, startsAt, endsAt, createdBy, comment } = body.data;
    const wanted = {
      matchers: matchers.map((matcher) => ({ ...matcher, isEqual: matcher.isEqual ?? true })),
      startsAt: Date.parse(startsAt),
      endsAt: Date.parse(endsAt),
      comment,
    };
    const kept =
      id === '' || asker.site === '' ? undefined : await control.alerting.silences.find(asker.organisation, id);
    if (!staysAt(asker.site, wanted.matchers) || (kept && !staysAt(asker.site, kept.matchers)))
      return new Refusal(403, beyondSiteText(asker.site));
    const by = createdBy === '' ? asker.name : `${createdBy} (key ${asker.name})`;
    const made =
      id === ''
        ? await control.alerting.silences.create(asker.organisation, wanted, by)
        : await control.alerting.silences.update(asker.organisation, id, wanted, by);
    if (!made.ok) return new Refusal(made.error.reason === 'not-found' ? 404 : 400, made.error.message);
    await note(asker, id === '' ? 'silence.create' : 'silence.update', made.value);
    return { silenceID: made.value.id };
  });
  route('GET', '/silence/:id', reading, async ({ organisation, site }, request) => {
    const params = idParams.safeParse(request.params);
    const found = params.success && (await control.alerting.silences.find(organisation, params.data.id));
    return found && staysAt(site, found.matchers)
      ? showSilence(found, clock.now())
      : new Refusal(404, 'There is no silence of this id.');
  });
  route('DELETE', '/silence/:id', ['operate'], async (asker, request) => {
    const params = idParams.safeParse(request.params);
    if (!params.success) return new Refusal(404, 'There is no silence of this id.');
    const kept =
      asker.site === '' ? undefined : await control.alerting.silences.find(asker.organisation, params.data.id);
    if (kept && !staysAt(asker.site, kept.matchers)) return new Refusal(403, beyondSiteText(asker.site));
    const ended = await control.alerting.silences.expire(asker.organisation, params.data.id);
    if (!ended.ok) return new Refusal(ended.error.reason === 'not-found' ? 404 : 400, ended.error.message);
    await note(asker, 'silence.expire', ended.value);
    return undefined;
  });
}

function send(reply: FastifyReply, answered: unknown): FastifyReply {
  reply.header('cache-control', 'no-store');
  if (answered instanceof Refusal) {
    if (answered.status === 401) reply.header('www-authenticate', 'Bearer realm="Sightline", Basic realm="Sightline"');
    return reply.code(answered.status).type('application/json').send(JSON.stringify(answered.text));
  }
  if (answered === undefined) return reply.code(200).send();
  return reply.code(200).type('application/json').send(JSON.stringify(answered));
}

async function askerOf(
  { control }: ApiDeps,
  request: FastifyRequest,
  permissions: readonly KeyPermission[],
): Promise<Asker | Refusal> {
  const secret = secretOf(request.headers.authorization ?? '');
  const key = secret === undefined ? undefined : await control.keys.find(secret);
  if (!key) return new Refusal(401, 'Send an API key of Sightline as bearer token or as password of basic auth.');
  if (!permissions.some((permission) => key.permissions.includes(permission))) {
    return new Refusal(403, `The key "${key.name}" lacks the permission ${permissions.join(' or ')}.`);
  }
  const asker = { site: key.scope.site, name: key.name, address: request.ip };
  const named = request.headers['x-scope-orgid'];
  if (typeof named !== 'string' || named === '' || !key.permissions.includes('any-organisation')) {
    return { ...asker, organisation: key.scope.organisation };
  }
  // Only who sends alerts makes an organisation of a new name; who asks must not.
  if (!permissions.includes('ingest')) {
    const known = await control.organisations.findByName(named);
    return known ? { ...asker, organisation: known.id } : new Refusal(404, 'X-Scope-OrgID names no organisation.');
  }
  const found = await control.organisations.ensure(named);
  return found.ok ? { ...asker, organisation: found.value.id } : new Refusal(400, found.error.message);
}

/** What is right is taken; what is not is named, as Alertmanager does. */
async function takeAlerts(deps: ApiDeps, { organisation, site }: Asker, body: unknown): Promise<Refusal | undefined> {
  const { control, clock, respond } = deps;
  if (!respond) return new Refusal(503, 'This server takes no alerts: it does not respond to findings.');
  if (!Array.isArray(body)) return new Refusal(400, 'The body must be a list of alerts.');
  if (body.length > alertsAtOnce) return new Refusal(413, `At most ${alertsAtOnce} alerts at once.`);
  const sites = new Set((await control.sites.list(organisation)).map(({ code }) => code));
  const scope = { organisation, site, nowMs: clock.now(), isSite: (code: string) => sites.has(code) };
  const findings: Finding[] = [];
  const faults: string[] = [];
  for (const [at, one] of body.entries()) {
    const alert = postedAlert.safeParse(one);
    const found = alert.success ? findingOf(alert.data, scope) : { ok: false as const, error: faultText(alert.error) };
    if (found.ok) findings.push(found.value);
    else if (faults.length < 10) faults.push(`alert ${at + 1}: ${found.error}`);
  }
  await respond.accept(findings);
  return faults.length > 0 ? new Refusal(400, faults.join('; ')) : undefined;
}

const postedSilence = z.object({
  id: z.string().max(100).optional(),
  matchers: z
    .array(
      z.object({
        name: z.string().max(200),
        value: z.string().max(500),
        isRegex: z.boolean(),
        isEqual: z.boolean().optional(),
      }),
    )
    .max(20),
  startsAt: z.iso.datetime({ offset: true }),
  endsAt: z.iso.datetime({ offset: true }),
  createdBy: z.string().max(200),
  comment: z.string().max(2000),
});

function showSilence(silence: Silence, now: number): Record<string, unknown> {
  const { id, matchers, startsAt, endsAt, createdBy, comment, updatedAt } = silence;
  return {
    id,
    status: { state: silenceState(silence, now) },
    updatedAt: new Date(updatedAt).toISOString(),
    comment,
    createdBy,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    matchers,
  };
}

function status({ clock, settings }: ApiDeps): Record<string, unknown> {
  const now = new Date(clock.now()).toISOString();
  return {
    cluster: { status: 'disabled', peers: [] },
    config: { original: '# Sightline: channels, policies and silences are kept in its control plane.\n' },
    uptime: now,
    versionInfo: {
      branch: '',
      buildDate: '',
      buildUser: '',
      goVersion: '',
      revision: '',
      version: `0.25.0+sightline.${settings.version}`,
    },
  };
}

function faultText(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`)
    .join('; ');
}

function readMatchers({ query }: FastifyRequest): Matcher[] | Refusal {
  const { filter = [] } = query as { filter?: string | string[] };
  const matchers: Matcher[] = [];
  for (const text of [filter].flat().slice(0, 20)) {
    const read = readMatcher(text);
    if (!read.ok) return new Refusal(400, read.error);
    matchers.push(read.value);
  }
  return matchers;
}

function readFilter(request: FastifyRequest): AlertsFilter | Refusal {
  const matchers = readMatchers(request);
  if (matchers instanceof Refusal) return matchers;
  const query = request.query as Readonly<Record<string, string | string[] | undefined>>;
  const wanted = (name: string): boolean => [query[name]].flat()[0] !== 'false';
  const receiver = [query['receiver']].flat()[0] ?? '';
  // It is tested before it is used: it must not be able to hold up the server.
  if (receiver.length > 200 || matchesWhole(receiver, '') === undefined) {
    return new Refusal(400, 'failed to parse receiver param: not a regular expression, or one that takes too long');
  }
  return {
    matchers,
    active: wanted('active'),
    silenced: wanted('silenced'),
    inhibited: wanted('inhibited'),
    receiver,
  };
}
