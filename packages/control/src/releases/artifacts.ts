import { ok } from '@sightline/base';
import { and, asc, desc, eq, inArray, lt, ne, sql, type SQL } from 'drizzle-orm';
import { refused, type ServicesContext } from '../services-context.ts';
import type { Artifact, Artifacts } from './port.ts';
import * as table from './tables.ts';

const foundAtMost = 500;
const filesAtMost = 50_000;
const writtenAtOnce = 1000;

const columns = {
  bundle: table.artifacts.bundle,
  path: table.artifacts.path,
  kind: table.artifacts.kind,
  url: table.artifacts.url,
  debugId: table.artifacts.debugId,
  mapReference: table.artifacts.mapReference,
  version: table.artifacts.version,
  dist: table.artifacts.dist,
  blob: table.artifacts.blob,
  sizeBytes: table.artifacts.sizeBytes,
};

export function artifacts({ db, clock }: ServicesContext): Artifacts {
  const newest = (where: SQL | undefined): Promise<Artifact[]> =>
    db
      .select(columns)
      .from(table.artifacts)
      .where(where)
      .orderBy(desc(table.artifacts.uploadedAt), asc(table.artifacts.path))
      .limit(foundAtMost);
  const own = (organisation: string) => eq(table.artifacts.organisation, organisation);
  return {
    put: async (organisation, files) => {
      if (files.length > filesAtMost)
        return refused('invalid', `A bundle holds ${files.length} files; at most ${filesAtMost}.`);
      const now = new Date(clock.now());
      const bundles = [...new Map(files.map((f) => [JSON.stringify([f.bundle, f.version, f.dist]), f])).values()];
      await db.transaction(async (tx) => {
        for (const { bundle, version, dist } of bundles) {
          const same = and(
            eq(table.artifacts.bundle, bundle),
            eq(table.artifacts.version, version),
            eq(table.artifacts.dist, dist),
          );
          await tx.delete(table.artifacts).where(and(own(organisation), same));
        }
        for (let at = 0; at < files.length; at += writtenAtOnce) {
          const rows = files
            .slice(at, at + writtenAtOnce)
            .map((file) => ({ ...file, organisation, uploadedAt: now, usedAt: now }));
          await tx.insert(table.artifacts).values(rows).onConflictDoNothing();
        }
      });
      return ok(undefined);
    },
    ofDebugIds: async (organisation, debugIds) =>
      debugIds.length === 0
        ? []
        : newest(and(own(organisation), inArray(table.artifacts.debugId, debugIds.slice(0, foundAtMost)))),
    ofUrls: async (organisation, version, urls) =>
      version === '' || urls.length === 0
        ? []
        : newest(
            and(
              own(organisation),
              eq(table.artifacts.version, version),
              inArray(table.artifacts.url, urls.slice(0, foundAtMost)),
            ),
          ),
    named: async (organisation, version, fileName) => {
      if (version === '' || fileName === '') return undefined;
      const end = `/${fileName}`;
      const found = await db
        .select(columns)
        .from(table.artifacts)
        .where(
          and(
            own(organisation),
            eq(table.artifacts.version, version),
            ne(table.artifacts.kind, 'source_map'),
            sql`right(${table.artifacts.url}, ${end.length}) = ${end}`,
          ),
        )
        .orderBy(desc(table.artifacts.uploadedAt), asc(table.artifacts.path))
        .limit(1);
      return found[0];
    },
    ofRelease: (organisation, version) =>
      db
        .select(columns)
        .from(table.artifacts)
        .where(and(own(organisation), eq(table.artifacts.version, version)))
        .orderBy(asc(table.artifacts.url))
        .limit(1000),
    hasRelease: async (organisation, version) => {
      const found = await db
        .select({ url: table.artifacts.url })
        .from(table.artifacts)
        .where(and(own(organisation), eq(table.artifacts.version, version)))
        .limit(1);
      return version !== '' && found.length > 0;
    },
    used: async (organisation, blobs) => {
      if (blobs.length === 0) return;
      await db
        .update(table.artifacts)
        .set({ usedAt: new Date(clock.now()) })
        .where(and(own(organisation), inArray(table.artifacts.blob, blobs.slice(0, foundAtMost))));
    },
    forget: async (beforeMs) => {
      const gone = await db
        .delete(table.artifacts)
        .where(lt(table.artifacts.usedAt, new Date(beforeMs)))
        .returning({ path: table.artifacts.path });
      return gone.length;
    },
  };
}
