import { Readable } from 'node:stream';
import { auditFilter, auditExportPath, listAudit, readAuditChain } from '@sightline/contract';
import type { AuditFilter, ExportedAuditEntry } from '@sightline/control';
import { z } from 'zod';
import { Places } from '../places.ts';
import { refusal } from '../problem.ts';
import { answer, refuse, type Route, stream } from '../route.ts';
import { csvCell } from './log-export.ts';

const openExports = new Places({ server: 4, organisation: 1 });
/** Each walks a whole chain. */
const openChecks = new Places({ server: 2, organisation: 1 });

const filterOf = ({ actor, action, subject, from, to }: z.output<typeof auditFilter>): AuditFilter => ({
  actor,
  action,
  subject,
  ...(from === undefined ? {} : { fromMs: from }),
  ...(to === undefined ? {} : { toMs: to }),
});

/** What was asked for, as the trail names it; '' for all. */
const toldOf = ({ actor, action, subject, from, to }: z.output<typeof auditFilter>): string =>
  [
    ...(actor === '' ? [] : [`who ${actor}`]),
    ...(action === '' ? [] : [`what ${action}`]),
    ...(subject === '' ? [] : [`on ${subject}`]),
    ...(from === undefined ? [] : [`from ${new Date(from).toISOString()}`]),
    ...(to === undefined ? [] : [`to ${new Date(to).toISOString()}`]),
  ].join(', ');

/** The audit trail: read by who, what, subject and time; taken along; and the state of its chain. */
export const auditRoutes: readonly Route[] = [
  answer(listAudit, async ({ query }, { deps, caller }) => {
    const { limit, cursor } = query;
    const page = await deps.control.audit.list(caller.organisation, { limit, cursor }, filterOf(query));
    return page.ok ? page.value : refusal(page.error);
  }),

  answer(readAuditChain, async (_, { deps, caller }) => {
    const { organisation } = caller;
    if (!openChecks.enter(deps, organisation))
      return refuse(503, 'Too many checks', 'The chain is being checked already. Try again in a moment.', {
        headers: { 'retry-after': '5' },
      });
    try {
      const [{ entries, brokenAt }, head, signed, key] = await Promise.all([
        deps.control.audit.verify(organisation),
        deps.control.audit.head(organisation),
        deps.archiveRecords?.signedAudit(organisation),
        deps.archiveRecords?.publicKeyPem(),
      ]);
      const there = signed && (await deps.control.audit.head(organisation, signed.number));
      return {
        entries,
        brokenAt,
        lastHash: head?.sha256 ?? '',
        archive: deps.archiveRecords !== undefined,
        keyKnown: key !== undefined,
        signed: signed ? { day: signed.day, number: signed.number, holds: there?.sha256 === signed.sha256 } : null,
      };
    } finally {
      openChecks.leave(deps, organisation);
    }
  }),

  stream(
    {
      method: 'GET',
      path: auditExportPath,
      permission: 'admin',
      summary:
        'The audit trail, oldest first: as NDJSON with its hashes (whole: for npm run verify -- --audit), or as CSV; filters as in the list',
      query: auditFilter.extend({ format: z.enum(['ndjson', 'csv']).default('ndjson') }),
    },
    async ({ query }, { deps, caller, audit }, reply) => {
      if (!openExports.enter(deps, caller.organisation))
        return refuse(503, 'Too many exports', 'Let another one end and try again.', {
          headers: { 'retry-after': '30' },
        });
      try {
        await audit('audit.export', '', toldOf(query));
        const entries = deps.control.audit.export(caller.organisation, filterOf(query));
        const { type, name, lines } = formats[query.format];
        await reply
          .type(type)
          .header('content-disposition', `attachment; filename="${name}"`)
          .header('cache-control', 'no-store')
          .send(Readable.from(lines(entries)));
      } finally {
        openExports.leave(deps, caller.organisation);
      }
      return undefined;
    },
  ),
];

const formats = {
  ndjson: { type: 'application/x-ndjson; charset=utf-8', name: 'audit.ndjson', lines: ndjson },
  csv: { type: 'text/csv; charset=utf-8', name: 'audit.csv', lines: csv },
} as const;

async function* ndjson(entries: AsyncIterable<ExportedAuditEntry>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(entry)}\n`;
}

async function* csv(entries: AsyncIterable<ExportedAuditEntry>): AsyncGenerator<string> {
  yield 'number,time,who,what,on,detail,from,hash\r\n';
  for await (const { number, at, actor, action, subject, detail, address, hash } of entries)
    yield `${[String(number), new Date(at).toISOString(), actor, action, subject, detail, address, hash].map(csvCell).join(',')}\r\n`;
}
