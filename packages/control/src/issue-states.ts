import { and, desc, eq, inArray } from 'drizzle-orm';
import type { IssueState, IssueStates } from './control.ts';
import * as table from './database/schema.ts';
import { only, type ServicesContext } from './services-context.ts';

type Row = typeof table.issueStates.$inferSelect;
const fromRow = (row: Row): IssueState => ({
  issue: row.issue,
  status: row.status,
  resolvedAt: row.resolvedAt?.getTime() ?? null,
  assignee: row.assignee,
  updatedAt: row.updatedAt.getTime(),
});

const askedAtOnce = 1000;
const listedAtMost = 10_000;

export function issueStates({ db, clock }: ServicesContext): IssueStates {
  const ofIssue = (organisation: string, issue: string) =>
    and(eq(table.issueStates.organisation, organisation), eq(table.issueStates.issue, issue));
  return {
    find: async (organisation, issue) => {
      const [row] = await db.select().from(table.issueStates).where(ofIssue(organisation, issue));
      return row && fromRow(row);
    },
    list: async (organisation, issues) => {
      if (issues && issues.length > askedAtOnce) throw new Error(`at most ${askedAtOnce} issues at once`);
      if (issues?.length === 0) return new Map();
      const ofOrganisation = eq(table.issueStates.organisation, organisation);
      const rows = await db
        .select()
        .from(table.issueStates)
        .where(issues ? and(ofOrganisation, inArray(table.issueStates.issue, [...issues])) : ofOrganisation)
        .orderBy(desc(table.issueStates.updatedAt))
        .limit(listedAtMost);
      return new Map(rows.map((row) => [row.issue, fromRow(row)]));
    },
    change: (organisation, issue, change, actor) =>
      db.transaction(async (tx) => {
        const now = new Date(clock.now());
        await tx
          .insert(table.issueStates)
          .values({ organisation, issue, status: 'unresolved', assignee: '', updatedAt: now })
          .onConflictDoNothing();
        const before = only(
          await tx.select().from(table.issueStates).where(ofIssue(organisation, issue)).for('update'),
        );
        const status = change.status ?? before.status;
        const resolvedAt = change.status === undefined ? before.resolvedAt : status === 'resolved' ? now : null;
        const assignee = change.assignee ?? before.assignee;
        const rows = await tx
          .update(table.issueStates)
          .set({ status, assignee, resolvedAt, updatedAt: now })
          .where(ofIssue(organisation, issue))
          .returning();
        const texts = [
          ...(change.status === undefined ? [] : [statusText[status]]),
          ...(assignee === before.assignee ? [] : [assignee === '' ? 'unassigned it' : `assigned it to ${assignee}`]),
        ];
        for (const text of texts) {
          await tx.insert(table.issueActivity).values({ organisation, issue, at: now, actor, text });
        }
        return fromRow(only(rows));
      }),
    activity: async (organisation, issue) => {
      const rows = await db
        .select()
        .from(table.issueActivity)
        .where(and(eq(table.issueActivity.organisation, organisation), eq(table.issueActivity.issue, issue)))
        .orderBy(desc(table.issueActivity.id))
        .limit(200);
      return rows.map((row) => ({ at: row.at.getTime(), actor: row.actor, text: row.text }));
    },
  };
}

const statusText = { unresolved: 'reopened it', resolved: 'resolved it', ignored: 'ignored it' } as const;
