import { LruCache } from '@sightline/base';
import {
  evidencePeriod,
  getEvidence,
  getRetention,
  liftHold,
  listHolds,
  placeHold,
  previewRetention,
  saveRetention,
  storedRetention,
} from '@sightline/contract';
import type { KeptClasses } from '@sightline/control';
import { classCondition, classExpression, previewClasses, readHotClasses, readSeenSites } from '@sightline/query';
import { builtInClasses } from '@sightline/record';
import { evidenceHtml } from '../evidence/evidence-html.ts';
import { evidenceOf, periodOf } from '../evidence/evidence.ts';
import { nearNames } from '../near-names.ts';
import { refusal } from '../problem.ts';
import { answer, type CallContext, type ProblemReply, refuse, type Route, stream } from '../route.ts';
import { reading } from '../store-fault.ts';

const dayMs = 86_400_000;
const deletionsShown = 100;
const countTimeoutMs = 30_000;

const shown = (kept: KeptClasses | undefined) => ({
  classes: (kept?.classes ?? builtInClasses).map((one) => ({ ...one })),
  retired: (kept?.retired ?? []).map((one) => ({ ...one })),
  updatedAt: kept?.updatedAt ?? null,
  updatedBy: kept?.updatedBy ?? '',
});

/** A class's query that cannot be read, as a refusal that names class and place. */
const classFault = ({
  name,
  message,
  position,
}: {
  name: string;
  message: string;
  position: { from: number; to: number };
}): ProblemReply =>
  refuse(
    422,
    'A query cannot be read',
    `${name === '' ? 'The query' : `The query of ${name}`}, at character ${position.from + 1}: ${message}.`,
    {
      position,
      fields: { query: message },
    },
  );

/** What was sampled, or a refusal, as `reading`: the engine tries the queries on nothing, so that no load fails by one later. */
const tried = (
  classes: readonly { readonly name: string; readonly query: string }[],
  { deps, caller, signal }: CallContext,
): Promise<ProblemReply | undefined> =>
  reading(async () => {
    const found = await previewClasses(
      deps.store,
      { organisation: caller.organisation, classes, fromMs: deps.clock.now() - 60_000, toMs: deps.clock.now() },
      { signal },
    );
    return found.ok ? undefined : classFault(found.error);
  });

const hourMs = 3_600_000;
const noted = new WeakMap<CallContext['deps'], LruCache<string, true>>();

/** Notes that somebody read the evidence of a period, once an hour: the page asks anew at each view. */
async function noteReading(period: string, { deps, caller, audit }: CallContext): Promise<void> {
  const known = noted.get(deps) ?? new LruCache<string, true>(1000, hourMs, deps.clock);
  noted.set(deps, known);
  const key = JSON.stringify([caller.organisation, caller.actor, period]);
  if (known.get(key)) return;
  known.set(key, true);
  await audit('evidence.read', period);
}

/** Why a site is none: no record of it ever came. Names those that may be meant. */
async function siteFault(site: string, { deps, caller, signal }: CallContext): Promise<string | undefined> {
  const { organisation } = caller;
  const known = (await deps.control.sites.list(organisation)).map(({ code }) => code);
  if (known.includes(site)) return undefined;
  // Those that nobody has looked at yet on the fleet page.
  const heard = (
    await readSeenSites(deps.store, { organisation, environment: '', nowMs: deps.clock.now() }, { signal })
  ).map(({ site: code }) => code);
  if (heard.includes(site)) return undefined;
  const near = nearNames(site, new Set([...known, ...heard]));
  return `no site is called ${site}${near.length === 0 ? '.' : `: do you mean ${near.join(' or ')}?`}`;
}

