import type { Agent } from './port.ts';
import type * as table from './tables.ts';

type Row = typeof table.agents.$inferSelect;

/** An agent as its row says; times in milliseconds. */
export const agentOf = (row: Row): Agent => ({
  id: row.id,
  organisation: row.organisation,
  site: row.site,
  name: row.name,
  enrolledAt: row.enrolledAt.getTime(),
  enrolledBy: row.enrolledBy,
  version: row.version,
  facts: row.facts,
  policy: row.policy,
  spool: row.spool,
  containers: row.containers,
  containersAt: row.containersAt?.getTime() ?? null,
  link: row.link,
  linkSince: row.linkSince.getTime(),
  lastSeenAt: row.lastSeenAt?.getTime() ?? null,
  lastAddress: row.lastAddress,
  clockSkewMs: row.clockSkewMs,
  linkFoundAt: row.linkFoundAt?.getTime() ?? null,
  linkVerdict: row.linkVerdict,
});
