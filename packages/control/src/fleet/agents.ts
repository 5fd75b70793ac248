import { LruCache, ok } from '@sightline/base';
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { apiKeys } from '../database/schema.ts';
import { storableJson, storableValue } from '../database/storable-json.ts';
import { insertKey } from '../keys.ts';
import { hashSecret, letters, newId } from '../secrets.ts';
import { only, refused, type ServicesContext } from '../services-context.ts';
import { agentOf } from './agent-row.ts';
import { linkWatchRows } from './link-watch-rows.ts';
import type { Agents, FoundAgent, LinkBefore } from './port.ts';
import * as table from './tables.ts';

const cachedForMs = 5000;
const cachedAgents = 10_000;
const longestToken = 512;
const listedAtMost = 5000;

export function agents(context: ServicesContext): Agents {
  const { db, clock } = context;
  const found = new LruCache<string, FoundAgent | 'revoked'>(cachedAgents, cachedForMs, clock);
  // Apart, so that a flood of wrong tokens cannot push out the right ones.
  const missing = new LruCache<string, true>(cachedAgents, cachedForMs, clock);

  const lookUp = async (hash: Buffer): Promise<FoundAgent | 'revoked' | undefined> => {
    const [row] = await db.select().from(table.agents).where(eq(table.agents.tokenHash, hash));
    if (!row) return undefined;
    if (row.revokedAt) return 'revoked';
    const { id, organisation, site, name, keyId, clockSkewMs } = row;
    return { id, organisation, site, name, keyId, clockSkewMs };
  };

  const live = (organisation: string) =>
    and(eq(table.agents.organisation, organisation), isNull(table.agents.revokedAt));

  return {
    enrol: enrolmentWith(context),
    findByToken: async (token) => {
      if (token.length === 0 || token.length > longestToken) return undefined;
      const hash = hashSecret(token);
      const cacheKey = hash.toString('base64');
      if (missing.get(cacheKey)) return undefined;
      const known = found.get(cacheKey);
      if (known) return known;
      const agent = await lookUp(hash);
      // Set once per look-up, never renewed by use: another server's revocation takes effect within the cache's age.
      if (agent) found.set(cacheKey, agent);
      else missing.set(cacheKey, true);
      return agent;
    },
    list: async (organisation, site) => {
      const rows = await db
        .select()
        .from(table.agents)
        .where(site === undefined ? live(organisation) : and(live(organisation), eq(table.agents.site, site)))
        .orderBy(asc(table.agents.site), asc(table.agents.enrolledAt))
        .limit(listedAtMost);
      return rows.map(agentOf);
    },
    find: async (organisation, id) => {
      const [row] = await db
        .select()
        .from(table.agents)
        .where(and(live(organisation), eq(table.agents.id, id)));
      return row && agentOf(row);
    },
    revoke: (organisation, id) =>
      db.transaction(async (tx) => {
        const revokedAt = new Date(clock.now());
        const [row] = await tx
          .update(table.agents)
          .set({ revokedAt })
          .where(and(live(organisation), eq(table.agents.id, id)))
          .returning();
        if (!row) return refused('not-found', 'There is no agent of this id.');
        await tx
          .update(apiKeys)
          .set({ revokedAt })
          .where(and(eq(apiKeys.id, row.keyId), isNull(apiKeys.revokedAt)));
        found.delete(row.tokenHash.toString('base64'));
        return ok(agentOf(row));
      }),
    linkUp: (id, session, said, judge) =>
      db.transaction(async (tx) => {
        const hello = storableValue(said);
        const [row] = await tx
          .select()
          .from(table.agents)
          .where(and(eq(table.agents.id, id), isNull(table.agents.revokedAt)))
          .for('update');
        if (!row) return undefined;
        const { link, linkSince, lastSeenAt, linkFoundAt, lastAddress } = agentOf(row);
        const before: LinkBefore = { link, linkSince, lastSeenAt, linkFoundAt, lastAddress };
        const now = new Date(clock.now());
        const verdict = judge(before);
        await tx
          .update(table.agents)
          .set({
            version: hello.version,
            facts: hello.facts,
            policy: hello.policy,
            spool: hello.spool,
            lastAddress: hello.address,
            lastSeenAt: now,
            link: 'up',
            linkSession: session,
            ...(link === 'up' ? {} : { linkSince: now }),
            ...(verdict === '' ? {} : { linkVerdict: verdict }),
          })
          .where(eq(table.agents.id, id));
        return before;
      }),
    linkDown: async (id, session, at) => {
      await db
        .update(table.agents)
        .set({ link: 'down', linkSince: new Date(at), linkSession: '' })
        .where(and(eq(table.agents.id, id), eq(table.agents.linkSession, session)));
    },
    saw: async (seen) => {
      if (seen.length === 0) return new Set();
      // One statement for all: a hundred agents cost one round trip.
      const { rows } = await db.execute<{ session: string }>(sql`
        UPDATE agents AS a SET
          link = 'up',
          link_since = CASE WHEN a.link = 'up' THEN a.link_since ELSE to_timestamp(s.at / 1000.0) END,
          last_seen_at = to_timestamp(s.at / 1000.0),
          spool = coalesce(s.spool, a.spool),
          policy = coalesce(s.policy, a.policy),
          clock_skew_ms = coalesce(s.skew, a.clock_skew_ms),
          containers = coalesce(s.containers, a.containers),
          containers_at = CASE WHEN s.containers IS NULL THEN a.containers_at ELSE to_timestamp(s.at / 1000.0) END
        FROM jsonb_to_recordset(${storableJson(
          seen.map(({ agent, session, at, spool, policy, clockSkewMs, containers }) => {
            return { agent, session, at, spool, policy, skew: clockSkewMs, containers };
          }),
        )}::jsonb) AS s(agent text, session text, at double precision, spool jsonb, policy jsonb, skew double precision, containers jsonb)
        WHERE a.id = s.agent AND a.link_session = s.session AND a.revoked_at IS NULL
        RETURNING s.session`);
      return new Set(rows.map((row) => row.session));
    },
    whyLost: async (id) => {
      const [row] = await db
        .select({ revokedAt: table.agents.revokedAt })
        .from(table.agents)
        .where(eq(table.agents.id, id));
      return row && row.revokedAt === null ? 'replaced' : 'revoked';
    },
    watch: linkWatchRows(context),
  };
}

