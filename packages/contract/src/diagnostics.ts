import { z } from 'zod';
import { container } from './agents.ts';
import { endpoint } from './endpoint.ts';

const params = z.object({ site: z.string().min(1).max(200) });
const service = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'a service is named by letters, digits, dots, dashes and underscores');

/** CPU, memory, disks and networks of the site's machine, now. `usage` is a share of 1. */
export const readSystemInfo = endpoint({
  method: 'GET',
  path: '/diagnostics/:site/system-info',
  summary: 'CPU, memory, disk and network of a site, asked of its agent',
  permission: 'viewer',
  params,
  reply: z.object({
    host: z.string(),
    os: z.string(),
    arch: z.string(),
    uptimeS: z.number(),
    cpu: z.object({ cores: z.number(), model: z.string(), usage: z.number(), load: z.array(z.number()) }),
    memory: z.object({ totalBytes: z.number(), usedBytes: z.number(), availableBytes: z.number() }),
    disks: z.array(
      z.object({ mount: z.string(), totalBytes: z.number(), usedBytes: z.number(), freeBytes: z.number() }),
    ),
    networks: z.array(
      z.object({ name: z.string(), addresses: z.array(z.string()), receivedBytes: z.number(), sentBytes: z.number() }),
    ),
    agent: z.object({ version: z.string(), uptimeS: z.number(), rssBytes: z.number() }),
  }),
});

export const readDockerStatus = endpoint({
  method: 'GET',
  path: '/diagnostics/:site/docker-status',
  summary: 'Containers of a site as they are now, asked of its agent',
  permission: 'viewer',
  params,
  reply: z.object({ engine: z.string(), containers: z.array(container) }),
});

export const readServiceLogs = endpoint({
  method: 'GET',
  path: '/diagnostics/:site/logs',
  summary: 'The last lines of a service at a site, asked of its agent',
  permission: 'viewer',
  params,
  query: z.object({
    service,
    lines: z.coerce.number().int().min(1).max(5000).default(100),
    /** Milliseconds since the epoch; 0 for no bound. */
    since: z.coerce.number().int().min(0).default(0),
  }),
  reply: z.object({
    service: z.string(),
    container: z.string(),
    /** True when older lines were left off. */
    cut: z.boolean(),
    lines: z.array(z.object({ at: z.number().nullable(), stream: z.enum(['stdout', 'stderr']), text: z.string() })),
  }),
});

export const restartService = endpoint({
  method: 'POST',
  path: '/diagnostics/:site/restart-service',
  summary: 'Restart a service at a site; audited',
  permission: 'responder',
  params,
  body: z.object({
    service,
    /** How long it may take to stop before it is killed. */
    timeoutS: z.coerce.number().int().min(0).max(300).default(10),
    reason: z.string().max(500).default(''),
  }),
  reply: z.object({
    service: z.string(),
    container: z.string(),
    stateBefore: z.string(),
    stateAfter: z.string(),
    tookMs: z.number(),
  }),
});
