import {
  archiveCost,
  archiveRecordParams,
  archiveRecordPath,
  checkArchive,
  type ArchiveRestore,
  endArchiveRestore,
  getArchiveReading,
  listArchivedDays,
  listArchivedFiles,
  listArchiveRecords,
  listArchiveRestores,
  restoreArchive,
  saveArchiveReading,
} from '@sightline/contract';
import type { ArchiveRestore as KeptRestore } from '@sightline/control';
import { farQuestions, setFarQuestions } from '../archive/far-reads.ts';
import { costOf, noArchive } from '../archive/page-reads.ts';
import { scopeOf } from '../read-scope.ts';
import { z } from 'zod';
import { refusal } from '../problem.ts';
import { answer, refuse, stream, type Route } from '../route.ts';

const filesAtMost = 5000;
const nothing = {
  hotFrom: 0,
  days: 0,
  files: 0,
  rows: 0,
  bytes: 0,
  estimatedMs: 0,
  firstDay: '',
  lastDay: '',
  fromDay: '',
  toDay: '',
};

const dayMs = 86_400_000;

function shown(
  {
    id,
    fromDay,
    toDay,
    site,
    class: kept,
    createdAt,
    createdBy,
    leavesAt,
    readyAt,
    goneAt,
    files,
    filesDone,
    rows,
    detail,
  }: KeptRestore,
  nowMs: number,
): ArchiveRestore {
  const state = goneAt !== null || leavesAt <= nowMs ? 'gone' : readyAt === null ? 'loading' : 'ready';
  return {
    id,
    fromDay,
    toDay,
    site,
    class: kept,
    createdAt,
    createdBy,
    leavesAt,
    state,
    files,
    filesDone,
    rows,
    detail,
  };
}

const named = ({ fromDay, toDay, site, class: kept }: KeptRestore): string =>
  [`${fromDay} to ${toDay}`, site, kept].filter((part) => part !== '').join(', ');

export const archiveRoutes: readonly Route[] = [
  answer(listArchivedDays, async ({ query: { from = '', to = '9999-12-31' } }, { deps, caller }) => {
    const days = (await deps.archive?.logs.days(caller.organisation)) ?? [];
    return {
      available: deps.archive !== undefined,
      days: days
        .filter(({ day }) => day >= from && day <= to)
        .map(({ firstMs, lastMs, ...held }) => ({ ...held, first: firstMs, last: lastMs })),
    };
  }),

  answer(listArchivedFiles, async ({ params }, { deps, caller }) => {
    const files = (await deps.archive?.logs.files(caller.organisation, params.day)) ?? [];
    return {
      files: files.slice(0, filesAtMost).map(({ path, class: kept, site, rows, bytes, firstMs, lastMs }) => ({
        path,
        class: kept,
        site,
        rows,
        bytes,
        first: firstMs,
        last: lastMs,
      })),
    };
  }),

  answer(listArchiveRecords, async ({ query }, { deps, caller }) => {
    const found = await deps.archiveRecords?.list(caller.organisation, query);
    return {
      available: found !== undefined,
      records: (found?.records ?? []).map(({ atMs, ...record }) => ({ ...record, at: atMs })),
      next: found?.next ?? null,
    };
  }),

  stream(
    {
      method: 'GET',
      path: archiveRecordPath,
      permission: 'admin',
      summary: 'One signed record of what was taken out of the archive: its text, its signature, or the public key',
      params: archiveRecordParams,
      query: z.object({ part: z.enum(['record', 'signature', 'key']).default('record') }),
    },
    async ({ params: { number }, query: { part } }, { deps, caller, audit }, reply) => {
      const found = await deps.archiveRecords?.file(caller.organisation, number);
      if (!deps.archiveRecords || !found)
        return refuse(404, 'No such record', `The archive of this organisation has no record ${number}.`);
      await audit('archive.record-export', `record ${number}`, part);
      const files = {
        record: { name: `record-${number}.json`, type: 'application/json', bytes: found.text },
        signature: { name: `record-${number}.sig`, type: 'application/octet-stream', bytes: found.signature },
        key: {
          name: 'public-key.pem',
          type: 'application/x-pem-file',
          bytes: Buffer.from(deps.archiveRecords.publicKeyPem),
        },
      };
      const { name, type, bytes } = files[part];
      await reply
        .type(type)
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('cache-control', 'no-store')
        .header('x-content-type-options', 'nosniff')
        .send(Buffer.from(bytes));
      return undefined;
    },
  ),

  answer(checkArchive, async ({ query: { from, through } }, { deps, caller, signal }) => {
    const proved = await deps.archive?.proofs?.prove(caller.organisation, from, through, signal);
    return {
      available: proved !== undefined,
      faults: [...(proved?.faults ?? [])],
      days: (proved?.days ?? []).map(({ day, at, faults }) => ({ day, at, faults: [...faults] })),
      unread: [...(proved?.unread ?? [])],
    };
  }),

  answer(archiveCost, async ({ query }, context) => {
    const cost = await costOf({ ...scopeOf(query, context), q: query.q }, context);
    return { available: cost !== undefined, ...(cost ?? nothing) };
  }),

  answer(getArchiveReading, async (_, { deps, caller }) => ({
    available: deps.archive !== undefined,
    farQuestions: await farQuestions(deps.control, caller.organisation),
  })),

  answer(saveArchiveReading, async ({ body }, { deps, caller, audit }) => {
    await setFarQuestions(deps.control, caller.organisation, body.farQuestions);
    await audit('archive.reading', 'questions of Loki and Elasticsearch', body.farQuestions);
    return body;
  }),

  answer(listArchiveRestores, async (_, { deps, caller }) => ({
    restores: (await deps.control.archiveRestores.list(caller.organisation)).map((one) => shown(one, deps.clock.now())),
  })),

  answer(restoreArchive, async ({ body }, { deps, caller, audit }) => {
    if (!deps.archive) return noArchive(deps);
    const { days, ...wanted } = body;
    const leavesAt = deps.clock.now() + days * dayMs;
    const added = await deps.control.archiveRestores.add(caller.organisation, { ...wanted, leavesAt }, caller.actor);
    if (!added.ok) return refusal(added.error);
    await audit('archive.restore', named(added.value), `for ${days} days`);
    return shown(added.value, deps.clock.now());
  }),

  answer(endArchiveRestore, async ({ params }, { deps, caller, audit }) => {
    const ended = await deps.control.archiveRestores.end(caller.organisation, params.id);
    if (!ended.ok) return refusal(ended.error);
    await audit('archive.restore-end', named(ended.value));
    return shown(ended.value, deps.clock.now());
  }),
];
