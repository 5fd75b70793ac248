import { and, desc, eq, gte, inArray, lt } from 'drizzle-orm';
import type { ServicesContext, Transaction } from '../services-context.ts';
import {
  feedbackLimits,
  type FeedbackChange,
  type FeedbackState,
  type FeedbackStates,
  type WrittenFeedback,
} from './port.ts';
import * as table from './tables.ts';

const dayMs = 86_400_000;
/** Longer than the telemetry store keeps feedback: what is older is about nothing. */
const keptMs = 120 * dayMs;
const askedAtOnce = 1000;
/** The database knows no moment beyond; ranges of calls do. */
const lastMs = Date.UTC(9999, 0);

type Row = typeof table.feedbackStates.$inferSelect;
const fromRow = ({ status, assignee, readAt }: Row): FeedbackState => ({
  status,
  assignee,
  readAt: readAt?.getTime() ?? null,
});
const byId = (rows: readonly Row[]): Map<string, FeedbackState> =>
  new Map(rows.map((row) => [row.feedback, fromRow(row)]));

export function feedbackStates({ db, clock }: ServicesContext): FeedbackStates {
  const states = table.feedbackStates;
  return {
    written: async (organisation, fromMs, toMs) => {
      const rows = await db
        .select()
        .from(states)
        .where(
          and(
            eq(states.organisation, organisation),
            gte(states.writtenAt, new Date(Math.min(fromMs, lastMs))),
            lt(states.writtenAt, new Date(Math.min(toMs, lastMs))),
          ),
        )
        .orderBy(desc(states.writtenAt))
        .limit(feedbackLimits.listed + 1);
      return { states: byId(rows.slice(0, feedbackLimits.listed)), cut: rows.length > feedbackLimits.listed };
    },
    list: async (organisation, ids) => {
      if (ids.length > askedAtOnce) throw new Error(`at most ${askedAtOnce} pieces of feedback at once`);
      if (ids.length === 0) return new Map();
      return byId(
        await db
          .select()
          .from(states)
          .where(and(eq(states.organisation, organisation), inArray(states.feedback, [...ids]))),
      );
    },
    change: (organisation, feedback, change, actor) =>
      db.transaction(async (tx) => {
        const now = new Date(clock.now());
        const before = await locked(tx, organisation, feedback, now);
        const changed: string[] = [];
        const notes: (typeof table.feedbackActivity.$inferInsert)[] = [];
        for (const row of before) {
          const next = after(row, change, now);
          if (!differs(row, next)) continue;
          changed.push(row.feedback);
          await tx
            .update(states)
            .set({ ...next, updatedAt: now })
            .where(and(eq(states.organisation, organisation), eq(states.feedback, row.feedback)));
          for (const text of changeTexts(row, next))
            notes.push({ organisation, feedback: row.feedback, at: now, actor, text, kind: 'change' });
        }
        if (notes.length > 0) await tx.insert(table.feedbackActivity).values(notes);
        await tx
          .delete(states)
          .where(and(eq(states.organisation, organisation), lt(states.writtenAt, new Date(now.getTime() - keptMs))));
        return changed;
      }),
    comment: (organisation, feedback, text, actor) =>
      db.transaction(async (tx) => {
        const now = new Date(clock.now());
        await locked(tx, organisation, [feedback], now);
        const kept = text.toWellFormed().replaceAll('\0', '\uFFFD').slice(0, feedbackLimits.comment);
        await tx
          .insert(table.feedbackActivity)
          .values({ organisation, feedback: feedback.id, at: now, actor, text: kept, kind: 'comment' });
      }),
    activity: async (organisation, id) => {
      const rows = await db
        .select()
        .from(table.feedbackActivity)
        .where(and(eq(table.feedbackActivity.organisation, organisation), eq(table.feedbackActivity.feedback, id)))
        .orderBy(desc(table.feedbackActivity.id))
        .limit(feedbackLimits.activity);
      return rows.map(({ at, actor, text, kind }) => ({ at: at.getTime(), actor, text, kind }));
    },
  };
}

/** The rows of feedback, made where nobody touched it before, in an order in which two changes never wait for each other. */
async function locked(
  tx: Transaction,
  organisation: string,
  feedback: readonly WrittenFeedback[],
  now: Date,
): Promise<Row[]> {
  const { changedAtOnce } = feedbackLimits;
  if (feedback.length > changedAtOnce) throw new Error(`at most ${changedAtOnce} pieces of feedback at once`);
  if (feedback.length === 0) return [];
  const written = new Map(feedback.map(({ id, at }) => [id, at]));
  const ids = [...written.keys()].sort();
  await tx
    .insert(table.feedbackStates)
    .values(
      ids.map((id) => ({
        organisation,
        feedback: id,
        status: 'unresolved' as const,
        assignee: '',
        writtenAt: new Date(written.get(id) ?? 0),
        updatedAt: now,
      })),
    )
    .onConflictDoNothing();
  return tx
    .select()
    .from(table.feedbackStates)
    .where(and(eq(table.feedbackStates.organisation, organisation), inArray(table.feedbackStates.feedback, ids)))
    .orderBy(table.feedbackStates.feedback)
    .for('update');
}

type Decided = Pick<Row, 'status' | 'assignee' | 'readAt'>;

function after(row: Row, { status, assignee, read }: FeedbackChange, now: Date): Decided {
  return {
    status: status ?? row.status,
    assignee: assignee ?? row.assignee,
    readAt: read === undefined ? row.readAt : read ? (row.readAt ?? now) : null,
  };
}

const differs = (row: Row, next: Decided): boolean =>
  row.status !== next.status || row.assignee !== next.assignee || row.readAt?.getTime() !== next.readAt?.getTime();

function changeTexts(row: Row, { status, assignee }: Decided): string[] {
  const words = { unresolved: 'reopened it', resolved: 'resolved it', spam: 'marked it as spam' } as const;
  return [
    ...(status === row.status ? [] : [words[status]]),
    ...(assignee === row.assignee ? [] : [assignee === '' ? 'unassigned it' : `assigned it to ${assignee}`]),
  ];
}