export const retentionRoutes: readonly Route[] = [
  answer(getRetention, async (_, { deps, caller }) => shown(await deps.control.retention.find(caller.organisation))),

  answer(saveRetention, async ({ body }, context) => {
    const { deps, caller, audit } = context;
    const expression = classExpression(body.classes, 'class_');
    if (!expression.ok) return classFault(expression.error);
    const refusedQuery = await tried(body.classes, context);
    if (refusedQuery) return refusedQuery;
    const saved = await deps.control.retention.save(caller.organisation, body.classes, builtInClasses, caller.actor);
    if (!saved.ok) return refusal(saved.error);
    await audit(
      'retention.save',
      'classes',
      body.classes
        .map(
          ({ name, query, hotDays, keepDays }) =>
            `${name} ${hotDays}/${keepDays} days: ${query === '' ? 'all others' : query}`,
        )
        .join('; ')
        .slice(0, 2000),
    );
    return shown(saved.value);
  }),

  answer(previewRetention, ({ body }, { deps, caller, signal }) =>
    reading(async () => {
      const to = Math.floor(deps.clock.now() / dayMs) * dayMs;
      const asked = { organisation: caller.organisation, classes: body.classes, fromMs: to - dayMs, toMs: to };
      const found = await previewClasses(deps.store, asked, { signal, timeoutMs: countTimeoutMs, threads: 1 });
      if (!found.ok) return classFault(found.error);
      const rows = 'rows' in found ? found.rows : [];
      const taken = new Map(rows.map((one) => [one.name, one.rows]));
      return {
        from: asked.fromMs,
        to,
        rows: rows.reduce((sum, one) => sum + one.rows, 0),
        classes: body.classes.map(({ name }) => ({ name, rows: taken.get(name) ?? 0 })),
      };
    }),
  ),

  answer(storedRetention, (_, { deps, caller, signal }) =>
    reading(async () => {
      const { organisation } = caller;
      const [kept, hot, files, deletions] = await Promise.all([
        deps.control.retention.find(organisation),
        readHotClasses(deps.store, organisation, { signal, timeoutMs: countTimeoutMs, threads: 1 }),
        deps.archive?.logs.filesBetween(organisation, 0, Number.MAX_SAFE_INTEGER),
        deps.control.retention.deletions.list(organisation, deletionsShown),
      ]);
      const archived = new Map<
        string,
        { rows: number; bytes: number; files: number; firstDay: string; lastDay: string }
      >();
      for (const file of files ?? []) {
        const sum = archived.get(file.class) ?? { rows: 0, bytes: 0, files: 0, firstDay: file.day, lastDay: file.day };
        archived.set(file.class, {
          rows: sum.rows + file.rows,
          bytes: sum.bytes + file.bytes,
          files: sum.files + 1,
          firstDay: file.day < sum.firstDay ? file.day : sum.firstDay,
          lastDay: file.day > sum.lastDay ? file.day : sum.lastDay,
        });
      }
      const inEngine = new Map(hot.map((one) => [one.name, one]));
      const { classes, retired } = shown(kept);
      const names = new Set([
        ...classes.map(({ name }) => name),
        ...[...inEngine.keys(), ...archived.keys(), ...retired.map(({ name }) => name)].toSorted(),
      ]);
      return {
        archive: files !== undefined,
        classes: [...names].map((name) => ({
          name,
          hot: { rows: inEngine.get(name)?.rows ?? 0, bytes: inEngine.get(name)?.bytes ?? 0 },
          archived: archived.get(name) ?? null,
        })),
        deletions: deletions.map((one) => ({
          class: one.class,
          day: one.day,
          rows: one.rows,
          at: one.doneAt ?? one.beganAt,
          done: one.doneAt !== null,
        })),
      };
    }),
  ),

  answer(listHolds, async (_, { deps, caller }) => ({
    holds: await deps.control.retention.holds.list(caller.organisation),
  })),

  answer(placeHold, async ({ body }, context) => {
    const { deps, caller, audit } = context;
    const condition = classCondition('', body.query, 'hold');
    if (!condition.ok) return classFault(condition.error);
    const refusedQuery = await tried([{ name: 'held', query: body.query }], context);
    if (refusedQuery) return refusedQuery;
    const { classes, retired } = shown(await deps.control.retention.find(caller.organisation));
    const names = [...classes, ...retired].map(({ name }) => name);
    // A hold on a class that is misspelt would keep nothing, and nobody would see it before it is too late.
    if (body.class !== '' && !names.includes(body.class)) {
      const message = `no class is called ${body.class}: expected ${names.join(', ')}, or none for any`;
      return refuse(422, 'No such class', `The hold would keep nothing: ${message}.`, { fields: { class: message } });
    }
    const fault = body.site === '' ? undefined : await siteFault(body.site, context);
    if (fault !== undefined)
      return refuse(422, 'No such site', `The hold would keep nothing: ${fault}`, { fields: { site: fault } });
    const placed = await deps.control.retention.holds.place(caller.organisation, body, caller.actor);
    if (!placed.ok) return refusal(placed.error);
    const { id, name, reason, query, class: kept, site, from, to } = placed.value;
    const day = (at: number | null): string => (at === null ? 'ever' : new Date(at).toISOString());
    await audit(
      'hold.place',
      id,
      `${name}: ${reason}; query ${query || 'all'}, class ${kept || 'any'}, site ${site || 'any'}, ${day(from)} to ${day(to)}`.slice(
        0,
        2000,
      ),
    );
    return placed.value;
  }),

  answer(liftHold, async ({ params, body }, { deps, caller, audit }) => {
    const lifted = await deps.control.retention.holds.lift(caller.organisation, params.id, body.reason, caller.actor);
    if (!lifted.ok) return refusal(lifted.error);
    await audit('hold.lift', params.id, `${lifted.value.name}: ${body.reason}`.slice(0, 2000));
    return lifted.value;
  }),

  answer(getEvidence, ({ query }, context) =>
    reading(async () => {
      const period = periodOf(query, context.deps.clock.now());
      if (!period.ok) return refuse(422, 'Not a period', period.error);
      const report = await evidenceOf(period.value, context);
      await noteReading(`${query.from} to ${query.through}`, context);
      return report;
    }),
  ),

  stream(
    {
      method: 'GET',
      path: '/api/v1/retention/evidence.html',
      permission: 'admin',
      summary: 'Evidence for PCI DSS requirement 10 as a document to print',
      query: evidencePeriod,
    },
    async ({ query }, context, reply) => {
      const period = periodOf(query, context.deps.clock.now());
      if (!period.ok) return refuse(422, 'Not a period', period.error);
      const report = await reading(() => evidenceOf(period.value, context));
      if (!('sections' in report)) return report;
      await context.audit('evidence.export', `${query.from} to ${query.through}`);
      await reply
        .type('text/html; charset=utf-8')
        .header('content-disposition', `attachment; filename="evidence-${query.from}-${query.through}.html"`)
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
        .header('cache-control', 'no-store')
        .send(evidenceHtml(report));
      return undefined;
    },
  ),
];