/** Turns a one-time token into an agent with its key. */
function enrolmentWith({ db, clock, sealer }: ServicesContext): Agents['enrol'] {
  return async (token, said) => {
    const about = storableValue(said);
    if (token.length > longestToken) return refused('not-found', unknownToken);
    return db.transaction(async (tx) => {
      const [enrolment] = await tx
        .select()
        .from(table.enrolments)
        .where(eq(table.enrolments.tokenHash, hashSecret(token)))
        .for('update');
      if (!enrolment) return refused('not-found', unknownToken);
      const { organisation, site, createdBy } = enrolment;
      if (enrolment.usedAt)
        return refused(
          'conflict',
          `This enrolment token was used already, at ${enrolment.usedAt.toISOString()}. Each is good for one agent: make another in Settings → Agents.`,
        );
      const now = new Date(clock.now());
      if (enrolment.expiresAt <= now)
        return refused(
          'expired',
          `This enrolment token ran out at ${enrolment.expiresAt.toISOString()}. Make another in Settings → Agents.`,
        );
      const id = newId('agt');
      const secret = `sl_agent_${letters(40)}`;
      const key = await insertKey(tx, sealer, {
        organisation,
        name: `Agent ${about.name} of ${site}`.slice(0, 100),
        permissions: ['ingest'],
        site,
        secret: `sl_ingest_${letters(40)}`,
        createdBy,
        now,
      });
      if (!key) throw new Error('two random keys were equal');
      const rows = await tx
        .insert(table.agents)
        .values({
          id,
          organisation,
          site,
          name: about.name,
          tokenHash: hashSecret(secret),
          keyId: key.id,
          enrolledAt: now,
          enrolledBy: createdBy,
          version: about.version,
          facts: about.facts,
          policy: {},
          spool: {},
          link: 'never',
          linkSince: now,
          lastAddress: about.address,
        })
        .returning();
      await tx
        .update(table.enrolments)
        .set({ usedAt: now, agent: id })
        .where(eq(table.enrolments.tokenHash, enrolment.tokenHash));
      return ok({ agent: agentOf(only(rows)), token: secret });
    });
  };
}

const unknownToken =
  'This enrolment token is not known here. Check that it was copied whole and that --server is right, or make another in Settings → Agents.';
