import { type ApiDeps, registerApi } from '@sightline/api';
import type { FastifyInstance } from 'fastify';
import type { StageParts } from '../stage.ts';
import { registerInterface } from '../web-interface.ts';
import { archiveUnread, openArchiveReads, openArchiveRecords, openDayProofs, openRestores } from './archive.ts';

/** What the API shows of the rest of this process. */
export type QueryApiParts = Omit<
  ApiDeps,
  'store' | 'control' | 'clock' | 'logger' | 'archive' | 'archiveRecords' | 'dayProofs' | 'archiveUnread'
>;

/**
 * Registers the API and the interface of the role `query` on `app`, with the archive as a place to search. `start` begins to bring back
 * what people ask for; call it once the port is bound.
 */
export async function openQueryApi(
  app: FastifyInstance,
  stage: StageParts,
  parts: QueryApiParts,
): Promise<{ start(): void }> {
  const { stores, reads, clock, logger } = stage;
  const archive = await openArchiveReads(stage);
  const unread = archiveUnread(stage);
  if (unread !== undefined) logger.warn(unread, { part: 'archive' });
  const restores = archive && openRestores(stage, archive);
  const archiveRecords = await openArchiveRecords(stage);
  const dayProofs = await openDayProofs(stage);
  await registerApi(app, {
    ...parts,
    store: reads,
    control: stores.control,
    clock,
    logger,
    ...(archive ? { archive } : {}),
    ...(archiveRecords ? { archiveRecords } : {}),
    ...(dayProofs ? { dayProofs } : {}),
    ...(unread === undefined ? {} : { archiveUnread: unread }),
  });
  await registerInterface(app);
  return { start: () => restores?.start() };
}
