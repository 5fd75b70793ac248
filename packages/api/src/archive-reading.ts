import { LruCache } from '@sightline/base';
import {
  archivedPart,
  archiveReach,
  mayMatch,
  parseSearch,
  restoredReach,
  type FromArchive,
  type LogReach,
  type ReadScope,
  type ReachedSoFar,
} from '@sightline/query';
import { ApiFault } from './compat/prometheus/fault.ts';
import { QueryGate } from './compat/prometheus/gate.ts';
import { type ApiDeps, type CallContext, type ProblemReply, refuse } from './route.ts';

/** Of archived files, that one call reads before it answers how far it came. */
const budgetBytes = 1024 * 1024 * 1024;
/** No new stretch is begun after this. */
const callMs = 8000;
const statementLimits = {
  timeoutMs: 30_000,
  memoryBytes: 1_000_000_000,
  threads: 2,
  settings: { max_bytes_before_external_sort: 300_000_000, max_bytes_before_external_group_by: 300_000_000 },
};
/** As `callMs`, of an API whose clients cannot go on where a call ended. */
const wholeAnswerMs = 40_000;
/** With the waiting for a turn. */
const wholeCallMs = 60_000;
const usualBytesPerMs = 50_000;
const hourMs = 3_600_000;
/** Every class stays in the engine for a day at least. */
const recentMs = 23 * hourMs;

/** What this process knows of its reads of the archive: who has his turn, how fast they are, and which are in the audit trail. */
class ArchiveReads {
  /** The engine has few sessions, and loads need them too. */
  readonly server = new QueryGate({ running: 2, waiting: 40 });
  readonly organisation = new QueryGate({ running: 2, waiting: 20 });
  readonly audited: LruCache<string, true>;
  bytesPerMs = usualBytesPerMs;

  constructor({ clock }: ApiDeps) {
    this.audited = new LruCache(10_000, hourMs, clock);
  }
}

const known = new WeakMap<ApiDeps, ArchiveReads>();
function readsOf(deps: ApiDeps): ArchiveReads {
  const reads = known.get(deps) ?? new ArchiveReads(deps);
  known.set(deps, reads);
  return reads;
}

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
  const { files, hotFromMs, firstDay, lastDay } = await archivedPart(parts, question.fromMs, question.toMs);
  const days = [...new Set(files.map((file) => file.day))].toSorted();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return {
    hotFrom: hotFromMs,
    days: days.length,
    files: files.length,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes,
    estimatedMs: Math.ceil(bytes / readsOf(deps).bytesPerMs + files.length),
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
  const reads = readsOf(deps);
  await noteSearch(question, context, reads);
  const run = { gone: signal, limitMs: wholeCallMs };
  const found = await reads.organisation.run(question.organisation, run, (own) =>
    reads.server.run('', { ...run, gone: own }, async (turn) => {
      const startMs = deps.clock.now();
      const reach = await reachOf(question, deps, startMs);
      const answer = await read({ ...question, reach }, turn);
      learn(reads, 'reached' in answer ? answer.reached : undefined, deps.clock.now() - startMs);
      return answer;
    }),
  );
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
  const { files } = await archivedPart(parts, question.fromMs, question.toMs);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > mostBytes)
    return refuse(
      422,
      'Too much of the archive',
      `This range holds ${Math.ceil(bytes / 1e6)} MB of archived files, and an export reads ${Math.ceil(mostBytes / 1e6)} MB. Shorten it, name a site or a class, or take whole days with npm run archive -- export.`,
    );
  await noteSearch(question, context, readsOf(deps));
  const untilMs = deps.clock.now() + mostMs;
  return archiveReach(parts, {
    budgetBytes: mostBytes,
    mayGoOn: () => deps.clock.now() < untilMs,
    limits: { ...statementLimits, timeoutMs: 10 * 60_000, threads: 1 },
  });
}

/** Notes who asked for what, once an hour for the same. */
async function note(
  { organisation, actor, text, fromMs, toMs }: FarQuestion,
  { audited }: ArchiveReads,
  audit: (subject: string) => Promise<void>,
): Promise<void> {
  const key = JSON.stringify([organisation, actor.name, text, fromMs, toMs]);
  if (audited.get(key)) return;
  audited.set(key, true);
  const iso = (ms: number): string => new Date(ms).toISOString();
  await audit(`${iso(fromMs)} to ${iso(toMs)}`);
}

function noteSearch(question: Question, { caller, audit }: CallContext, reads: ArchiveReads): Promise<void> {
  const { q, site, service, environment } = question;
  const scope = [
    site && `site ${site}`,
    service && `service ${service}`,
    environment && `environment ${environment}`,
    q && `search ${q.slice(0, 300)}`,
  ];
  const text = scope.filter((part) => part !== '').join(', ');
  const actor = { name: caller.actor, address: caller.address };
  return note({ ...question, organisation: caller.organisation, actor, text }, reads, (subject) =>
    audit('archive.search', subject, text),
  );
}

/** What a client asks through an API that knows of no archive: a read of a time range. */
export interface FarQuestion {
  readonly organisation: string;
  readonly actor: { readonly name: string; readonly address: string };
  readonly fromMs: number;
  readonly toMs: number;
  /** As the audit trail shows it. */
  readonly text: string;
}

