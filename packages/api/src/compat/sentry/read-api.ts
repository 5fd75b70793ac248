import { shortIssueId, type IssueChange } from '@sightline/contract';
import { listEvents, listIssues, searchLogs, type IssueRow, type ReadScope, type StatusFilter } from '@sightline/query';
import { z } from 'zod';
import { searchFault } from '../../store-fault.ts';
import type { ApiDeps } from '../../route.ts';
import type { SentryCaller } from './caller.ts';
import { SentryFault } from './fault.ts';

/** What is read of an organisation by Sentry's API: its issues, events and logs, as `sentry-cli issues|events|logs` ask for them. */
export interface SentryRead {
  readonly caller: SentryCaller;
  readonly query: unknown;
}

/** `next` is the cursor of the next page, '' on the last; undefined where the answer has no pages. */
export interface SentryPage {
  readonly json: unknown;
  readonly next?: string;
}

const dayMs = 86_400_000;
/** As long as errors and, in the engine, logs are looked back at when nobody says how far. */
const keptDays = 90;
const pageRows = 100;
const changedAtMost = 1000;

const text = z.string().max(4000).default('');
const issuesAsked = z.object({ query: text, cursor: text });
const eventsAsked = z.object({ cursor: text });
const period = z
  .string()
  .regex(/^\d{1,4}[mhdw]$/, 'expected a time such as 24h or 14d')
  .default(`${keptDays}d`);
const logsAsked = z.object({
  dataset: z.string().default(''),
  query: text,
  per_page: z.coerce.number().int().min(1).max(1000).default(pageRows),
  statsPeriod: period,
});

const periodMs = { m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs };

/** All that a caller sees of the last 90 days, or of `lastMs`. */
export function scopeOf(caller: SentryCaller, nowMs: number, lastMs = keptDays * dayMs): ReadScope {
  const range = { fromMs: nowMs - lastMs, toMs: nowMs + 60_000 };
  return {
    organisation: caller.organisation.id,
    ...range,
    environment: '',
    site: '',
    service: '',
    boundTo: caller.keySite,
  };
}

const badQuery = (error: z.ZodError): SentryFault => {
  const [issue] = error.issues;
  return new SentryFault(400, `${issue?.path.join('.') ?? 'the query'}: ${issue?.message ?? 'not as expected'}`);
};
const badCursor = (): SentryFault => new SentryFault(400, 'The cursor is not one that a page before answered.');

/** Issues of the last 90 days, those seen last first. `query` is ours and understands Sentry's `is:`, `assigned:` and `level:`. */
export async function readIssues(deps: ApiDeps, { caller, query }: SentryRead): Promise<SentryPage | SentryFault> {
  const asked = issuesAsked.safeParse(query);
  if (!asked.success) return badQuery(asked.error);
  const found = await findIssues(deps, caller, { q: asked.data.query, cursor: asked.data.cursor, limit: pageRows });
  return found instanceof SentryFault ? found : { json: found.issues.map(issueJson), next: found.next };
}

async function findIssues(
  { control, store, clock }: ApiDeps,
  caller: SentryCaller,
  asked: { readonly q: string; readonly cursor: string; readonly limit: number; readonly status?: StatusFilter },
): Promise<{ readonly issues: readonly IssueRow[]; readonly next: string } | SentryFault> {
  const organisation = caller.organisation.id;
  const [decisions, merges] = await Promise.all([
    control.issueStates.list(organisation),
    control.issues.merges.list(organisation),
  ]);
  const nowMs = clock.now();
  const found = await listIssues(store, {
    scope: scopeOf(caller, nowMs),
    status: 'all',
    sort: 'last-seen',
    decisions,
    merged: new Map(merges.map(({ issue, into }) => [issue, into])),
    me: '',
    nowMs,
    ...asked,
  });
  if (found.ok) return found.value;
  return found.error.kind === 'cursor'
    ? badCursor()
    : new SentryFault(400, searchFault(found.error.error).problem.detail);
}

/** Sentry's clients read an issue's id as a number of 64 bits; ours is that number in hexadecimal. */
function issueJson(row: IssueRow): Record<string, unknown> {
  return {
    id: BigInt(`0x${row.issue}`).toString(),
    shortId: shortIssueId(row.issue),
    title: titleOf(row),
    culprit: row.culprit,
    level: levelOf(row.severity),
    status: row.status === 'resolved' || row.status === 'ignored' ? row.status : 'unresolved',
    platform: row.platform,
    type: 'error',
    count: String(row.eventsTotal),
    userCount: row.users,
    firstSeen: new Date(row.firstSeenAt).toISOString(),
    lastSeen: new Date(row.lastSeenAt).toISOString(),
    assignedTo: row.assignee === '' ? null : { name: row.assignee },
    metadata: { type: row.type, value: row.message },
  };
}

const titleOf = ({ type, message }: { readonly type: string; readonly message: string }): string =>
  type === '' || type === 'Message' || message === '' ? message || type : `${type}: ${message}`;

/** Sentry's word for a severity. */
const levelOf = (severity: string): string => ({ warn: 'warning', trace: 'debug', '': 'info' })[severity] ?? severity;

const issuesChange = z.object({
  status: z.enum(['resolved', 'unresolved', 'ignored', 'muted'], 'expected resolved, unresolved, ignored or muted'),
  /** Minutes. */
  snoozeDuration: z.number().int().min(1).max(5_256_000).nullish(),
});
const decimalId = z.string().regex(/^\d{1,20}$/, 'expected an issue by its number');
const issuesMeant = z.object({
  id: z.union([decimalId.transform((id) => [id]), z.array(decimalId).max(changedAtMost)]).optional(),
  status: z.enum(['resolved', 'unresolved', 'ignored', 'muted']).optional(),
});

