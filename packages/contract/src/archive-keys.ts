import { z } from 'zod';
import { endpoint } from './endpoint.ts';

export const destroyArchiveKeys = endpoint({
  method: 'POST',
  path: '/api/v1/archive/destroy-keys',
  summary:
    'Destroy the keys of a retention class: nobody can read its archived logs again, and those in the store are deleted',
  permission: 'owner',
  body: z.object({
    /** '' for every class of the organisation. */
    class: z.string().regex(/^([a-z][a-z0-9_-]{0,39})?$/, 'a name of a retention class, or nothing for all'),
    reason: z.string().trim().min(1).max(300),
    /** The organisation's name, so that nobody does it by mistake. */
    confirm: z.string().max(200),
  }),
  reply: z.object({
    /** Number of the signed record in the archive. */
    record: z.number(),
    at: z.number(),
    keys: z.number(),
    unreadable: z.object({ files: z.number(), rows: z.number() }),
    deletedFiles: z.number(),
    deletedLogs: z.number(),
  }),
});
