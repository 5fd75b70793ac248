import {
  archivedPart,
  archiveReach,
  mayMatch,
  parseSearch,
  restoredReach,
  type LogReach,
  type ReachedSoFar,
  type ReadScope,
} from '@sightline/query';
import { ApiFault } from '../compat/prometheus/fault.ts';
import { type ApiDeps, type CallContext, type ProblemReply, refuse } from '../route.ts';
import { budgetBytes, isRecent, sizeOf, statementLimits, turnsOf } from './turns.ts';

/** No new stretch is begun after this. */
const callMs = 8000;

type Question = ReadScope & { readonly q: string };

async function partsOf(
  { q, site, organisation }: Pick<Question, 'q' | 'site' | 'organisation'>,
  deps: ApiDeps,
  archive: NonNullable<ApiDeps['archive']>,
) {
  const search = parseSearch(q);
  const may = (column: string, value: string): boolean => !search.ok || mayMatch(search.value, column, value);
  return {
    archive: archive.logs,
    organisation,
    nowMs: deps.clock.now(),
    hot: await archive.hotDays(organisation),
    mayHold: (file: { readonly site: string | null; readonly class: string }): boolean =>
      may('class', file.class) &&
      (file.site === null || ((site === '' || file.site === site) && may('site', file.site))),
  };
}

export interface ArchiveCost {
  readonly hotFrom: number;
  readonly days: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  readonly estimatedMs: number;
  readonly firstDay: string;
  readonly lastDay: string;
  readonly fromDay: string;
  readonly toDay: string;
}

/** What a search would read from the archive; undefined where there is none to read. */
export async function costOf(
  question: Question,
  { deps }: Pick<CallContext, 'deps'>,
): Promise<ArchiveCost | undefined> {
  if (!deps.archive) return undefined;
  const parts = await partsOf(question, deps, deps.archive);
  const { files: found, hotFromMs, firstDay, lastDay } = await archivedPart(parts, question.fromMs, question.toMs);
  const { days, files, rows, bytes } = sizeOf(found);
  return {
    hotFrom: hotFromMs,
    days: days.length,
    files,
    rows,
    bytes,
    estimatedMs: turnsOf(deps).estimateMs(files, bytes),
    firstDay,
    lastDay,
    fromDay: days[0] ?? '',
    toDay: days.at(-1) ?? '',
  };
}

/**
 * Runs a read that goes into the archive: noted in the audit trail once an hour for the same question, two at a time, under time limits. What `read` answers is returned; a refusal where there is no archive or no turn.
 */
export async function readingArchive<T extends { readonly reached?: ReachedSoFar }>(
  question: Question,
  context: CallContext,
  read: (scope: Question, signal: AbortSignal) => Promise<T | ProblemReply>,
): Promise<T | ProblemReply> {
  const { deps, signal } = context;
  if (!deps.archive) return noArchive(deps);
  const turns = turnsOf(deps);
  await noteSearch(question, context);
  const found = await turns.run(question.organisation, signal, async (turn) => {
    const startMs = deps.clock.now();
    const reach = await reachOf(question, deps, startMs);
    const answer = await read({ ...question, reach }, turn);
    turns.learn('reached' in answer ? answer.reached : undefined, deps.clock.now() - startMs);
    return answer;
  });
  if (!(found instanceof ApiFault)) return found;
  return found.kind === 'too_many_requests'
    ? refuse(503, 'Too many searches of the archive', 'Let another one end and try again.', {
        headers: { 'retry-after': '10' },
      })
    : refuse(503, 'The archive took too long', 'Narrow the time range, or name a site.', {
        headers: { 'retry-after': '10' },
      });
}

/** The refusal where there is no archive to read, with the reason. */
export const noArchive = ({ archiveUnread }: Pick<ApiDeps, 'archiveUnread'>): ProblemReply =>
  refuse(
    409,
    'No archive to search',
    archiveUnread ?? 'This server has no archive. Start it with --archive and the embedded engine.',
  );

async function reachOf(question: Question, deps: ApiDeps, startMs: number): Promise<LogReach | undefined> {
  if (!deps.archive) return undefined;
  return archiveReach(await partsOf(question, deps, deps.archive), {
    budgetBytes,
    mayGoOn: () => deps.clock.now() < startMs + callMs,
    limits: statementLimits,
  });
}

/**
 * How far an export reaches that goes into the archive, noted in the audit trail; a refusal where there is none, or where its range holds more
 * than an export reads.
 */
export async function exportReach(
  question: Question,
  context: CallContext,
  { mostBytes, mostMs }: { readonly mostBytes: number; readonly mostMs: number },
): Promise<LogReach | ProblemReply> {
  const { deps } = context;
  if (!deps.archive) return noArchive(deps);
  const parts = await partsOf(question, deps, deps.archive);
  const { bytes } = sizeOf((await archivedPart(parts, question.fromMs, question.toMs)).files);
  if (bytes > mostBytes)
    return refuse(
      422,
      'Too much of the archive',
      `This range holds ${Math.ceil(bytes / 1e6)} MB of archived files, and an export reads ${Math.ceil(mostBytes / 1e6)} MB. Shorten it, name a site or a class, or take whole days with npm run archive -- export.`,
    );
  await noteSearch(question, context);
  const untilMs = deps.clock.now() + mostMs;
  return archiveReach(parts, {
    budgetBytes: mostBytes,
    mayGoOn: () => deps.clock.now() < untilMs,
    limits: { ...statementLimits, timeoutMs: 10 * 60_000, threads: 1 },
  });
}

function noteSearch(question: Question, { caller, audit, deps }: CallContext): Promise<void> {
  const { q, site, service, environment } = question;
  const scope = [
    site && `site ${site}`,
    service && `service ${service}`,
    environment && `environment ${environment}`,
    q && `search ${q.slice(0, 300)}`,
  ];
  const text = scope.filter((part) => part !== '').join(', ');
  const actor = { name: caller.actor, address: caller.address };
  return turnsOf(deps).note({ ...question, organisation: caller.organisation, actor, text }, (subject) =>
    audit('archive.search', subject, text),
  );
}

/** The reach of a read that leaves the archive alone: what was restored is found like all the rest. Undefined where nothing was. */
export async function restoredIn(
  { organisation, fromMs }: ReadScope,
  { deps }: Pick<CallContext, 'deps'>,
): Promise<LogReach | undefined> {
  if (!deps.archive || isRecent(fromMs, deps)) return undefined;
  const restored = await deps.archive.restored(organisation);
  if (restored.length === 0) return undefined;
  return restoredReach({ restored, nowMs: deps.clock.now(), hot: await deps.archive.hotDays(organisation) });
}

/** An answer as the contract shows how far it came. */
export function withReach<T extends { readonly reached?: ReachedSoFar }>({
  reached,
  ...answer
}: T): Omit<T, 'reached'> & { reached?: { at: number; done: boolean; bytes: number; missing: string[] } } {
  if (!reached) return answer;
  const { reachedNs, done, archivedBytes, missing } = reached;
  const at = Number(reachedNs / 1_000_000n);
  return { ...answer, reached: { at, done, bytes: archivedBytes, missing: missing.slice(0, 10) } };
}