/** How far such a read reaches. */
export interface Far {
  readonly reach: LogReach | undefined;
  /** What of the archive lies in the range; undefined where none of it is read. */
  readonly cost: { readonly days: number; readonly files: number; readonly bytes: number } | undefined;
  /** Why an archive is not read, where there is one. */
  readonly unread: string | undefined;
}

/**
 * Runs a read of an API of another product. It reaches into the archive where its range does and the client did not ask to leave that out
 * (`archive=off`): noted in the audit trail, in turn with the page's own searches, and refused where the archive does not answer.
 */
export async function readingFar<T>(
  question: FarQuestion & { readonly site: string; readonly siteFits?: (site: string) => boolean },
  { deps, signal, off }: { readonly deps: ApiDeps; readonly signal: AbortSignal; readonly off: boolean },
  read: (far: Far, signal: AbortSignal) => Promise<T>,
): Promise<T | ApiFault> {
  const { organisation, fromMs, toMs, site, siteFits = () => true } = question;
  const hotOnly: Far = { reach: undefined, cost: undefined, unread: undefined };
  if (fromMs >= deps.clock.now() - recentMs) return read(hotOnly, signal);
  if (!deps.archive) return read(off ? hotOnly : { ...hotOnly, unread: deps.archiveUnread }, signal);
  const found = off ? undefined : await archiveOf({ ...question, site, siteFits }, deps);
  if (found instanceof ApiFault) return found;
  if (!found || found.files.length === 0) {
    const reach = await restoredIn({ organisation, fromMs, toMs, site: '', service: '', environment: '' }, { deps });
    return read({ ...hotOnly, reach }, signal);
  }
  const reads = readsOf(deps);
  await note(question, reads, async (subject) => {
    await deps.control.audit.append(organisation, question.actor, {
      action: 'archive.search',
      subject,
      detail: question.text,
    });
  });
  const { files, parts } = found;
  const cost = {
    days: new Set(files.map(({ day }) => day)).size,
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const run = { gone: signal, limitMs: wholeCallMs };
  return reads.organisation.run(organisation, run, async (own) => {
    const answered = await reads.server.run('', { ...run, gone: own }, (turn) => {
      const startMs = deps.clock.now();
      const mayGoOn = (): boolean => deps.clock.now() < startMs + wholeAnswerMs;
      const reach = archiveReach(parts, { budgetBytes, mayGoOn, limits: { ...statementLimits, signal: turn } });
      return read({ ...hotOnly, reach, cost }, turn);
    });
    return answered as T;
  });
}

/** The part of the archive that a question may have to read, or a fault where the archive does not answer. */
async function archiveOf(
  { organisation, fromMs, toMs, site, siteFits }: FarQuestion & { site: string; siteFits: (site: string) => boolean },
  deps: ApiDeps,
) {
  if (!deps.archive) return undefined;
  const parts = {
    archive: deps.archive.logs,
    organisation,
    nowMs: deps.clock.now(),
    hot: await deps.archive.hotDays(organisation),
    mayHold: (file: { readonly site: string | null }): boolean =>
      file.site === null || ((site === '' || file.site === site) && siteFits(file.site)),
  };
  try {
    return { parts, files: (await archivedPart(parts, fromMs, toMs)).files };
  } catch (error) {
    deps.logger.warn('the archive does not answer', { error });
    return new ApiFault('unavailable', 'the archive does not answer; ask with archive=off for what the engine holds');
  }
}

/** What was read of the archive, what of it could not be, and what was left out, for clients that show warnings. */
export function archiveWarnings(
  { cost, unread }: Far,
  { bytes, missing, done = true }: FromArchive & { readonly done?: boolean },
): string[] {
  const mb = (of: number): string => `${(of / 1e6).toFixed(1)} MB`;
  return [
    ...(unread === undefined ? [] : [unread]),
    ...(cost && bytes > 0
      ? [
          `read ${mb(bytes)} of the archive (${cost.files} files, ${mb(cost.bytes)}, of ${cost.days} days lie in this range)`,
        ]
      : []),
    ...(done ? [] : ['the search ended before its range: what a call may read of the archive is bounded; shorten it']),
    ...missing.slice(0, 10),
  ];
}

/** Whether a client asks for the engine alone: `archive=off`, or the header `X-Sightline-Archive: off`. */
export const leavesArchiveOut = (parameter: string, header: string | readonly string[] | undefined): boolean =>
  [parameter, String(header ?? '')].some((text) => ['off', 'false', '0'].includes(text.trim().toLowerCase()));

/** The reach of a read that leaves the archive alone: what was restored is found like all the rest. Undefined where nothing was. */
export async function restoredIn(
  { organisation, fromMs }: ReadScope,
  { deps }: Pick<CallContext, 'deps'>,
): Promise<LogReach | undefined> {
  if (!deps.archive || fromMs >= deps.clock.now() - recentMs) return undefined;
  const restored = await deps.archive.restored(organisation);
  if (restored.length === 0) return undefined;
  return restoredReach({ restored, nowMs: deps.clock.now(), hot: await deps.archive.hotDays(organisation) });
}

/** Later estimates lean on how fast this read was, where it was long enough to tell. */
function learn(reads: ArchiveReads, reached: ReachedSoFar | undefined, tookMs: number): void {
  if (!reached || reached.archivedBytes < 1_000_000 || tookMs <= 0) return;
  reads.bytesPerMs = Math.min(
    1_000_000,
    Math.max(1000, 0.7 * reads.bytesPerMs + (0.3 * reached.archivedBytes) / tookMs),
  );
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
