import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { attributes, done, point, scopeQuery } from './common.ts';

/** online: heard within 2 min; late: within 10 min; offline: longer; unhealthy: online, and errors beyond the usual. */
export const siteState = z.enum(['healthy', 'degraded', 'unhealthy', 'late', 'offline']);
export type SiteState = z.infer<typeof siteState>;

export const siteSummary = z.object({
  code: z.string(),
  name: z.string(),
  city: z.string(),
  region: z.string(),
  latitude: z.number().nullable(),
  longitude: z.number().nullable(),
  timeZone: z.string(),
  state: siteState,
  /** The worst open thing in a few words: "payment errors", "offline 12 min", ''. */
  worst: z.string(),
  lastSeenAt: z.number().nullable(),
  release: z.string(),
  services: z.number(),
  errorsPerMin: z.number(),
  requestsPerMin: z.number(),
  errorRate: z.number(),
  p95Ms: z.number(),
  cpu: z.number().nullable(),
  memory: z.number().nullable(),
  disk: z.number().nullable(),
  queue: z.number().nullable(),
  paymentSuccess: z.number().nullable(),
  ordersToday: z.number(),
  revenueToday: z.number(),
  openIncidents: z.number(),
  /** One entry a minute for the last 30, oldest first. */
  health: z.array(z.enum(['good', 'warn', 'bad', 'none'])),
});
export type SiteSummary = z.infer<typeof siteSummary>;

export const fleet = endpoint({
  method: 'GET',
  path: '/api/v1/fleet',
  summary: 'Every site at a glance',
  permission: 'viewer',
  query: z.object({ environment: z.string().max(200).default('') }),
  reply: z.object({
    at: z.number(),
    sites: z.array(siteSummary),
    totals: z.object({
      sites: z.number(),
      online: z.number(),
      openIncidents: z.number(),
      errorsPerMin: z.number(),
      ordersToday: z.number(),
      revenueToday: z.number(),
      revenueSameWeekday: z.number().nullable(),
    }),
  }),
});

export const serviceState = z.object({
  service: z.string(),
  release: z.string(),
  environment: z.string(),
  lastSeenAt: z.number(),
  state: siteState,
  requestsPerMin: z.number(),
  errorRate: z.number(),
  p95Ms: z.number(),
  errorLogsPerMin: z.number(),
});
export const siteDetail = endpoint({
  method: 'GET',
  path: '/api/v1/sites/:code',
  summary: 'One site: its services, machines and recent health',
  permission: 'viewer',
  params: z.object({ code: z.string() }),
  query: scopeQuery.pick({ from: true, to: true }),
  reply: z.object({
    site: siteSummary,
    address: z.string(),
    attributes,
    services: z.array(serviceState),
    devices: z.array(z.object({ device: z.string(), services: z.array(z.string()), lastSeenAt: z.number() })),
    /** Lanes of the site's time line over the asked range. */
    lanes: z.array(
      z.object({ name: z.string(), unit: z.string(), kind: z.enum(['bar', 'line']), points: z.array(point) }),
    ),
    topIssues: z.array(z.object({ issue: z.string(), title: z.string(), events: z.number(), lastSeenAt: z.number() })),
  }),
});
export const updateSite = endpoint({
  method: 'PUT',
  path: '/api/v1/sites/:code',
  summary: 'Name and place of a site',
  permission: 'admin',
  params: z.object({ code: z.string() }),
  body: z.object({
    name: z.string().max(200),
    address: z.string().max(300).default(''),
    city: z.string().max(100).default(''),
    region: z.string().max(100).default(''),
    latitude: z.number().min(-90).max(90).nullable().default(null),
    longitude: z.number().min(-180).max(180).nullable().default(null),
    timeZone: z.string().max(60).default(''),
  }),
  reply: done,
});
/** Values for the scope pickers and completion. */
export const scopes = endpoint({
  method: 'GET',
  path: '/api/v1/scopes',
  summary: 'Environments, sites and services that report',
  permission: 'viewer',
  reply: z.object({ environments: z.array(z.string()), sites: z.array(z.string()), services: z.array(z.string()) }),
});
export const fault = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  active: z.boolean(),
  sites: z.array(z.string()),
});
export const listFaults = endpoint({
  method: 'GET',
  path: '/api/v1/demo/faults',
  summary: 'Faults of the demo fleet',
  permission: 'viewer',
  reply: z.object({ available: z.boolean(), faults: z.array(fault) }),
});
export const switchFault = endpoint({
  method: 'PUT',
  path: '/api/v1/demo/faults/:name',
  summary: 'Switch a fault of the demo fleet on or off',
  permission: 'responder',
  params: z.object({ name: z.string() }),
  body: z.object({ active: z.boolean(), sites: z.array(z.string()).max(500).default([]) }),
  reply: z.object({ faults: z.array(fault) }),
});
