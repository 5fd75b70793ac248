import { z } from 'zod';
import { done, scopeQuery } from './common.ts';
import { dashboardDocument, importNote } from './dashboard-document.ts';
import { endpoint } from './endpoint.ts';

export const dashboardSummary = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  folder: z.string(),
  tags: z.array(z.string()),
  panels: z.number(),
  /** Ships with Sightline. */
  ready: z.boolean(),
  /** 0: as shipped, nobody has changed it. */
  version: z.number(),
  /** null and '' where nobody has changed it. */
  updatedAt: z.number().nullable(),
  updatedBy: z.string(),
});
export type DashboardSummary = z.infer<typeof dashboardSummary>;

export const dashboard = z.object({
  id: z.string(),
  ready: z.boolean(),
  version: z.number(),
  document: dashboardDocument,
  updatedAt: z.number().nullable(),
  updatedBy: z.string(),
});
export type Dashboard = z.infer<typeof dashboard>;

export const listDashboards = endpoint({
  method: 'GET',
  path: '/api/v1/dashboards',
  summary: 'Dashboards by title, those that ship with Sightline among them',
  permission: 'viewer',
  reply: z.object({ dashboards: z.array(dashboardSummary) }),
});

const id = z.object({ id: z.string().max(100) });
export const getDashboard = endpoint({
  method: 'GET',
  path: '/api/v1/dashboards/:id',
  summary: 'One dashboard',
  permission: 'viewer',
  params: id,
  reply: dashboard,
});

const message = z.string().trim().max(500).default('');
export const createDashboard = endpoint({
  method: 'POST',
  path: '/api/v1/dashboards',
  summary: 'Create a dashboard',
  permission: 'responder',
  body: z.object({ document: dashboardDocument, message }),
  reply: dashboard,
});
export const saveDashboard = endpoint({
  method: 'PUT',
  path: '/api/v1/dashboards/:id',
  summary: 'Save a dashboard as a new version; refused when another version was saved since `version`',
  permission: 'responder',
  params: id,
  body: z.object({ document: dashboardDocument, message, version: z.number().int().min(0) }),
  reply: dashboard,
});
export const deleteDashboard = endpoint({
  method: 'DELETE',
  path: '/api/v1/dashboards/:id',
  summary: 'Delete a dashboard with its versions; one that ships with Sightline is as shipped again',
  permission: 'responder',
  params: id,
  reply: done,
});

export const dashboardVersion = z.object({
  version: z.number(),
  at: z.number().nullable(),
  author: z.string(),
  message: z.string(),
});
export type DashboardVersion = z.infer<typeof dashboardVersion>;
export const listDashboardVersions = endpoint({
  method: 'GET',
  path: '/api/v1/dashboards/:id/versions',
  summary: 'Versions of a dashboard, newest first; the last 200 are kept',
  permission: 'viewer',
  params: id,
  reply: z.object({ versions: z.array(dashboardVersion) }),
});
const idAndVersion = z.object({ id: z.string().max(100), version: z.coerce.number().int().min(0).max(2_147_483_647) });
export const getDashboardVersion = endpoint({
  method: 'GET',
  path: '/api/v1/dashboards/:id/versions/:version',
  summary: 'A dashboard as it was; version 0 is as shipped',
  permission: 'viewer',
  params: idAndVersion,
  reply: dashboardVersion.extend({ document: dashboardDocument }),
});
export const restoreDashboard = endpoint({
  method: 'POST',
  path: '/api/v1/dashboards/:id/versions/:version/restore',
  summary: 'Save an earlier version as the newest; refused when another was saved since `current`',
  permission: 'responder',
  params: idAndVersion,
  body: z.object({ current: z.number().int().min(0) }),
  reply: dashboard,
});

/** Not JSON of this contract: the document as a file, `content-disposition: attachment`. */
export const exportDashboardPath = '/api/v1/dashboards/:id/export';

/** A dashboard of ours or of Grafana (as exported, or as its API wraps it), told apart by its form. */
export const importDashboard = endpoint({
  method: 'POST',
  path: '/api/v1/dashboards/import',
  summary: 'Read a dashboard of ours or of Grafana, and keep it where `save` says so',
  permission: 'responder',
  body: z.object({
    source: z.record(z.string(), z.unknown()),
    folder: z.string().max(100).default(''),
    save: z.boolean(),
  }),
  reply: z.object({
    from: z.enum(['sightline', 'grafana']),
    document: dashboardDocument,
    /** What could not be carried over, in the order of the panels. */
    notes: z.array(importNote),
    /** Of the dashboard that was made; '' where nothing was saved. */
    id: z.string(),
  }),
});

export const deploy = z.object({ at: z.number(), service: z.string(), release: z.string(), sites: z.number() });
export type Deploy = z.infer<typeof deploy>;
export const listDeploys = endpoint({
  method: 'GET',
  path: '/api/v1/deploys',
  summary: 'Releases that were first seen within a range, oldest first, the newest 100 at most',
  permission: 'viewer',
  query: scopeQuery,
  reply: z.object({
    deploys: z.array(deploy),
    /** Older ones of the range are left out. */
    cut: z.boolean(),
  }),
});
