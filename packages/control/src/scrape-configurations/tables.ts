import { customType, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

export const scrapeConfigurations = pgTable('scrape_configurations', {
  organisation: text('organisation').primaryKey(),
  contentSealed: bytes('content_sealed').notNull(),
  digest: text('digest').notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'date' }).notNull(),
  updatedBy: text('updated_by').notNull(),
});
