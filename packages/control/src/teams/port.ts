import type { Result } from '@sightline/base';
import type { Refused } from '../control.ts';

/** Bounds of an organisation's teams. */
export const teamLimits = { teams: 200, members: 500, name: 100 } as const;

export const teamRoles = ['lead', 'member'] as const;
/** A lead is who to ask; both own alike what the team owns. */
export type TeamRole = (typeof teamRoles)[number];

export interface Team {
  /** Unique in the organisation; never changes. `#payments` names the team as an owner. */
  readonly slug: string;
  readonly name: string;
  readonly createdAt: number;
  readonly members: number;
}

export interface TeamMember {
  readonly person: string;
  readonly email: string;
  readonly name: string;
  readonly role: TeamRole;
}

/** What belongs to a team. */
export interface TeamOwns {
  /** Issues assigned to it that nobody resolved or archived. */
  readonly openIssues: number;
  /** All issues assigned to it. */
  readonly issues: number;
  /** Rules whose label `team` names it, by name, at most 200. */
  readonly rules: readonly { readonly id: string; readonly name: string }[];
  /** Escalation policies with a step that tells it, by name. */
  readonly policies: readonly { readonly id: string; readonly name: string }[];
}

export interface Teams {
  /** By name, at most `teamLimits.teams`. */
  list(organisation: string): Promise<Team[]>;
  find(organisation: string, slug: string): Promise<Team | undefined>;
  /** Leads first, then by address. Empty for a team that is not there. */
  members(organisation: string, slug: string): Promise<TeamMember[]>;
  /** Slugs of the teams a person is in, by their e-mail address. */
  ofPerson(organisation: string, email: string): Promise<string[]>;
  owns(organisation: string, slug: string): Promise<TeamOwns>;
  /** Refuses a slug that is taken or cannot be one, and the 201st team. */
  create(
    organisation: string,
    team: { readonly slug: string; readonly name: string },
    by: string,
  ): Promise<Result<Team, Refused>>;
  rename(organisation: string, slug: string, name: string): Promise<Result<Team, Refused>>;
  /** Adds a person of the organisation or changes their role. Refuses the 501st. */
  putMember(organisation: string, slug: string, person: string, role: TeamRole): Promise<Result<TeamMember, Refused>>;
  removeMember(organisation: string, slug: string, person: string): Promise<Result<TeamMember, Refused>>;
  /**
   * Takes the team off everything it owned, in one transaction: issues and feedback become nobody's with a line of activity, rules lose
   * the label, policies' steps the recipient, and `withoutTeam` says what remains of the ownership rules. Answers what it owned.
   */
  remove(
    organisation: string,
    slug: string,
    by: string,
    withoutTeam: (ownershipRules: string) => string,
  ): Promise<Result<TeamOwns & { readonly name: string }, Refused>>;
}

/** How a team is written where an owner is expected: `#payments`. */
export const teamOwner = (slug: string): string => `#${slug}`;

/**
 * The slug in what names a team as an owner, in our form or in that of Sentry's API: `#payments`, `team:payments`; undefined
 * where it names a person.
 */
export function teamSlugOf(owner: string): string | undefined {
  return /^(?:#|team:)([a-z0-9][a-z0-9_-]{0,49})$/i.exec(owner)?.[1]?.toLowerCase();
}