/**
 * Resolves, reopens or archives issues by their ids, by state, or all: `sentry-cli issues resolve|mute|unresolve`. At most 1,000, those seen last.
 * `changed` tells which, for the audit trail.
 */
export async function changeIssues(
  deps: ApiDeps,
  { caller, query, body }: SentryRead & { readonly body: unknown },
): Promise<{ readonly json: unknown; readonly changed: readonly string[] } | SentryFault> {
  const [meant, read] = [issuesMeant.safeParse(query), issuesChange.safeParse(body)];
  if (!meant.success) return badQuery(meant.error);
  if (!read.success) return badQuery(read.error);
  if (caller.keySite !== '')
    return new SentryFault(
      403,
      `The key "${caller.keyName}" is bound to ${caller.keySite}; issues are changed for all.`,
    );
  const status = stateOf(read.data.status);
  const snoozed = status === 'ignored' ? (read.data.snoozeDuration ?? undefined) : undefined;
  const change: IssueChange =
    snoozed === undefined
      ? { status, ...(status === 'resolved' ? { resolution: 'now' as const } : {}) }
      : { status, ignoredUntil: 'time', ignoredLimit: deps.clock.now() + snoozed * 60_000 };
  const filter = meant.data.status === undefined ? 'all' : stateOf(meant.data.status);
  const wanted = meant.data.id && [...new Set(meant.data.id.map((id) => BigInt(id).toString(16).padStart(16, '0')))];
  const issues: IssueRow[] = [];
  for (const q of wanted === undefined ? [''] : searchesFor(wanted)) {
    const found = await findIssues(deps, caller, {
      q,
      cursor: '',
      limit: changedAtMost,
      status: filter === 'unresolved' ? 'open' : filter,
    });
    if (found instanceof SentryFault) return found;
    issues.push(...found.issues);
  }
  const missing = wanted?.find((id) => !issues.some(({ issue }) => issue === id));
  if (missing !== undefined)
    return new SentryFault(404, `There is no issue ${BigInt(`0x${missing}`)} of the last ${keptDays} days.`);
  for (const { issue } of issues)
    await deps.control.issueStates.change(caller.organisation.id, issue, change, caller.keyName);
  return { json: { status }, changed: issues.map(({ issue }) => issue) };
}

/** A search has a bound of terms. */
const issuesPerSearch = 50;

/** Searches that find these issues and no others. */
function searchesFor(issues: readonly string[]): string[] {
  return Array.from({ length: Math.ceil(issues.length / issuesPerSearch) }, (_, at) =>
    issues
      .slice(at * issuesPerSearch, (at + 1) * issuesPerSearch)
      .map((issue) => `issue:${issue}`)
      .join(' OR '),
  );
}

const stateOf = (status: 'resolved' | 'unresolved' | 'ignored' | 'muted'): 'resolved' | 'unresolved' | 'ignored' =>
  status === 'muted' ? 'ignored' : status;

/** Errors of a project of the last 90 days, newest first. */
export async function readEvents(
  { store, clock }: ApiDeps,
  { caller, query, project }: SentryRead & { readonly project: number },
): Promise<SentryPage | SentryFault> {
  const asked = eventsAsked.safeParse(query);
  if (!asked.success) return badQuery(asked.error);
  const scope = scopeOf(caller, clock.now());
  const found = await listEvents(store, { scope, project, limit: pageRows, cursor: asked.data.cursor });
  if (!found) return badCursor();
  const json = found.events.map(({ eventId, tsNs, type, message, user, tags }) => ({
    id: eventId,
    eventID: eventId,
    dateCreated: dateOf(tsNs),
    title: titleOf({ type, message }),
    message,
    'event.type': 'error',
    projectID: String(project),
    user: user === '' ? null : { id: user },
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  }));
  return { json, next: found.next };
}

/** What Sentry's "events" of an organisation are asked for; logs alone have such an answer here. */
export async function readLogs(
  { store, clock }: ApiDeps,
  { caller, query }: SentryRead,
): Promise<SentryPage | SentryFault> {
  const asked = logsAsked.safeParse(query);
  if (!asked.success) return badQuery(asked.error);
  const { dataset, query: q, per_page: limit, statsPeriod } = asked.data;
  if (dataset !== 'logs' && dataset !== 'ourlogs')
    return new SentryFault(400, `dataset: expected logs, got "${dataset.slice(0, 50)}"; errors are listed by project.`);
  const lastMs = Number.parseInt(statsPeriod, 10) * periodMs[statsPeriod.at(-1) as keyof typeof periodMs];
  const scope = scopeOf(caller, clock.now(), lastMs);
  const found = await searchLogs(store, { ...scope, q, order: 'newest', limit, cursor: '' });
  if (!found.ok) return new SentryFault(400, searchFault(found.error).problem.detail);
  const data = found.value.rows.map(({ id, tsNs, severity, body, traceId }) => ({
    'sentry.item_id': id,
    trace: traceId === '' ? null : traceId,
    severity: levelOf(severity),
    timestamp: dateOf(tsNs),
    message: body,
  }));
  return { json: { data, meta: { fields: {} } } };
}

const dateOf = (ns: string): string => new Date(Number(BigInt(ns) / 1_000_000n)).toISOString();
