import {
  checkNow,
  createMonitor,
  getMonitor,
  listMonitorHistory,
  listMonitors,
  type MonitorBody,
  type MonitorSummary,
  pauseMonitor,
  removeMonitor,
  updateMonitor,
} from '@sightline/contract';
import type { Monitor, NewMonitor } from '@sightline/control';
import { lateAfterMs } from '@sightline/detect';
import { findMonitorType, hideSecrets, keepSecrets } from '@sightline/monitors';
import { readMonitorHistory, readMonitorResults, readResponseTimes } from '@sightline/query';
import { z } from 'zod';
import { invalidInput, refusal } from '../problem.ts';
import { answer, type ApiDeps, doneReply, type ProblemReply, refuse, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';

const resultsShown = 100;
/** Results are kept for ninety days. */
const longestRangeMs = 91 * 86_400_000;

function targetOf(monitor: Pick<Monitor, 'type' | 'settings'>): string {
  const type = findMonitorType(monitor.type);
  const settings = type?.settings.safeParse(monitor.settings);
  return type && settings?.success ? type.target(settings.data) : 'its settings cannot be read';
}

function summary(monitor: Monitor): MonitorSummary {
  const { id, name, type, site, runsOn, everyMs, severity, stateSince } = monitor;
  const { lastCheckedAt, lastMessage, lastDurationMs, enabled } = monitor;
  return {
    id,
    name,
    type,
    target: targetOf(monitor),
    site,
    runsOn,
    everyMs,
    severity,
    state: enabled ? monitor.state : 'paused',
    stateSince,
    lastCheckedAt,
    lastMessage,
    lastDurationMs,
  };
}

function addressOf(deps: ApiDeps, word: string | null): string | null {
  return word === null ? null : `${deps.settings.publicUrl}/api/v1/heartbeats/${word}`;
}

/** In the audit a monitor of a site stands under its site. */
function subjectOf({ site, name }: Pick<Monitor, 'site' | 'name'>): string {
  return site === '' ? name : `${site}/${name}`;
}

/** What people decide, picked one by one: nothing else of a monitor leaves with it. */
function editable(monitor: Monitor) {
  const { name, type, site, runsOn, everyMs, timeoutMs, retries, severity, policy, runbook, enabled } = monitor;
  const settings = hideSecrets(monitor.settings);
  return { name, type, settings, site, runsOn, everyMs, timeoutMs, retries, severity, policy, runbook, enabled };
}

/** What people sent, checked against the type; hidden secrets are filled in from `kept`. */
function checked(type: string, body: MonitorBody, kept: unknown, nowMs: number): NewMonitor | ProblemReply {
  const known = findMonitorType(type);
  if (!known) return refuse(422, 'The body is not valid', `There is no type of monitor "${type}".`);
  const settings = known.settings.safeParse(keepSecrets(body.settings, kept));
  if (!settings.success) {
    const issues = settings.error.issues.map((issue) => ({ ...issue, path: ['settings', ...issue.path] }));
    return invalidInput('body', body, new z.ZodError(issues));
  }
  const field = (name: string, message: string) =>
    refuse(422, 'The body is not valid', `${name}: ${message}`, { fields: { [name]: message } });
  if (body.runsOn === 'agent' && !known.runsOn.includes('agent'))
    return field('runsOn', `${known.title} monitors do not run on agents`);
  if (body.runsOn === 'agent' && body.site === '') return field('site', 'say which site’s agent runs it');
  return { ...body, type, settings: settings.data, lateAfterMs: lateAfterMs(type, settings.data, body.everyMs, nowMs) };
}

const isRefusal = (value: NewMonitor | ProblemReply): value is ProblemReply => 'problem' in value;

const show = answerRead(getMonitor, async ({ params, query }, { deps, caller, signal }) => {
  if (query.from >= query.to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  const { organisation } = caller;
  const monitor = await deps.control.monitors.find(organisation, params.id);
  if (!monitor) return refuse(404, 'Not found', 'There is no such monitor.');
  const range = {
    organisation,
    monitor: monitor.id,
    fromMs: Math.max(query.from, query.to - longestRangeMs),
    toMs: query.to,
  };
  const filter = { status: 'all', severity: '', site: '', rule: monitor.id, text: '', limit: 50, cursor: '' } as const;
  const [history, results, response, incidents] = await Promise.all([
    readMonitorHistory(deps.store, { organisation, nowMs: deps.clock.now(), monitor: monitor.id }, { signal }),
    readMonitorResults(deps.store, { ...range, limit: resultsShown }, { signal }),
    readResponseTimes(deps.store, { ...range, everyMs: monitor.everyMs }, { signal }),
    deps.control.respond.incidents.list(organisation, filter),
  ]);
  const admin = caller.role === 'admin' || caller.role === 'owner';
  const neverCalled = monitor.word !== null && monitor.lastCheckedAt === null && monitor.startedAt === null;
  return {
    monitor: summary(monitor),
    edit: admin ? editable(monitor) : null,
    address: admin ? addressOf(deps, monitor.word) : null,
    startedAt: monitor.startedAt,
    nextAt: monitor.enabled && !neverCalled ? monitor.nextRunAt : null,
    history: history.get(monitor.id) ?? null,
    results: results.map((result) => ({ ...result })),
    response,
    incidents: incidents.ok
      ? incidents.value.incidents.map(({ number, title, status, severity, openedAt, resolvedAt }) => ({
          number,
          title,
          status,
          severity,
          openedAt,
          resolvedAt,
        }))
      : [],
  };
});

/** The list, one monitor, and what people change of them. */
export const monitorRoutes: readonly Route[] = [
  answer(listMonitors, async (_, { deps, caller }) => {
    const monitors = await deps.control.monitors.list(caller.organisation);
    return { at: deps.clock.now(), monitors: monitors.map(summary) };
  }),

  answerRead(listMonitorHistory, async (_, { deps, caller, signal }) => {
    const nowMs = deps.clock.now();
    const history = await readMonitorHistory(deps.store, { organisation: caller.organisation, nowMs }, { signal });
    return { at: nowMs, history: Object.fromEntries(history) };
  }),

  answer(checkNow, async ({ body }, { deps, caller, audit, signal }) => {
    if (!deps.monitors) return refuse(503, 'Not here', 'This server runs no checks.');
    const kept = body.id === '' ? undefined : await deps.control.monitors.find(caller.organisation, body.id);
    const monitor = checked(body.type, { ...checkedOnly, settings: body.settings }, kept?.settings, deps.clock.now());
    if (isRefusal(monitor)) return monitor;
    if (monitor.lateAfterMs !== null)
      return refuse(422, 'Nothing to run', 'A heartbeat is called by its job; nobody runs it.');
    await audit('monitor.check', targetOf(monitor).slice(0, 300));
    const result = await deps.monitors.checkNow(body.type, monitor.settings, body.timeoutMs, signal);
    if (!result) return refuse(429, 'Too many at a time', 'Other checks are being tried. Try again in some seconds.');
    return { up: result.up, message: result.message, durationMs: result.durationMs, details: { ...result.details } };
  }),

  show,

  answer(createMonitor, async ({ body }, { deps, caller, audit }) => {
    const { type, ...rest } = body;
    const monitor = checked(type, rest, undefined, deps.clock.now());
    if (isRefusal(monitor)) return monitor;
    const made = await deps.control.monitors.create(caller.organisation, monitor, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('monitor.create', subjectOf(made.value), `${type} ${targetOf(made.value)}`);
    deps.monitors?.wake();
    return { id: made.value.id, address: addressOf(deps, made.value.word) };
  }),

  answer(updateMonitor, async ({ params, body }, { deps, caller, audit }) => {
    const kept = await deps.control.monitors.find(caller.organisation, params.id);
    if (!kept) return refuse(404, 'Not found', 'There is no such monitor.');
    const monitor = checked(kept.type, body, kept.settings, deps.clock.now());
    if (isRefusal(monitor)) return monitor;
    const changed = await deps.control.monitors.update(caller.organisation, params.id, monitor, caller.actor);
    if (!changed.ok) return refusal(changed.error);
    await audit('monitor.update', subjectOf(changed.value), targetOf(changed.value));
    deps.monitors?.wake();
    return doneReply;
  }),

  answer(pauseMonitor, async ({ params, body }, { deps, caller, audit }) => {
    const { monitors } = deps.control;
    const kept = await monitors.find(caller.organisation, params.id);
    if (!kept) return refuse(404, 'Not found', 'There is no such monitor.');
    const late = lateAfterMs(kept.type, kept.settings, kept.everyMs, deps.clock.now());
    const changed = await monitors.enable(caller.organisation, params.id, !body.paused, late, caller.actor);
    if (!changed.ok) return refusal(changed.error);
    await audit(body.paused ? 'monitor.pause' : 'monitor.resume', subjectOf(changed.value));
    deps.monitors?.wake();
    return doneReply;
  }),

  answer(removeMonitor, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.monitors.remove(caller.organisation, params.id, caller.actor);
    if (!removed.ok) return refusal(removed.error);
    await audit('monitor.remove', subjectOf(removed.value), removed.value.id);
    deps.monitors?.wake();
    return doneReply;
  }),
];

/** What a check that is only tried does not say. */
const checkedOnly = {
  name: 'now',
  site: '',
  runsOn: 'server',
  everyMs: 60_000,
  timeoutMs: 10_000,
  retries: 0,
  severity: 'low',
  policy: '',
  runbook: '',
  enabled: true,
} as const;
