import { and, asc, desc, eq, inArray, or, sql } from 'drizzle-orm';
import { enqueueNotifications } from '../alerting/notifications.ts';
import { channels } from '../alerting/tables.ts';
import { memberships, people } from '../database/schema.ts';
import { only, type ServicesContext, type Transaction } from '../services-context.ts';
import { teamLimits, teamSlugOf } from '../teams/port.ts';
import { teamMembers, teams } from '../teams/tables.ts';
import {
  ownershipActor,
  type IssueChange,
  type IssueDecided,
  type IssueState,
  type IssueStates,
  type OwnedIssue,
} from './port.ts';
import * as table from './tables.ts';

type Row = typeof table.issueStates.$inferSelect;
const fromRow = (row: Row): IssueState => ({
  issue: row.issue,
  status: row.status,
  resolvedAt: row.resolvedAt?.getTime() ?? null,
  resolution: row.resolution,
  resolvedIn: row.resolvedIn,
  ignoredUntil: row.ignoredUntil,
  ignoredLimit: row.ignoredLimit,
  ignoredAt: row.ignoredAt?.getTime() ?? null,
  priority: row.priority,
  assignee: row.assignee,
  updatedAt: row.updatedAt.getTime(),
});

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

function decidedIn(row: Row): IssueDecided {
  const { issue: _issue, updatedAt: _updatedAt, ...decided } = fromRow(row);
  return decided;
}

const askedAtOnce = 1000;
const listedAtMost = 10_000;
/** Of one message: as many as a team may have members. */
const receiversAtMost = teamLimits.members;

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
        const assignee = change.assignee ?? before.assignee;
        const priority = change.priority ?? before.priority;
        const rows = await tx
          .update(table.issueStates)
          .set({ ...statusColumns(change, now), assignee, priority, updatedAt: now })
          .where(ofIssue(organisation, issue))
          .returning();
        await noteActivity(tx, { organisation, issue, at: now, actor }, [
          ...(change.status === undefined ? [] : [because(change, statusText(change))]),
          ...(assignee === before.assignee
            ? []
            : [because(change, assignee === '' ? 'unassigned it' : `assigned it to ${assignee}`)]),
          ...(priority === before.priority
            ? []
            : [priority === '' ? 'left its priority to itself' : `gave it ${priority} priority`]),
        ]);
        return { ...fromRow(only(rows)), before: decidedIn(before) };
      }),
    restore: (organisation, issue, before, changedAt, actor) =>
      db.transaction(async (tx) => {
        const now = new Date(clock.now());
        const { resolvedAt, ignoredAt, ...same } = before;
        const rows = await tx
          .update(table.issueStates)
          .set({ ...same, resolvedAt: dateOf(resolvedAt), ignoredAt: dateOf(ignoredAt), updatedAt: now })
          .where(and(ofIssue(organisation, issue), eq(table.issueStates.updatedAt, new Date(changedAt))))
          .returning();
        if (rows.length === 0) return false;
        await noteActivity(tx, { organisation, issue, at: now, actor }, ['undid the last change']);
        return true;
      }),
    assignOwner: (organisation, issue, owned) =>
      db.transaction(async (tx) => {
        const now = new Date(clock.now());
        const owner = await firstOwner(tx, organisation, owned.owners);
        if (owner === '') return false;
        await tx
          .insert(table.issueStates)
          .values({ organisation, issue, status: 'unresolved', assignee: '', updatedAt: now })
          .onConflictDoNothing();
        const before = only(
          await tx.select().from(table.issueStates).where(ofIssue(organisation, issue)).for('update'),
        );
        if (before.assignee !== '') return false;
        const byRules = and(
          eq(table.issueActivity.organisation, organisation),
          eq(table.issueActivity.issue, issue),
          eq(table.issueActivity.actor, ownershipActor),
        );
        if ((await tx.$count(table.issueActivity, byRules)) > 0) return false;
        await tx.update(table.issueStates).set({ assignee: owner, updatedAt: now }).where(ofIssue(organisation, issue));
        await noteActivity(tx, { organisation, issue, at: now, actor: ownershipActor }, [
          because({ because: owned.rule }, `assigned it to ${owner}`),
        ]);
        await tellOwners(tx, organisation, owned, now);
        return true;
      }),
    comment: (organisation, issue, text, actor) =>
      db.transaction((tx) =>
        noteActivity(
          tx,
          { organisation, issue, at: new Date(clock.now()), actor },
          [text.toWellFormed().replaceAll('\0', '\uFFFD').slice(0, 10_000)],
          'comment',
        ),
      ),
    activity: async (organisation, issue) => {
      const rows = await db
        .select()
        .from(table.issueActivity)
        .where(and(eq(table.issueActivity.organisation, organisation), eq(table.issueActivity.issue, issue)))
        .orderBy(desc(table.issueActivity.id))
        .limit(200);
      return rows.map((row) => ({ at: row.at.getTime(), actor: row.actor, text: row.text, kind: row.kind }));
    },
  };
}

