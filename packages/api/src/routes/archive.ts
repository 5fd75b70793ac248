import {
  archiveCost,
  archiveRecordParams,
  archiveRecordPath,
  checkArchive,
  checkToday,
  todayRecordsPath,
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
import type { ArchivedLogs } from '@sightline/store/port';
import { farQuestions, setFarQuestions } from '../archive/far-reads.ts';
import { costOf, noArchive } from '../archive/page-reads.ts';
import { scopeOf } from '../read-scope.ts';
import { Readable } from 'node:stream';
import { Places } from '../places.ts';
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

/** Whether the archive has a file with records of these days, or one that may have some of the site. */
async function holdsAny(
  archive: ArchivedLogs,
  organisation: string,
  wanted: { readonly fromDay: string; readonly toDay: string; readonly site: string; readonly class: string },
): Promise<boolean> {
  for (const { day, rows } of await archive.days(organisation)) {
    if (rows === 0 || day < wanted.fromDay || day > wanted.toDay) continue;
    const files = await archive.files(organisation, day);
    const meets = files.some(
      ({ class: kept, site }) =>
        (wanted.class === '' || kept === wanted.class) && (wanted.site === '' || site === null || site === wanted.site),
    );
    if (meets) return true;
  }
  return false;
}

const dayMs = 86_400_000;
/** Each reads every record of the day. */
const openTodays = new Places({ server: 2, organisation: 1 });
const tooMany = refuse(503, 'Too many checks', 'Records are being compared already. Try again in a moment.', {
  headers: { 'retry-after': '5' },
});
const saidAtMost = 1000;
const noToday = {
  available: false,
  keyKnown: false,
  signedUntil: null,
  records: 0,
  unsigned: 0,
  head: null,
  cut: false,
  faults: [],
  notes: [],
};

async function* ended(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

const keyUnknown =
  'This process does not know the public key of the installation yet. The process that archives (role detect, with --archive) tells it when it starts.';

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
      const key = await deps.archiveRecords.publicKeyPem();
      if (part === 'key' && key === undefined) return refuse(503, 'Key not known here', keyUnknown);
      await audit('archive.record-export', `record ${number}`, part);
      const files = {
        record: { name: `record-${number}.json`, type: 'application/json', bytes: found.text },
        signature: { name: `record-${number}.sig`, type: 'application/octet-stream', bytes: found.signature },
        key: {
          name: 'public-key.pem',
          type: 'application/x-pem-file',
          bytes: Buffer.from(key ?? ''),
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

  answer(checkToday, async (_, { deps, caller, signal }) => {
    const { dayProofs } = deps;
    if (!dayProofs) return noToday;
    if (!openTodays.enter(deps, caller.organisation)) return tooMany;
    try {
      const found = await dayProofs.check(caller.organisation, signal);
      if (!found) return { ...noToday, available: true };
      const { signedUntilMs = null, head = null, records, unsigned, cut, faults, notes } = found;
      const said = { faults: faults.slice(0, saidAtMost), notes: notes.slice(0, saidAtMost) };
      return { available: true, keyKnown: true, signedUntil: signedUntilMs, head, records, unsigned, cut, ...said };
    } finally {
      openTodays.leave(deps, caller.organisation);
    }
  }),

  stream(
    {
      method: 'GET',
      path: todayRecordsPath,
      permission: 'admin',
      summary:
        'Records that are kept for proof as their texts were signed, one line each: for npm run verify -- --records',
    },
    async (_, { deps, caller, audit, signal }, reply) => {
      const { dayProofs } = deps;
      if (!dayProofs) return refuse(404, 'No archive', 'This server archives nothing: nothing is signed.');
      if (!openTodays.enter(deps, caller.organisation)) return tooMany;
      try {
        await audit('archive.records-export', 'records kept for proof', '');
        const lines = dayProofs.rows(caller.organisation, signal);
        await reply
          .type('application/x-ndjson; charset=utf-8')
          .header('content-disposition', 'attachment; filename="records.ndjson"')
          .header('cache-control', 'no-store')
          .send(Readable.from(ended(lines)));
      } finally {
        openTodays.leave(deps, caller.organisation);
      }
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
    if (!(await holdsAny(deps.archive.logs, caller.organisation, wanted)))
      return refuse(
        404,
        'Nothing to restore',
        `The archive holds no logs of ${wanted.fromDay} to ${wanted.toDay}${wanted.site === '' ? '' : `, site ${wanted.site}`}${wanted.class === '' ? '' : `, class ${wanted.class}`}.`,
      );
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
