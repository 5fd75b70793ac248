import { integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const pipelineVersions = pgTable(
  'pipeline_versions',
  {
    organisation: text('organisation').notNull(),
    version: integer('version').notNull(),
    takesEffectAt: moment('takes_effect_at').notNull(),
    savedAt: moment('saved_at').notNull(),
    savedBy: text('saved_by').notNull(),
    pipelines: jsonb('pipelines').$type<readonly unknown[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organisation, table.version] })],
);
