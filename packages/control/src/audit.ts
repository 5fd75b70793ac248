import { createHash } from 'node:crypto';
import { ok, redactText } from '@sightline/base';
import { and, type AnyColumn, asc, count, desc, eq, gt, gte, lt, max, or, type SQL, sql } from 'drizzle-orm';
import type { Audit, AuditFilter } from './control.ts';
import * as table from './database/schema.ts';
import { refused, type ServicesContext } from './services-context.ts';

type Row = typeof table.auditEntries.$inferSelect;
const readAtOnce = 1000;
/** Entries that a tally reads, and groups that it answers. */
const talliedAtMost = 20_000;
const groupsAtMost = 5000;

/** What comes before the first entry of a chain. */
export const auditChainStart = Buffer.alloc(32);

/** The hash covers every column and the hash before, in a form with one reading only (JSON). */
export function hashAuditEntry(entry: Omit<Row, 'hash'>): Buffer {
  const { organisation, number, at, actor, address, action, subject, detail, previousHash } = entry;
  const content = [
    organisation,
    number,
    at.getTime(),
    actor,
    address,
    action,
    subject,
    detail,
    previousHash.toString('hex'),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest();
}

/** What PostgreSQL stores is what was hashed: no NUL, no half characters, bounded. */
function storable(text: string, limit: number): string {
  return text.slice(0, limit).toWellFormed().replaceAll('\0', '\uFFFD');
}

export function audit({ db, clock }: ServicesContext): Audit {
  const listed = async (
    organisation: string,
    condition: SQL | undefined,
    { limit, cursor }: { readonly limit: number; readonly cursor: string },
  ): ReturnType<Audit['list']> => {
    const before = cursor === '' ? Number.MAX_SAFE_INTEGER : Number(cursor);
    if (!/^\d{0,15}$/.test(cursor)) return refused('invalid', 'The cursor is not one that this list gave.');
    const rows = await db
      .select()
      .from(table.auditEntries)
      .where(and(eq(table.auditEntries.organisation, organisation), condition, lt(table.auditEntries.number, before)))
      .orderBy(desc(table.auditEntries.number))
      .limit(limit + 1);
    const shown = rows.slice(0, limit);
    return ok({
      entries: shown.map(({ number, at, actor, address, action, subject, detail }) => ({
        id: String(number),
        at: at.getTime(),
        actor,
        address,
        action,
        subject,
        detail,
      })),
      next: rows.length > limit ? String(shown.at(-1)?.number ?? '') : '',
    });
  };
  /** Every entry, oldest first, a page at a time. */
  async function* chain(organisation: string, filter: AuditFilter = {}): AsyncGenerator<Row> {
    for (let number = 0; ;) {
      const rows = await db
        .select()
        .from(table.auditEntries)
        .where(
          and(
            eq(table.auditEntries.organisation, organisation),
            gt(table.auditEntries.number, number),
            ...conditionsOf(filter),
          ),
        )
        .orderBy(asc(table.auditEntries.number))
        .limit(readAtOnce);
      yield* rows;
      const last = rows.at(-1);
      if (!last || rows.length < readAtOnce) return;
      number = last.number;
    }
  }
  return {
    append: (organisation, actor, { action, subject, detail = '' }) =>
      db.transaction(async (tx) => {
        // One writer per chain; a second server waits here.
        await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`audit ${organisation}`}, 0))`);
        const [last] = await tx
          .select({ number: table.auditEntries.number, hash: table.auditEntries.hash })
          .from(table.auditEntries)
          .where(eq(table.auditEntries.organisation, organisation))
          .orderBy(desc(table.auditEntries.number))
          .limit(1);
        const entry = {
          organisation,
          number: (last?.number ?? 0) + 1,
          at: new Date(clock.now()),
          actor: storable(actor.name, 300),
          address: storable(actor.address, 100),
          action: storable(action, 100),
          subject: storable(subject, 300),
          detail: storable(redactText(detail), 2000),
          previousHash: last?.hash ?? auditChainStart,
        };
        await tx.insert(table.auditEntries).values({ ...entry, hash: hashAuditEntry(entry) });
      }),
    list: (organisation, page, filter = {}) => listed(organisation, and(...conditionsOf(filter)), page),
    listOf: (organisation, subject, page) =>
      listed(organisation, or(eq(table.auditEntries.subject, subject), startsWith(`${subject}/`)), page),
    tally: async (organisation, { fromMs, toMs }) => {
      const entries = table.auditEntries;
      const { number, at, actor, address, action, subject } = entries;
      const newest = db
        .select({ number, at, actor, address, action, subject })
        .from(entries)
        .where(eq(entries.organisation, organisation))
        .orderBy(desc(number))
        .limit(talliedAtMost)
        .as('newest');
      const rows = await db
        .select({
          actor: newest.actor,
          address: newest.address,
          action: newest.action,
          subject: newest.subject,
          times: count(),
          lastAt: max(newest.at),
        })
        .from(newest)
        .where(and(gte(newest.at, new Date(fromMs)), lt(newest.at, new Date(toMs))))
        .groupBy(newest.actor, newest.address, newest.action, newest.subject)
        .orderBy(desc(max(newest.at)), desc(max(newest.number)))
        .limit(groupsAtMost + 1);
      const [unread] = await db
        .select({ at })
        .from(entries)
        .where(eq(entries.organisation, organisation))
        .orderBy(desc(number))
        .offset(talliedAtMost)
        .limit(1);
      return {
        tallies: rows
          .slice(0, groupsAtMost)
          .map(({ lastAt, ...row }) => ({ ...row, lastAt: lastAt === null ? 0 : lastAt.getTime() })),
        cut: rows.length > groupsAtMost || (unread !== undefined && unread.at.getTime() >= fromMs),
      };
    },
    verify: async (organisation) => {
      let before: Pick<Row, 'number' | 'hash'> = { number: 0, hash: auditChainStart };
      for await (const row of chain(organisation)) {
        const follows =
          row.number === before.number + 1 &&
          row.previousHash.equals(before.hash) &&
          row.hash.equals(hashAuditEntry(row));
        if (!follows) return { entries: before.number, brokenAt: String(row.number) };
        before = row;
      }
      return { entries: before.number, brokenAt: null };
    },
    head: async (organisation, number) => {
      const [found] = await db
        .select({ number: table.auditEntries.number, hash: table.auditEntries.hash })
        .from(table.auditEntries)
        .where(
          and(
            eq(table.auditEntries.organisation, organisation),
            ...(number === undefined ? [] : [eq(table.auditEntries.number, number)]),
          ),
        )
        .orderBy(desc(table.auditEntries.number))
        .limit(1);
      return found && { number: found.number, sha256: found.hash.toString('hex') };
    },
    async *export(organisation, filter) {
      for await (const { at, previousHash, hash, ...entry } of chain(organisation, filter))
        yield { ...entry, at: at.getTime(), previousHash: previousHash.toString('hex'), hash: hash.toString('hex') };
    },
  };
}

function conditionsOf({ actor = '', action = '', subject = '', fromMs, toMs }: AuditFilter): SQL[] {
  const { auditEntries: entries } = table;
  return [
    ...(actor === '' ? [] : [holds(entries.actor, actor)]),
    ...(action === '' ? [] : [holds(entries.action, action)]),
    ...(subject === '' ? [] : [holds(entries.subject, subject)]),
    ...(fromMs === undefined ? [] : [gte(entries.at, new Date(fromMs))]),
    ...(toMs === undefined ? [] : [lt(entries.at, new Date(toMs))]),
  ];
}

/** A part of the text, small and capital letters alike; what a pattern would read as its own stands for itself. */
function holds(column: AnyColumn, part: string): SQL {
  const escaped = storable(part, 300).replaceAll(/[\\%_]/g, String.raw`\$&`);
  return sql`${column} ILIKE ${`%${escaped}%`}`;
}

/** Under the subject; what a pattern would read as its own stands for itself. */
function startsWith(prefix: string): SQL {
  return sql`${table.auditEntries.subject} LIKE ${`${prefix.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`}`;
}