/** Appends to an issue's activity, which makes the issue one that was touched. */
export async function noteActivity(
  tx: Transaction,
  by: { readonly organisation: string; readonly issue: string; readonly at: Date; readonly actor: string },
  texts: readonly string[],
  kind: 'change' | 'comment' = 'change',
): Promise<void> {
  const { organisation, issue, at, actor } = by;
  if (texts.length === 0) return;
  await tx
    .insert(table.issueStates)
    .values({ organisation, issue, status: 'unresolved', assignee: '', updatedAt: at })
    .onConflictDoNothing();
  await tx.insert(table.issueActivity).values(texts.map((text) => ({ organisation, issue, at, actor, text, kind })));
}

/** The first owner; a team that was deleted meanwhile is none. */
async function firstOwner(tx: Transaction, organisation: string, owners: readonly string[]): Promise<string> {
  const asked = owners.flatMap((owner) => teamSlugOf(owner) ?? []);
  const known = new Set(
    asked.length === 0
      ? []
      : (
          await tx
            .select({ slug: teams.slug })
            .from(teams)
            .where(and(eq(teams.organisation, organisation), inArray(teams.slug, asked)))
        ).map(({ slug }) => slug),
  );
  return owners.find((owner) => known.has(teamSlugOf(owner) ?? '') || teamSlugOf(owner) === undefined) ?? '';
}

/** A message to those owners who belong to the organisation; nothing where it has no e-mail channel. */
async function tellOwners(tx: Transaction, organisation: string, owned: OwnedIssue, now: Date): Promise<void> {
  const [channel] = await tx
    .select({ id: channels.id })
    .from(channels)
    .where(and(eq(channels.organisation, organisation), eq(channels.type, 'email'), eq(channels.enabled, true)))
    .orderBy(asc(channels.createdAt), asc(channels.id))
    .limit(1);
  const members = await tx
    .select({ email: people.email })
    .from(memberships)
    .innerJoin(people, eq(people.id, memberships.person))
    .where(
      and(
        eq(memberships.organisation, organisation),
        or(
          inArray(sql`lower(${people.email})`, [...owned.owners]),
          inArray(memberships.person, membersOf(tx, organisation, owned.owners)),
        ),
      ),
    )
    .orderBy(asc(people.email))
    .limit(receiversAtMost);
  if (!channel || members.length === 0) return;
  const { title, detail, rule, link } = owned;
  await enqueueNotifications(
    tx,
    [
      {
        organisation,
        incident: null,
        channel: channel.id,
        kind: 'assigned',
        round: 0,
        step: 0,
        note: [`New issue for you: ${title.replaceAll(/\s+/g, ' ').slice(0, 200)}`, detail, `By the rule ${rule}`].join(
          '\n',
        ),
        link,
        receivers: members.map(({ email }) => email),
      },
    ],
    now,
  );
}

/** Persons in the teams among owners, as a subquery. */
const membersOf = (tx: Transaction, organisation: string, owners: readonly string[]) =>
  tx
    .select({ person: teamMembers.person })
    .from(teamMembers)
    .where(
      and(
        eq(teamMembers.organisation, organisation),
        inArray(
          teamMembers.team,
          owners.flatMap((owner) => teamSlugOf(owner) ?? []),
        ),
      ),
    );

/** What a new status says of the columns around it; nothing when the status stays. */
function statusColumns(change: IssueChange, now: Date): Partial<Row> {
  if (change.status === undefined) return {};
  const resolved = change.status === 'resolved';
  const ignored = change.status === 'ignored';
  return {
    status: change.status,
    resolvedAt: resolved ? now : null,
    resolution: resolved ? (change.resolution ?? 'now') : 'now',
    resolvedIn: resolved ? (change.resolvedIn ?? '') : '',
    ignoredAt: ignored ? now : null,
    ignoredUntil: ignored ? (change.ignoredUntil ?? 'forever') : 'forever',
    ignoredLimit: ignored ? (change.ignoredLimit ?? null) : null,
  };
}

function because({ because: why }: IssueChange, text: string): string {
  if (why === undefined || why === '') return text;
  return `${text}: ${why.toWellFormed().replaceAll('\0', '\uFFFD').slice(0, 500)}`;
}

function statusText({ status, resolution, resolvedIn, ignoredUntil, ignoredLimit }: IssueChange): string {
  if (status === 'unresolved') return 'reopened it';
  if (status === 'resolved') {
    if (resolution === 'next-release') return 'resolved it with the next release';
    return resolution === 'release' || resolution === 'commit'
      ? `resolved it in ${resolution === 'commit' ? 'commit ' : ''}${resolvedIn ?? ''}`
      : 'resolved it';
  }
  const limit = ignoredLimit ?? 0;
  if (ignoredUntil === 'time') return `archived it until ${new Date(limit).toISOString()}`;
  if (ignoredUntil === 'events') return `archived it until ${limit} more events`;
  if (ignoredUntil === 'users') return `archived it until ${limit} more users`;
  return ignoredUntil === 'escalating' ? 'archived it until it escalates' : 'archived it';
}
