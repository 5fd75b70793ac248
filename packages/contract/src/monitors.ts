import { z } from 'zod';
import { done, epochMs, point } from './common.ts';
import { endpoint } from './endpoint.ts';

export const monitorState = z.enum(['unknown', 'up', 'down', 'paused']);
export type MonitorState = z.infer<typeof monitorState>;
export const monitorSeverity = z.enum(['critical', 'high', 'medium', 'low']);

export const monitorSummary = z.object({
  id: z.string(),
  name: z.string(),
  /** `http`, `tcp`, `heartbeat`. */
  type: z.string(),
  /** What is looked at, without secrets: "GET https://shop.example/health". */
  target: z.string(),
  site: z.string(),
  runsOn: z.enum(['server', 'agent']),
  everyMs: z.number(),
  severity: monitorSeverity,
  state: monitorState,
  stateSince: z.number(),
  lastCheckedAt: z.number().nullable(),
  lastMessage: z.string(),
  lastDurationMs: z.number().nullable(),
});
export type MonitorSummary = z.infer<typeof monitorSummary>;

/** Shares of the measured time, 0…1; null where nothing was measured. */
const uptime = z.object({ day: z.number().nullable(), week: z.number().nullable(), quarter: z.number().nullable() });

export const monitorHistory = z.object({
  uptime,
  /** Ninety days in UTC, the last being today; null for a gap. */
  days: z.array(z.number().nullable()),
  /** Minutes down of the same days. */
  downMin: z.array(z.number()),
  /** Mean response of the last 24 hours, an hour each, ms. */
  response: z.array(z.number().nullable()),
});
export type MonitorHistory = z.infer<typeof monitorHistory>;

/** What people decide. `settings` are checked against the type's own schema; their faults come as `settings.<field>`. */
const monitorBody = z.object({
  name: z.string().trim().min(1, 'must not be empty').max(200),
  settings: z.record(z.string(), z.unknown()),
  site: z.string().max(200).default(''),
  runsOn: z.enum(['server', 'agent']).default('server'),
  everyMs: z.number().int().min(10_000, 'at least 10 s').max(2_678_400_000, 'at most 31 days').default(60_000),
  timeoutMs: z.number().int().min(100, 'at least 100 ms').max(120_000, 'at most 120 s').default(10_000),
  retries: z.number().int().min(0).max(10, 'at most 10').default(2),
  severity: monitorSeverity.default('high'),
  policy: z.string().max(100).default(''),
  runbook: z.string().max(2000).default(''),
  enabled: z.boolean().default(true),
});
export type MonitorBody = z.infer<typeof monitorBody>;

const idParams = z.object({ id: z.string().max(100) });
const type = z.enum(['http', 'tcp', 'heartbeat']);
export type MonitorTypeName = z.infer<typeof type>;

export const listMonitors = endpoint({
  method: 'GET',
  path: '/api/v1/monitors',
  summary: 'Every monitor and its state',
  permission: 'viewer',
  reply: z.object({ at: z.number(), monitors: z.array(monitorSummary) }),
});

export const listMonitorHistory = endpoint({
  method: 'GET',
  path: '/api/v1/monitors/history',
  summary: 'Ninety days of every monitor, by id; those without a result are missing',
  permission: 'viewer',
  reply: z.object({ at: z.number(), history: z.record(z.string(), monitorHistory) }),
});

export const monitorResult = z.object({
  at: z.number(),
  up: z.boolean(),
  durationMs: z.number(),
  message: z.string(),
  details: z.record(z.string(), z.string()),
});

export const getMonitor = endpoint({
  method: 'GET',
  path: '/api/v1/monitors/:id',
  summary: 'One monitor: settings, results, response times, incidents',
  permission: 'viewer',
  params: idParams,
  query: z.object({ from: epochMs, to: epochMs }),
  reply: z.object({
    monitor: monitorSummary,
    /** As they are edited, secrets hidden; null for who may not change them. */
    edit: monitorBody.extend({ type: z.string() }).nullable(),
    /** A heartbeat's address, for who may change it. */
    address: z.string().nullable(),
    /** Since when a heartbeat's job runs, as far as it said so. */
    startedAt: z.number().nullable(),
    /** When it is run next; of a heartbeat, when it is late. */
    nextAt: z.number().nullable(),
    history: monitorHistory.nullable(),
    results: z.array(monitorResult),
    response: z.object({ stepMs: z.number(), mean: z.array(point), worst: z.array(point), down: z.array(point) }),
    incidents: z.array(
      z.object({
        number: z.number(),
        title: z.string(),
        status: z.string(),
        severity: z.string(),
        openedAt: z.number(),
        resolvedAt: z.number().nullable(),
      }),
    ),
  }),
});

export const createMonitor = endpoint({
  method: 'POST',
  path: '/api/v1/monitors',
  summary: 'Create a monitor',
  permission: 'admin',
  body: monitorBody.extend({ type }),
  reply: z.object({ id: z.string(), address: z.string().nullable() }),
});

export const updateMonitor = endpoint({
  method: 'PUT',
  path: '/api/v1/monitors/:id',
  summary: 'Change a monitor; its type stays',
  permission: 'admin',
  params: idParams,
  body: monitorBody,
  reply: done,
});

export const pauseMonitor = endpoint({
  method: 'PUT',
  path: '/api/v1/monitors/:id/paused',
  summary: 'Pause a monitor, or go on with it',
  permission: 'admin',
  params: idParams,
  body: z.object({ paused: z.boolean() }),
  reply: done,
});

export const removeMonitor = endpoint({
  method: 'DELETE',
  path: '/api/v1/monitors/:id',
  summary: 'Remove a monitor; its finding is over',
  permission: 'admin',
  params: idParams,
  reply: done,
});

export const checkNow = endpoint({
  method: 'POST',
  path: '/api/v1/monitors/check',
  summary: 'Run a check once from the server and show its result; nothing is kept',
  permission: 'admin',
  body: z.object({
    type,
    settings: z.record(z.string(), z.unknown()),
    timeoutMs: z.number().int().min(100).max(25_000).default(10_000),
    /** The monitor whose hidden secrets are to be used; '' for none. */
    id: z.string().max(100).default(''),
  }),
  reply: z.object({
    up: z.boolean(),
    message: z.string(),
    durationMs: z.number(),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
});

export const siteHistory = endpoint({
  method: 'GET',
  path: '/api/v1/sites/:code/history',
  summary: 'What people did to a site, and its incidents, newest first',
  permission: 'viewer',
  params: z.object({ code: z.string().min(1).max(200) }),
  query: z.object({
    limit: z.coerce.number().int().min(1).max(200).default(50),
    /** `next` of the page before; '' to begin. */
    cursor: z.string().max(20).default(''),
  }),
  reply: z.object({
    entries: z.array(
      z.object({
        id: z.string(),
        at: z.number(),
        actor: z.string(),
        action: z.string(),
        subject: z.string(),
        detail: z.string(),
      }),
    ),
    /** Only with the first page; at most 50. */
    incidents: z.array(
      z.object({
        number: z.number(),
        title: z.string(),
        severity: monitorSeverity,
        status: z.enum(['open', 'acknowledged', 'resolved']),
        openedAt: z.number(),
        resolvedAt: z.number().nullable(),
        resolvedHow: z.string(),
      }),
    ),
    next: z.string(),
  }),
});
