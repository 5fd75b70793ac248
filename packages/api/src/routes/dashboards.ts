import {
  createDashboard,
  dashboardDocument,
  type Dashboard,
  type DashboardDocument,
  type DashboardSummary,
  deleteDashboard,
  exportDashboardPath,
  getDashboard,
  getDashboardVersion,
  importDashboard,
  listDashboards,
  listDashboardVersions,
  listDeploys,
  restoreDashboard,
  saveDashboard,
} from '@sightline/contract';
import type { KeptDashboard } from '@sightline/control';
import { readDeploys } from '@sightline/query';
import { z } from 'zod';
import { exportJson, fileName } from '../dashboards/export-json.ts';
import { readImport } from '../dashboards/read-import.ts';
import { readyDashboards } from '../dashboards/ready-dashboards.ts';
import { refusal } from '../problem.ts';
import { scopeOf } from '../read-scope.ts';
import { answer, type CallContext, doneReply, ProblemReply, refuse, type Route, stream } from '../route.ts';
import { answerRead } from './answer-read.ts';

/** Public dashboards of Grafana reach a few megabytes. */
const importLimitBytes = 8 * 1024 * 1024;

const factsOf = ({ title, description, folder, tags, panels }: DashboardDocument) => ({
  title,
  description,
  folder,
  tags,
  panels: panels.filter(({ type }) => type !== 'row').length,
});
const noDashboard = (id: string) => refuse(404, 'Not found', `There is no dashboard ${id} in this organisation.`);

/** A document as it is kept: one of an older form is refused here, not drawn half. */
function documentOf(kept: unknown): DashboardDocument | ProblemReply {
  const read = dashboardDocument.safeParse(kept);
  if (read.success) return read.data;
  const [first] = read.error.issues;
  return refuse(
    422,
    'The dashboard cannot be read',
    `Its document is of another form than this version of Sightline knows (${first?.path.join('.') ?? ''}: ${first?.message ?? ''}). An earlier version may be.`,
  );
}

function show(kept: KeptDashboard): Dashboard | ProblemReply {
  const document = documentOf(kept.document);
  if (document instanceof ProblemReply) return document;
  const { id, version, updatedAt, updatedBy } = kept;
  return { id, ready: readyDashboards().has(id), version, document, updatedAt, updatedBy };
}

const asShipped = (id: string, document: DashboardDocument): Dashboard => ({
  id,
  ready: true,
  version: 0,
  document,
  updatedAt: null,
  updatedBy: '',
});

async function find(id: string, { deps, caller }: CallContext): Promise<Dashboard | ProblemReply> {
  const kept = await deps.control.dashboards.find(caller.organisation, id);
  if (kept) return show(kept);
  const ready = readyDashboards().get(id);
  return ready ? asShipped(id, ready) : noDashboard(id);
}

/** Saves over `version`; a ready one that nobody has changed becomes the organisation's own. */
async function save(
  id: string,
  version: number,
  document: DashboardDocument,
  message: string,
  { deps, caller }: CallContext,
): Promise<Dashboard | ProblemReply> {
  const edit = { facts: factsOf(document), document, message };
  const { dashboards } = deps.control;
  const first = version === 0 && readyDashboards().has(id);
  const saved = first
    ? await dashboards.create(caller.organisation, edit, caller.actor, id)
    : await dashboards.save(caller.organisation, id, version, edit, caller.actor);
  return saved.ok ? show(saved.value) : refusal(saved.error);
}

const shippedVersion = { version: 0, at: null, author: '', message: 'As shipped' };

async function findVersion(id: string, version: number, { deps, caller }: CallContext) {
  if (version === 0) {
    const document = readyDashboards().get(id);
    return document ? { ...shippedVersion, document } : noDashboard(id);
  }
  const kept = await deps.control.dashboards.version(caller.organisation, id, version);
  if (!kept) return refuse(404, 'Not found', `There is no version ${version} of the dashboard ${id}.`);
  const document = documentOf(kept.document);
  return document instanceof ProblemReply ? document : { ...kept, document };
}

