import { pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import type { TeamRole } from './port.ts';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const teams = pgTable(
  'teams',
  {
    organisation: text('organisation').notNull(),
    slug: text('slug').notNull(),
    name: text('name').notNull(),
    createdAt: moment('created_at').notNull(),
    createdBy: text('created_by').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.slug] })],
);

export const teamMembers = pgTable(
  'team_members',
  {
    organisation: text('organisation').notNull(),
    team: text('team').notNull(),
    person: text('person').notNull(),
    role: text('role').$type<TeamRole>().notNull(),
    addedAt: moment('added_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.organisation, t.team, t.person] })],
);
