import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { lockPolicies } from '../alerting/channels.ts';
import { policies } from '../alerting/tables.ts';
import { rules } from '../detect/tables.ts';
import { errorRules, issueStates } from '../issues/tables.ts';
import type { Transaction } from '../services-context.ts';
import { teamOwner, type TeamOwns } from './port.ts';

const listedAtMost = 200;
type Reader = Pick<Transaction, 'select' | '$count'>;

const issuesOf = (organisation: string, slug: string) =>
  and(eq(issueStates.organisation, organisation), eq(issueStates.assignee, teamOwner(slug)));
const rulesOf = (organisation: string, slug: string) =>
  and(eq(rules.organisation, organisation), isNull(rules.deletedAt), sql`${rules.labels} ->> 'team' = ${slug}`);
const policiesOf = (organisation: string, slug: string) =>
  and(eq(policies.organisation, organisation), sql`${policies.steps} @> ${JSON.stringify([{ teams: [slug] }])}::jsonb`);

/** What belongs to a team. */
export async function readOwned(tx: Reader, organisation: string, slug: string): Promise<TeamOwns> {
  const issues = issuesOf(organisation, slug);
  return {
    issues: await tx.$count(issueStates, issues),
    openIssues: await tx.$count(issueStates, and(issues, eq(issueStates.status, 'unresolved'))),
    rules: await tx
      .select({ id: rules.id, name: rules.name })
      .from(rules)
      .where(rulesOf(organisation, slug))
      .orderBy(asc(rules.name))
      .limit(listedAtMost),
    policies: await tx
      .select({ id: policies.id, name: policies.name })
      .from(policies)
      .where(policiesOf(organisation, slug))
      .orderBy(asc(policies.name))
      .limit(listedAtMost),
  };
}

export interface Disowned {
  readonly organisation: string;
  readonly slug: string;
  readonly by: string;
  readonly withoutTeam: (ownershipRules: string) => string;
  readonly now: Date;
}

/** Takes a team off everything it owns; answers what that was. */
export async function disown(
  tx: Transaction,
  { organisation, slug, by, withoutTeam, now }: Disowned,
): Promise<TeamOwns> {
  const owned = await readOwned(tx, organisation, slug);
  await tx.execute(sql`
    WITH gone AS (
      UPDATE issue_states SET assignee = '', updated_at = ${now}
      WHERE organisation = ${organisation} AND assignee = ${teamOwner(slug)} RETURNING issue)
    INSERT INTO issue_activity (organisation, issue, at, actor, text, kind)
    SELECT ${organisation}, issue, ${now}, ${by}, ${`unassigned it: the team ${teamOwner(slug)} was deleted`}, 'change'
    FROM gone`);
  await tx.execute(sql`
    WITH gone AS (
      UPDATE feedback_states SET assignee = '', updated_at = ${now}
      WHERE organisation = ${organisation} AND assignee = ${teamOwner(slug)} RETURNING feedback)
    INSERT INTO feedback_activity (organisation, feedback, at, actor, text, kind)
    SELECT ${organisation}, feedback, ${now}, ${by}, ${`unassigned it: the team ${teamOwner(slug)} was deleted`}, 'change'
    FROM gone`);
  await tx
    .update(rules)
    .set({ labels: sql`${rules.labels} - 'team'`, updatedAt: now, updatedBy: by })
    .where(rulesOf(organisation, slug));
  await lockPolicies(tx, organisation);
  // Steps keep their place and wait, even those that tell nobody then: people see the gap and mend it.
  for (const row of await tx.select().from(policies).where(policiesOf(organisation, slug))) {
    const steps = row.steps.map((step) => ({ ...step, teams: (step.teams ?? []).filter((team) => team !== slug) }));
    await tx.update(policies).set({ steps, updatedAt: now, updatedBy: by }).where(eq(policies.id, row.id));
  }
  const ofOwnership = and(eq(errorRules.organisation, organisation), eq(errorRules.kind, 'ownership'));
  for (const { content } of await tx.select().from(errorRules).where(ofOwnership).for('update')) {
    const left = withoutTeam(content);
    if (left !== content)
      await tx.update(errorRules).set({ content: left, updatedAt: now, updatedBy: by }).where(ofOwnership);
  }
  return owned;
}
