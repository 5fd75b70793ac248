import type { Control } from '@sightline/control';
import { archivedPart, archiveReach, type FromArchive, type LogReach } from '@sightline/query';
import { ApiFault } from '../compat/prometheus/fault.ts';
import type { ApiDeps } from '../route.ts';
import { restoredIn } from './page-reads.ts';
import { type ArchiveQuestion, budgetBytes, isRecent, sizeOf, statementLimits, turnsOf } from './turns.ts';

/** No new stretch is begun after this: clients of these APIs cannot go on where a call ended. */
const wholeAnswerMs = 40_000;

/** A read through an API that knows of no archive. */
export interface FarQuestion extends ArchiveQuestion {
  /** '' for any. */
  readonly site: string;
  /** Whether records of a site may be what is asked for. */
  readonly siteFits?: (site: string) => boolean;
}

/** How far such a read reaches. */
export interface Far {
  readonly reach: LogReach | undefined;
  /** What of the archive lies in the range; undefined where none of it is read. */
  readonly cost: { readonly days: number; readonly files: number; readonly bytes: number } | undefined;
  /** Why an archive is not read, where there is one. */
  readonly unread: string | undefined;
}

/** What a call says about the archive: read it, leave it out, or nothing. */
export type ArchiveAsked = 'on' | 'off' | undefined;

/** What a client asks for: `archive=off` or `on`, or the header `X-Sightline-Archive`. */
export function archiveAsked(parameter: string, header: string | readonly string[] | undefined): ArchiveAsked {
  const texts = [parameter, String(header ?? '')].map((text) => text.trim().toLowerCase());
  if (texts.some((text) => ['off', 'false', '0'].includes(text))) return 'off';
  return texts.some((text) => ['on', 'true', '1'].includes(text)) ? 'on' : undefined;
}

/** What an organisation has decided for questions that say nothing themselves. */
export type FarQuestions = 'reach' | 'stay';
const setting = 'archive.far-questions';

export async function farQuestions(
  { settings }: Pick<Control, 'settings'>,
  organisation: string,
): Promise<FarQuestions> {
  return (await settings.get(organisation, setting)) === 'stay' ? 'stay' : 'reach';
}
export const setFarQuestions = (
  { settings }: Pick<Control, 'settings'>,
  organisation: string,
  value: FarQuestions,
): Promise<void> => settings.set(organisation, setting, value);

/**
 * Runs a read of an API of another product. It reaches into the archive where its range does and neither the client (`archive=off`) nor, where
 * the client says nothing, the organisation leaves that out: noted in the audit trail, in turn with the page's own searches, and refused where
 * the archive does not answer.
 */
export async function readingFar<T>(
  question: FarQuestion,
  { deps, signal, asked }: { readonly deps: ApiDeps; readonly signal: AbortSignal; readonly asked: ArchiveAsked },
  read: (far: Far, signal: AbortSignal) => Promise<T>,
): Promise<T | ApiFault> {
  const { organisation, fromMs, toMs } = question;
  const hotOnly: Far = { reach: undefined, cost: undefined, unread: undefined };
  if (isRecent(fromMs, deps)) return read(hotOnly, signal);
  if (!deps.archive) return read(asked === 'off' ? hotOnly : { ...hotOnly, unread: deps.archiveUnread }, signal);
  const found = asked === 'off' ? undefined : await archiveOf(question, deps);
  if (found instanceof ApiFault) return found;
  const none = !found || found.files.length === 0;
  const stays = !none && asked === undefined && (await farQuestions(deps.control, organisation)) === 'stay';
  if (none || stays) {
    const reach = await restoredIn({ organisation, fromMs, toMs, site: '', service: '', environment: '' }, { deps });
    return read({ ...hotOnly, reach, unread: stays ? stayed(found.files) : undefined }, signal);
  }
  const turns = turnsOf(deps);
  await turns.note(question, async (subject) => {
    await deps.control.audit.append(organisation, question.actor, {
      action: 'archive.search',
      subject,
      detail: question.text,
    });
  });
  const { files, parts } = found;
  const { days, ...size } = sizeOf(files);
  return turns.run(organisation, signal, (turn) => {
    const startMs = deps.clock.now();
    const mayGoOn = (): boolean => deps.clock.now() < startMs + wholeAnswerMs;
    const reach = archiveReach(parts, { budgetBytes, mayGoOn, limits: { ...statementLimits, signal: turn } });
    return read({ ...hotOnly, reach, cost: { ...size, days: days.length } }, turn);
  });
}

/** The part of the archive that a question may have to read, or a fault where the archive does not answer. */
async function archiveOf({ organisation, fromMs, toMs, site, siteFits = () => true }: FarQuestion, deps: ApiDeps) {
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

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const stayed = (files: Parameters<typeof sizeOf>[0]): string => {
  const { days, bytes } = sizeOf(files);
  return `${days.length} archived days (${mb(bytes)}) lie in this range and were not read: the organisation reads its archive where a call asks for it; ask with archive=on`;
};

/** What was read of the archive, what of it could not be, and what was left out, for clients that show warnings. */
export function archiveWarnings(
  { cost, unread }: Far,
  { bytes, missing, leftOut, done = true }: FromArchive & { readonly done?: boolean },
): string[] {
  return [
    ...(unread === undefined ? [] : [unread]),
    ...(cost && bytes > 0
      ? [
          `read ${mb(bytes)} of the archive (${cost.files} files, ${mb(cost.bytes)}, of ${cost.days} days lie in this range)`,
        ]
      : []),
    ...(leftOut
      ? [
          `the answer is of the time since ${new Date(leftOut.fromMs).toISOString()}: ${leftOut.files} older files of the archive (${mb(leftOut.bytes)}) are more than such a call reads; shorten the range, or name a site`,
        ]
      : []),
    ...(done ? [] : ['the search ended before its range: what a call may read of the archive is bounded; shorten it']),
    ...missing.slice(0, 10),
  ];
}
