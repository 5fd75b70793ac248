import { doublePrecision, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { SamplingRules } from './port.ts';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const samplingPolicies = pgTable('sampling_policies', {
  organisation: text('organisation').primaryKey(),
  name: text('name').notNull(),
  enabledAt: moment('enabled_at'),
  slowMs: doublePrecision('slow_ms'),
  share: doublePrecision('share').notNull(),
  services: jsonb('services').$type<SamplingRules['services']>().notNull(),
  waitMs: integer('wait_ms').notNull(),
  updatedAt: moment('updated_at').notNull(),
  updatedBy: text('updated_by').notNull(),
});
