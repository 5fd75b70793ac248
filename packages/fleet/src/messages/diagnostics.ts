import { z } from 'zod';
import { containerState } from './link.ts';

/**
 * What may be asked of an agent. The agent's side of each is `apps/agent/src/diagnostics/<name>/`; here stands what both
 * sides and the documents must know. A new one is an entry here and a folder there.
 */
export interface Diagnostic<Input extends z.ZodType = z.ZodType, Reply extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly title: string;
  /** Of `/diagnostics/<site>/<name>`. */
  readonly method: 'GET' | 'POST';
  /** The least role that may ask. Whatever changes something needs more than a viewer. */
  readonly permission: 'viewer' | 'responder' | 'admin';
  /** True when it changes something at the site: it is confirmed, and audited with its input. */
  readonly changes: boolean;
  readonly input: Input;
  readonly reply: Reply;
  readonly deadlineMs: number;
}

export function diagnostic<Input extends z.ZodType, Reply extends z.ZodType>(
  definition: Diagnostic<Input, Reply>,
): Diagnostic<Input, Reply> {
  return definition;
}

const serviceName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'a service is named by letters, digits, dots, dashes and underscores');

export const systemInfo = diagnostic({
  name: 'system-info',
  title: 'System info',
  method: 'GET',
  permission: 'viewer',
  changes: false,
  input: z.object({}),
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
      z.object({
        name: z.string(),
        addresses: z.array(z.string()),
        receivedBytes: z.number(),
        sentBytes: z.number(),
      }),
    ),
    agent: z.object({ version: z.string(), uptimeS: z.number(), rssBytes: z.number() }),
  }),
  deadlineMs: 10_000,
});

export const dockerStatus = diagnostic({
  name: 'docker-status',
  title: 'Containers',
  method: 'GET',
  permission: 'viewer',
  changes: false,
  input: z.object({}),
  reply: z.object({ engine: z.string(), containers: z.array(containerState) }),
  deadlineMs: 10_000,
});

export const serviceLogs = diagnostic({
  name: 'logs',
  title: 'Logs of a service',
  method: 'GET',
  permission: 'viewer',
  changes: false,
  input: z.object({
    service: serviceName,
    /** Last lines. */
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
  deadlineMs: 20_000,
});

export const restartService = diagnostic({
  name: 'restart-service',
  title: 'Restart a service',
  method: 'POST',
  permission: 'responder',
  changes: true,
  input: z.object({
    service: serviceName,
    /** How long the service may take to stop before it is killed. */
    timeoutS: z.coerce.number().int().min(0).max(300).default(10),
    /** Why, for the audit trail; people are asked for it. */
    reason: z.string().max(500).default(''),
  }),
  reply: z.object({
    service: z.string(),
    container: z.string(),
    stateBefore: z.string(),
    stateAfter: z.string(),
    tookMs: z.number(),
  }),
  deadlineMs: 330_000,
});

/** Every diagnostic, in the order in which people see them. */
export const diagnostics = [systemInfo, dockerStatus, serviceLogs, restartService] as const;
