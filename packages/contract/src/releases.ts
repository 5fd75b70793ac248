import { z } from 'zod';
import { scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';

/** Health of a release within the range asked for. */
export const releaseHealth = z.object({
  release: z.string(),
  sessions: z.number(),
  crashedSessions: z.number(),
  erroredSessions: z.number(),
  users: z.number(),
  crashedUsers: z.number(),
  errors: z.number(),
  newIssues: z.number(),
  /** 0 where nothing was seen of it. */
  firstSeenAt: z.number(),
  lastSeenAt: z.number(),
});
export type ReleaseHealth = z.infer<typeof releaseHealth>;

/** A release as people and build machines named it, with what was seen of it. */
export const releaseRow = releaseHealth.extend({
  /**
   * Its share, 0 to 1, of the sessions that its package (of `till@1.2.0` the till; without one its services) had in the range in
   * the environments where it had any; null where it had none.
   */
  adoption: z.number().nullable(),
  /** The same by environment, the one with most sessions first. */
  environments: z.array(z.object({ environment: z.string(), sessions: z.number(), adoption: z.number() })),
  /** When it was made known; null where nobody did. */
  createdAt: z.number().nullable(),
  releasedAt: z.number().nullable(),
  archived: z.boolean(),
  deployedAt: z.number().nullable(),
});
export type ReleaseRow = z.infer<typeof releaseRow>;

export const listReleases = endpoint({
  method: 'GET',
  path: '/api/v1/releases',
  summary: 'Releases with their health: sessions, crash-free people, adoption, errors and new issues',
  permission: 'viewer',
  query: scopeQuery,
  reply: z.object({ releases: z.array(releaseRow) }),
});

const releaseIssue = z.object({
  issue: z.string(),
  type: z.string(),
  message: z.string(),
  events: z.number(),
  firstSeenAt: z.number(),
});
const releaseIssues = z.object({
  /** First seen in it, within the range. */
  began: z.array(releaseIssue),
  /** Resolved before, and seen again in it. */
  cameBack: z.array(releaseIssue),
  /** Somebody, or a commit, resolved them in it, and they have not come back. */
  resolved: z.array(releaseIssue),
});
export type ReleaseIssues = z.infer<typeof releaseIssues>;

export const getRelease = endpoint({
  method: 'GET',
  path: '/api/v1/releases/:release',
  summary: 'One release beside another: health, trend, new issues, deploys, commits, uploaded files',
  permission: 'viewer',
  params: z.object({ release: z.string().min(1).max(250) }),
  query: scopeQuery.extend({
    /** The release to compare with; '' for the one before it. */
    with: z.string().max(250).default(''),
  }),
  reply: z.object({
    release: releaseRow,
    other: releaseRow.nullable(),
    /** Releases to compare with, the one seen last first. */
    others: z.array(z.string()),
    trend: z.array(z.object({ at: z.number(), sessions: z.number(), crashedSessions: z.number() })),
    /** What each did to issues: that began with it, came back in it, or were resolved in it; at most 50 of each kind. */
    issues: releaseIssues,
    otherIssues: releaseIssues.nullable(),
    url: z.string(),
    deploys: z.array(z.object({ environment: z.string(), name: z.string(), url: z.string(), finishedAt: z.number() })),
    commits: z.array(
      z.object({
        id: z.string(),
        repository: z.string(),
        author: z.string(),
        message: z.string(),
        at: z.number().nullable(),
      }),
    ),
    files: z.object({ sources: z.number(), sourceMaps: z.number() }),
  }),
});
