import { ok } from '@sightline/base';
import type { ScrubBatch, ScrubCount, ScrubExample, ScrubStays } from '@sightline/record';
import { and, asc, desc, eq, inArray, isNotNull, lte, or, sql } from 'drizzle-orm';
import { logTemplates } from '../detect/tables.ts';
import { storableValue } from '../database/storable-json.ts';
import { newId } from '../secrets.ts';
import { refused, type ServicesContext, type Transaction } from '../services-context.ts';
import type { ScrubBackfill, ScrubBackfills } from './backfills-port.ts';
import { scrubControlTexts } from './control-texts.ts';
import { scrubBackfills as table, scrubRules } from './tables.ts';

const keptPerOrganisation = 100;
const countsAtMost = 2000;
const examplesOfRule = 3;
const templatesAtOnce = 500;
const formAtMost = 4000;

type Row = typeof table.$inferSelect;

const backfillOf = ({ rulesAt, requestedAt, startedAt, endedAt, ...same }: Row): ScrubBackfill => ({
  ...same,
  rulesAt: rulesAt?.getTime() ?? null,
  requestedAt: requestedAt.getTime(),
  startedAt: startedAt?.getTime() ?? null,
  endedAt: endedAt?.getTime() ?? null,
});

/** Both together, the greatest first; what is beyond the bound is counted by rule alone. */
function summed(...lists: readonly (readonly ScrubCount[])[]): ScrubCount[] {
  const sums = new Map<string, ScrubCount>();
  const add = (count: ScrubCount): void => {
    const key = JSON.stringify([count.signal, count.rule, count.service, count.site]);
    sums.set(key, { ...count, removed: (sums.get(key)?.removed ?? 0) + count.removed });
  };
  for (const count of lists.flat()) add(count);
  const sorted = [...sums.values()].toSorted((a, b) => b.removed - a.removed);
  if (sorted.length <= countsAtMost) return sorted;
  const kept = sorted.slice(0, countsAtMost / 2);
  const rest = sorted.slice(countsAtMost / 2).map((count) => ({ ...count, service: 'others', site: '' }));
  return summed(kept, rest);
}

function withDays(all: ScrubBackfill['days'], more: ScrubBackfill['days']): Record<string, number> {
  const days = { ...all };
  for (const [day, rows] of Object.entries(more)) days[day] = (days[day] ?? 0) + rows;
  return days;
}

function withExamples(all: readonly ScrubExample[], more: readonly ScrubExample[]): ScrubExample[] {
  const kept = [...all];
  for (const one of more) if (kept.filter(({ rule }) => rule === one.rule).length < examplesOfRule) kept.push(one);
  return kept;
}

function withStays(all: ScrubBackfill['stays'], more: ScrubBackfill['stays'] = []): ScrubStays[] {
  const sums = new Map<string, number>();
  for (const { what, n } of [...all, ...more]) sums.set(what, (sums.get(what) ?? 0) + n);
  return [...sums].map(([what, n]) => ({ what, n }));
}

/** Counts a batch once, and moves on. */
async function advance(tx: Transaction, id: string, batch: ScrubBatch): Promise<void> {
  const [row] = await tx.select().from(table).where(eq(table.id, id)).for('update');
  if (!row || batch.number < row.batches) return;
  await tx
    .update(table)
    .set({
      unit: batch.unit,
      minute: batch.next,
      cursor: batch.cursor ?? '',
      batches: batch.number + 1,
      pending: null,
      detail: '',
      rowsSeen: row.rowsSeen + batch.seen,
      rowsChanged: row.rowsChanged + batch.changed,
      rowsHeld: row.rowsHeld + batch.held,
      counts: storableValue(summed(row.counts, batch.counts)),
      days: withDays(row.days, batch.days),
      examples: storableValue(withExamples(row.examples, batch.examples)),
      stays: withStays(row.stays, batch.stays),
    })
    .where(eq(table.id, id));
}

