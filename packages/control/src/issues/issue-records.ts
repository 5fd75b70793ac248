import { randomUUID } from 'node:crypto';
import { ok } from '@sightline/base';
import { and, asc, count, eq, inArray, or } from 'drizzle-orm';
import { only, refused, type ServicesContext } from '../services-context.ts';
import { noteActivity } from './issue-states.ts';
import {
  errorRulesKinds,
  type ErrorRules,
  type ErrorRulesKind,
  type ErrorRulesText,
  type IssueMerges,
  type IssueRecords,
  type IssueViews,
} from './port.ts';
import * as table from './tables.ts';

const mergesAtMost = 10_000;
const mergedAtOnce = 100;
const viewsAtMost = 200;

export function issueRecords(context: ServicesContext): IssueRecords {
  return { merges: issueMerges(context), rules: errorRules(context), views: issueViews(context) };
}

function issueMerges({ db, clock }: ServicesContext): IssueMerges {
  const ofOrganisation = (organisation: string) => eq(table.issueMerges.organisation, organisation);
  return {
    list: async (organisation) => {
      const rows = await db
        .select()
        .from(table.issueMerges)
        .where(ofOrganisation(organisation))
        .orderBy(asc(table.issueMerges.issue))
        .limit(mergesAtMost);
      return rows.map((row) => ({ issue: row.issue, into: row.intoIssue, at: row.at.getTime(), actor: row.actor }));
    },
    merge: (organisation, asked, issues, actor) =>
      db.transaction(async (tx) => {
        const at = new Date(clock.now());
        const [target] = await tx
          .select({ into: table.issueMerges.intoIssue })
          .from(table.issueMerges)
          .where(and(ofOrganisation(organisation), eq(table.issueMerges.issue, asked)));
        const into = target?.into ?? asked;
        const others = [...new Set(issues)].filter((issue) => issue !== into);
        if (others.length === 0) return refused('invalid', 'An issue cannot be merged into itself.');
        if (others.length > mergedAtOnce)
          return refused('invalid', `At most ${mergedAtOnce} issues are merged at once.`);
        const held = only(
          await tx.select({ count: count() }).from(table.issueMerges).where(ofOrganisation(organisation)),
        ).count;
        if (held + others.length > mergesAtMost)
          return refused('conflict', `An organisation has at most ${mergesAtMost} merged issues.`);
        await tx
          .update(table.issueMerges)
          .set({ intoIssue: into, at, actor })
          .where(and(ofOrganisation(organisation), inArray(table.issueMerges.intoIssue, others)));
        await tx
          .insert(table.issueMerges)
          .values(others.map((issue) => ({ organisation, issue, intoIssue: into, at, actor })))
          .onConflictDoUpdate({
            target: [table.issueMerges.organisation, table.issueMerges.issue],
            set: { intoIssue: into, at, actor },
          });
        await noteActivity(tx, { organisation, issue: into, at, actor }, [`merged ${others.join(', ')} into it`]);
        return ok({ into });
      }),
    unmerge: (organisation, issue, actor) =>
      db.transaction(async (tx) => {
        const at = new Date(clock.now());
        const [row] = await tx
          .delete(table.issueMerges)
          .where(and(ofOrganisation(organisation), eq(table.issueMerges.issue, issue)))
          .returning();
        if (!row) return false;
        await noteActivity(tx, { organisation, issue: row.intoIssue, at, actor }, [`took ${issue} out of it`]);
        return true;
      }),
  };
}

function errorRules({ db, clock }: ServicesContext): ErrorRules {
  const textOf = (row: typeof table.errorRules.$inferSelect): ErrorRulesText => ({
    kind: row.kind,
    content: row.content,
    updatedAt: row.updatedAt.getTime(),
    updatedBy: row.updatedBy,
  });
  return {
    read: async (organisation) => {
      const rows = await db.select().from(table.errorRules).where(eq(table.errorRules.organisation, organisation));
      const empty = (kind: ErrorRulesKind): ErrorRulesText => ({ kind, content: '', updatedAt: null, updatedBy: '' });
      const found = new Map(rows.map((row) => [row.kind, textOf(row)]));
      return Object.fromEntries(errorRulesKinds.map((kind) => [kind, found.get(kind) ?? empty(kind)])) as Record<
        ErrorRulesKind,
        ErrorRulesText
      >;
    },
    put: async (organisation, kind, content, by) => {
      const values = {
        content: content.toWellFormed().replaceAll('\0', '\uFFFD'),
        updatedAt: new Date(clock.now()),
        updatedBy: by,
      };
      const rows = await db
        .insert(table.errorRules)
        .values({ organisation, kind, ...values })
        .onConflictDoUpdate({ target: [table.errorRules.organisation, table.errorRules.kind], set: values })
        .returning();
      return textOf(only(rows));
    },
  };
}

function issueViews({ db, clock }: ServicesContext): IssueViews {
  const view = ({ id, name, query, sort, person }: typeof table.issueViews.$inferSelect) => ({
    id,
    name,
    query,
    sort,
    person,
  });
  const visible = (organisation: string, person: string) =>
    and(
      eq(table.issueViews.organisation, organisation),
      or(eq(table.issueViews.person, ''), eq(table.issueViews.person, person)),
    );
  return {
    list: async (organisation, person) => {
      const rows = await db
        .select()
        .from(table.issueViews)
        .where(visible(organisation, person))
        .orderBy(asc(table.issueViews.name), asc(table.issueViews.id))
        .limit(viewsAtMost);
      return rows.map(view);
    },
    add: async (organisation, { name, query, sort, person }) => {
      const held = only(
        await db
          .select({ count: count() })
          .from(table.issueViews)
          .where(eq(table.issueViews.organisation, organisation)),
      ).count;
      if (held >= viewsAtMost) return refused('conflict', `An organisation has at most ${viewsAtMost} saved views.`);
      const rows = await db
        .insert(table.issueViews)
        .values({ id: randomUUID(), organisation, person, name, query, sort, createdAt: new Date(clock.now()) })
        .returning();
      return ok(view(only(rows)));
    },
    remove: async (organisation, id, person) => {
      const rows = await db
        .delete(table.issueViews)
        .where(and(visible(organisation, person), eq(table.issueViews.id, id)))
        .returning({ id: table.issueViews.id });
      return rows.length > 0;
    },
  };
}
