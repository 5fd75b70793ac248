import { bigint, boolean, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import type { ArtifactKind } from './port.ts';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const releases = pgTable(
  'releases',
  {
    organisation: text('organisation').notNull(),
    version: text('version').notNull(),
    url: text('url').notNull(),
    ref: text('ref').notNull(),
    archived: boolean('archived').notNull().default(false),
    createdAt: moment('created_at').notNull(),
    releasedAt: moment('released_at'),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.version] })],
);

export const releaseCommits = pgTable(
  'release_commits',
  {
    organisation: text('organisation').notNull(),
    version: text('version').notNull(),
    position: integer('position').notNull(),
    commitId: text('commit_id').notNull(),
    repository: text('repository').notNull(),
    author: text('author').notNull(),
    message: text('message').notNull(),
    at: moment('at'),
    files: text('files').array().notNull().default([]),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.version, t.position] })],
);

export const releaseDeploys = pgTable('release_deploys', {
  id: text('id').primaryKey(),
  organisation: text('organisation').notNull(),
  version: text('version').notNull(),
  environment: text('environment').notNull(),
  name: text('name').notNull(),
  url: text('url').notNull(),
  startedAt: moment('started_at'),
  finishedAt: moment('finished_at').notNull(),
});

export const artifacts = pgTable(
  'artifacts',
  {
    organisation: text('organisation').notNull(),
    bundle: text('bundle').notNull(),
    path: text('path').notNull(),
    kind: text('kind').$type<ArtifactKind>().notNull(),
    url: text('url').notNull(),
    debugId: text('debug_id').notNull(),
    mapReference: text('map_reference').notNull(),
    version: text('version').notNull(),
    dist: text('dist').notNull(),
    blob: text('blob').notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    uploadedAt: moment('uploaded_at').notNull(),
    usedAt: moment('used_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.bundle, t.version, t.dist, t.path] })],
);