export function scrubBackfills({ db, clock }: ServicesContext): ScrubBackfills {
  const now = (): Date => new Date(clock.now());
  const until = (ms: number): Date => new Date(clock.now() + ms);
  const isOpen = inArray(table.state, ['waiting', 'running']);
  const rulesAtOf = async (organisation: string): Promise<Date | null> => {
    const [row] = await db
      .select({ at: scrubRules.updatedAt })
      .from(scrubRules)
      .where(eq(scrubRules.organisation, organisation));
    return row?.at ?? null;
  };
  const missing = (id: string) => refused('not-found', `There is no backfill ${id} in this organisation.`);
  return {
    add: async (organisation, { kind, fromDay, toDay }, by) => {
      const rows = await db
        .insert(table)
        .values({
          id: newId('backfill'),
          organisation,
          kind,
          fromDay,
          toDay,
          rulesAt: await rulesAtOf(organisation),
          state: 'waiting',
          requestedBy: by,
          requestedAt: now(),
          claimedUntil: now(),
        })
        .onConflictDoNothing()
        .returning();
      const [row] = rows;
      if (!row) return refused('conflict', 'One is under way in this organisation. Wait for its end, or stop it.');
      await db.execute(sql`DELETE FROM scrub_backfills WHERE organisation = ${organisation} AND state NOT IN ('waiting', 'running') AND id IN
        (SELECT id FROM scrub_backfills WHERE organisation = ${organisation} ORDER BY requested_at DESC OFFSET ${keptPerOrganisation})`);
      return ok(backfillOf(row));
    },
    list: async (organisation, limit) => {
      const rows = await db
        .select()
        .from(table)
        .where(eq(table.organisation, organisation))
        .orderBy(desc(table.requestedAt), asc(table.id))
        .limit(limit);
      return rows.map(backfillOf);
    },
    stop: async (organisation, id) => {
      const its = and(eq(table.organisation, organisation), eq(table.id, id));
      const [row] = await db.update(table).set({ stopping: true }).where(and(its, isOpen)).returning();
      if (row) return ok(backfillOf(row));
      const [there] = await db.select({ id: table.id }).from(table).where(its);
      return there ? refused('conflict', 'It is over already.') : missing(id);
    },
    resume: async (organisation, id) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtext(${`scrub-backfills ${organisation}`}))`);
        const its = and(eq(table.organisation, organisation), eq(table.id, id));
        const [there] = await tx.select().from(table).where(its);
        if (!there) return missing(id);
        if (there.state !== 'stopped' && there.state !== 'failed')
          return refused('conflict', 'Only one that was stopped or failed can go on.');
        const rulesAt = await rulesAtOf(organisation);
        if (there.rulesAt?.getTime() !== rulesAt?.getTime())
          return refused('conflict', 'The rules were changed since. Start anew, under those that hold now.');
        if ((await tx.$count(table, and(eq(table.organisation, organisation), isOpen))) > 0)
          return refused('conflict', 'One is under way in this organisation. Wait for its end, or stop it.');
        const [row] = await tx
          .update(table)
          .set({ state: 'waiting', stopping: false, endedAt: null, detail: '', claimedUntil: now() })
          .where(its)
          .returning();
        return row ? ok(backfillOf(row)) : missing(id);
      }),
    claim: async (claimMs) => {
      const free = db
        .select({ id: table.id })
        .from(table)
        .where(and(isOpen, lte(table.claimedUntil, now())))
        .orderBy(asc(table.claimedUntil))
        .limit(1)
        .for('update', { skipLocked: true });
      const [row] = await db
        .update(table)
        .set({ claimedUntil: until(claimMs) })
        .where(inArray(table.id, free))
        .returning();
      return row && backfillOf(row);
    },
    renew: async (id, claimMs) => {
      const [row] = await db
        .update(table)
        .set({ claimedUntil: until(claimMs) })
        .where(and(eq(table.id, id), isOpen))
        .returning({ stopping: table.stopping });
      return row?.stopping === false;
    },
    begin: async (id, rows) => {
      await db
        .update(table)
        .set({ state: 'running', startedAt: now(), rowsAll: Math.round(rows), detail: '' })
        .where(eq(table.id, id));
    },
    pending: async (id, batch) => {
      await db
        .update(table)
        .set({ pending: batch && storableValue(batch) })
        .where(eq(table.id, id));
    },
    advance: (id, batch) => db.transaction((tx) => advance(tx, id, batch)),
    texts: (page) => scrubControlTexts({ db }, page, (tx, batch) => advance(tx, page.id, batch)),
    end: async (id, state, detail) => {
      const [row] = await db
        .update(table)
        .set({ state, detail, endedAt: now() })
        .where(and(eq(table.id, id), isOpen))
        .returning();
      return row && backfillOf(row);
    },
    later: async (id, atMs, detail) => {
      await db
        .update(table)
        .set({ claimedUntil: new Date(atMs), detail })
        .where(and(eq(table.id, id), isOpen));
    },
    open: async () => {
      const rows = await db
        .select({ id: table.id })
        .from(table)
        .where(or(isOpen, isNotNull(table.pending)))
        .limit(10_000);
      return rows.map(({ id }) => id);
    },
    templates: async (organisation, scrub, write) => {
      let changed = 0;
      for (let after = ''; ;) {
        const rows = await db
          .select({ kind: logTemplates.kind, id: logTemplates.id, form: logTemplates.form })
          .from(logTemplates)
          .where(
            and(
              eq(logTemplates.organisation, organisation),
              sql`${logTemplates.kind} || ${logTemplates.id} > ${after}`,
              sql`${logTemplates.form} <> ''`,
            ),
          )
          .orderBy(sql`${logTemplates.kind} || ${logTemplates.id}`)
          .limit(templatesAtOnce);
        const last = rows.at(-1);
        if (!last) return changed;
        after = last.kind + last.id;
        const forms = await scrub(rows.map(({ form }) => form));
        for (const [i, { kind, id, form }] of rows.entries()) {
          const anew = forms[i] ?? form;
          if (anew === form) continue;
          changed++;
          if (write)
            await db
              .update(logTemplates)
              .set({ form: anew.slice(0, formAtMost).toWellFormed() })
              .where(
                and(eq(logTemplates.organisation, organisation), eq(logTemplates.kind, kind), eq(logTemplates.id, id)),
              );
        }
      }
    },
  };
}