export const dashboardRoutes: readonly Route[] = [
  answer(listDashboards, async (_, { deps, caller }) => {
    const kept = await deps.control.dashboards.list(caller.organisation);
    const ready = readyDashboards();
    const own = kept.map((one): DashboardSummary => ({ ...one, tags: [...one.tags], ready: ready.has(one.id) }));
    const changed = new Set(kept.map(({ id }) => id));
    const shipped = [...ready]
      .filter(([id]) => !changed.has(id))
      .map(([id, document]): DashboardSummary => ({
        id,
        ...factsOf(document),
        ready: true,
        version: 0,
        updatedAt: null,
        updatedBy: '',
      }));
    return { dashboards: [...own, ...shipped].toSorted((a, b) => a.title.localeCompare(b.title)) };
  }),

  answer(getDashboard, ({ params }, context) => find(params.id, context)),

  answer(createDashboard, async ({ body }, { deps, caller, audit }) => {
    const { document, message } = body;
    const edit = { facts: factsOf(document), document, message };
    const made = await deps.control.dashboards.create(caller.organisation, edit, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('dashboard.create', document.title, message);
    return show(made.value);
  }),

  answer(saveDashboard, async ({ params, body }, context) => {
    const saved = await save(params.id, body.version, body.document, body.message, context);
    if (!(saved instanceof ProblemReply))
      await context.audit('dashboard.update', saved.document.title, `version ${saved.version}; ${body.message}`);
    return saved;
  }),

  answer(deleteDashboard, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.dashboards.remove(caller.organisation, params.id);
    if (!removed.ok) return refusal(removed.error);
    await audit('dashboard.delete', removed.value.title, `had version ${removed.value.version}`);
    return doneReply;
  }),

  answer(listDashboardVersions, async ({ params }, context) => {
    const { deps, caller } = context;
    const versions = await deps.control.dashboards.versions(caller.organisation, params.id);
    const ready = readyDashboards().has(params.id);
    if (versions.length === 0 && !ready) return noDashboard(params.id);
    return { versions: ready ? [...versions, shippedVersion] : versions };
  }),

  answer(getDashboardVersion, ({ params }, context) => findVersion(params.id, params.version, context)),

  answer(restoreDashboard, async ({ params, body }, context) => {
    const before = await findVersion(params.id, params.version, context);
    if (before instanceof ProblemReply) return before;
    const saved = await save(params.id, body.current, before.document, `Restored version ${params.version}`, context);
    if (!(saved instanceof ProblemReply))
      await context.audit('dashboard.restore', saved.document.title, `version ${params.version} as ${saved.version}`);
    return saved;
  }),

  stream(
    {
      method: 'GET',
      path: exportDashboardPath,
      permission: 'viewer',
      summary: 'A dashboard as a file',
      params: z.object({ id: z.string().max(100) }),
    },
    async ({ params }, context, reply) => {
      const found = await find(params.id, context);
      if (found instanceof ProblemReply) return found;
      await reply
        .header('content-disposition', `attachment; filename="${fileName(found.document.title)}"`)
        .header('cache-control', 'no-store')
        .type('application/json; charset=utf-8')
        .send(exportJson(found.document));
      return undefined;
    },
  ),

  {
    ...answer(importDashboard, async ({ body }, { deps, caller, audit }) => {
      const read = readImport(body.source);
      if (!read.ok)
        return refuse(422, 'This is no dashboard', read.error, { fields: { source: read.error.slice(0, 500) } });
      const { from, notes } = read.value;
      const document = body.folder === '' ? read.value.document : { ...read.value.document, folder: body.folder };
      if (!body.save) return { from, document, notes, id: '' };
      const edit = {
        facts: factsOf(document),
        document,
        message: from === 'grafana' ? 'Imported from Grafana' : 'Imported',
      };
      const made = await deps.control.dashboards.create(caller.organisation, edit, caller.actor);
      if (!made.ok) return refusal(made.error);
      await audit('dashboard.import', document.title, `from ${from}, ${notes.length} notes`);
      return { from, document, notes, id: made.value.id };
    }),
    bodyLimitBytes: importLimitBytes,
  },

  answerRead(listDeploys, async ({ query }, context) => {
    if (query.from >= query.to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
    const { deps, signal } = context;
    return readDeploys(deps.store, scopeOf(query, context), { signal });
  }),
];
