import { ok } from '@sightline/base';
import { and, asc, desc, eq } from 'drizzle-orm';
import { newId } from '../secrets.ts';
import { only, refused, type ServicesContext } from '../services-context.ts';
import type { Release, ReleaseCommit, ReleaseDeploy, Releases } from './port.ts';
import * as table from './tables.ts';

const releasesAtMost = 1000;
const commitsAtMost = 1000;
const deploysAtMost = 200;
const filesAtMost = 200;

const toRelease = (row: typeof table.releases.$inferSelect): Release => ({
  version: row.version,
  url: row.url,
  ref: row.ref,
  archived: row.archived,
  createdAt: row.createdAt.getTime(),
  releasedAt: row.releasedAt?.getTime() ?? null,
});
const toDeploy = (row: typeof table.releaseDeploys.$inferSelect): ReleaseDeploy => ({
  id: row.id,
  version: row.version,
  environment: row.environment,
  name: row.name,
  url: row.url,
  startedAt: row.startedAt?.getTime() ?? null,
  finishedAt: row.finishedAt.getTime(),
});
/** PostgreSQL stores no NUL and no lone surrogate. */
const storable = (text: string, limit: number): string =>
  text.slice(0, limit).toWellFormed().replaceAll('\0', '\uFFFD');

export function releases({ db, clock }: ServicesContext): Releases {
  const ofVersion = (
    rows: typeof table.releases | typeof table.releaseCommits | typeof table.releaseDeploys,
    organisation: string,
    version: string,
  ) => and(eq(rows.organisation, organisation), eq(rows.version, version));
  const find: Releases['find'] = async (organisation, version) => {
    const [row] = await db
      .select()
      .from(table.releases)
      .where(ofVersion(table.releases, organisation, version));
    return row && toRelease(row);
  };
  return {
    find,
    list: async (organisation, limit = releasesAtMost) =>
      (
        await db
          .select()
          .from(table.releases)
          .where(eq(table.releases.organisation, organisation))
          .orderBy(desc(table.releases.createdAt), asc(table.releases.version))
          .limit(Math.min(limit, releasesAtMost))
      ).map(toRelease),
    put: async (organisation, version, change) => {
      if (version.trim() === '' || version.length > 250 || /[\0\n\r\t]/.test(version))
        return refused('invalid', 'A version has 1 to 250 characters, no line breaks and no tabs.');
      const set = {
        ...(change.url !== undefined && { url: storable(change.url, 2000) }),
        ...(change.ref !== undefined && { ref: storable(change.ref, 250) }),
        ...(change.archived !== undefined && { archived: change.archived }),
        ...(change.releasedAt !== undefined && { releasedAt: new Date(change.releasedAt) }),
      };
      const known = await find(organisation, version);
      if (known && Object.keys(set).length === 0) return ok({ release: known, created: false });
      const values = { organisation, version, url: '', ref: '', createdAt: new Date(clock.now()), ...set };
      const insert = db.insert(table.releases).values(values);
      const key = { target: [table.releases.organisation, table.releases.version] };
      // Where nothing is to change, an update of the key with itself gives the row all the same.
      const rows = await insert
        .onConflictDoUpdate({ ...key, set: Object.keys(set).length === 0 ? { version } : set })
        .returning();
      return ok({ release: toRelease(only(rows)), created: known === undefined });
    },
    remove: (organisation, version) =>
      db.transaction(async (tx) => {
        const files = and(eq(table.artifacts.organisation, organisation), eq(table.artifacts.version, version));
        // What carries a debug id is found by that, whatever release it was uploaded with.
        await tx.delete(table.artifacts).where(and(files, eq(table.artifacts.debugId, '')));
        const gone = await tx
          .delete(table.releases)
          .where(ofVersion(table.releases, organisation, version))
          .returning({ version: table.releases.version });
        return gone.length > 0;
      }),
    setCommits: async (organisation, version, commits) => {
      await db.transaction(async (tx) => {
        await tx.delete(table.releaseCommits).where(ofVersion(table.releaseCommits, organisation, version));
        const rows = commits.slice(0, commitsAtMost).map((commit, position) => ({
          organisation,
          version,
          position,
          commitId: storable(commit.id, 64),
          repository: storable(commit.repository, 200),
          author: storable(commit.author, 254),
          message: storable(commit.message, 2000),
          at: commit.at === null ? null : new Date(commit.at),
          files: commit.files.slice(0, filesAtMost).map((file) => storable(file, 500)),
        }));
        if (rows.length > 0) await tx.insert(table.releaseCommits).values(rows);
      });
    },
    commits: async (organisation, version) => {
      const rows = await db
        .select()
        .from(table.releaseCommits)
        .where(ofVersion(table.releaseCommits, organisation, version))
        .orderBy(asc(table.releaseCommits.position))
        .limit(commitsAtMost);
      return rows.map((row): ReleaseCommit => ({
        id: row.commitId,
        repository: row.repository,
        author: row.author,
        message: row.message,
        at: row.at?.getTime() ?? null,
        files: row.files,
      }));
    },
    deploy: async (organisation, version, deploy) => {
      if (!(await find(organisation, version))) return refused('not-found', `There is no release ${version}.`);
      const rows = await db
        .insert(table.releaseDeploys)
        .values({
          id: newId('dpl'),
          organisation,
          version,
          environment: storable(deploy.environment, 64),
          name: storable(deploy.name, 200),
          url: storable(deploy.url, 2000),
          startedAt: deploy.startedAt === null ? null : new Date(deploy.startedAt),
          finishedAt: new Date(deploy.finishedAt ?? clock.now()),
        })
        .returning();
      return ok(toDeploy(only(rows)));
    },
    deploys: async (organisation, version) =>
      (
        await db
          .select()
          .from(table.releaseDeploys)
          .where(
            version === ''
              ? eq(table.releaseDeploys.organisation, organisation)
              : ofVersion(table.releaseDeploys, organisation, version),
          )
          .orderBy(desc(table.releaseDeploys.finishedAt))
          .limit(deploysAtMost)
      ).map(toDeploy),
  };
}
