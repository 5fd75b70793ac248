import {
  getPipelines,
  pipelineCounts,
  pipelineInput,
  savePipelines,
  tryPipeline as tryEndpoint,
  type PipelineInput,
} from '@sightline/contract';
import type { KeptPipelines } from '@sightline/control';
import { pipelinesSettleMs } from '@sightline/ingest';
import {
  compilePipelines,
  type PipelineFault,
  readPipelineCounts,
  refusedExpression,
  tryPipeline,
} from '@sightline/query';
import { refusal } from '../problem.ts';
import { answer, type ProblemReply, refuse, type Route } from '../route.ts';
import { reading } from '../store-fault.ts';

const dayMs = 86_400_000;
const untouched = { version: 0, takesEffectAt: null, savedAt: null, savedBy: '', pipelines: [] };

const shown = (kept: KeptPipelines | undefined) =>
  kept === undefined ? untouched : { ...kept, pipelines: kept.pipelines.map((one) => pipelineInput.parse(one)) };

/** `pipelines.2.steps.0.pattern`, as the form names its fields; of a pipeline that is tried, without the list. */
function faultsProblem(
  faults: readonly PipelineFault[],
  pipelines: readonly PipelineInput[],
  inList: boolean,
): ProblemReply {
  const said = faults.map(({ pipeline, step, message }) => {
    const place = step === undefined ? 'filter' : `step ${step + 1}`;
    return `${pipelines[pipeline]?.name ?? ''}, ${place}: ${message}`;
  });
  const fields = Object.fromEntries(
    faults.map(({ pipeline, step, field, message }) => [
      [
        ...(inList ? ['pipelines', pipeline] : ['pipeline']),
        ...(step === undefined ? [] : ['steps', step]),
        field,
      ].join('.'),
      message,
    ]),
  );
  return refuse(422, 'Pipeline not usable', said.join('; ').slice(0, 2000), { fields });
}

/** What changed, in a line for the audit. */
function changes(before: readonly PipelineInput[], after: readonly PipelineInput[]): string {
  const known = new Map(before.map((one) => [one.id, one]));
  const left = new Set(after.map(({ id }) => id));
  const said = after.flatMap((one) => {
    const old = known.get(one.id);
    if (!old) return [`added ${one.name}${one.enabled ? '' : ' (off)'}`];
    if (old.enabled !== one.enabled) return [`${one.enabled ? 'on' : 'off'}: ${one.name}`];
    return JSON.stringify(old) === JSON.stringify(one) ? [] : [`changed ${one.name}`];
  });
  for (const { id, name } of before) if (!left.has(id)) said.push(`removed ${name}`);
  const order = (list: readonly PipelineInput[]): string => list.map(({ id }) => id).join();
  if (said.length === 0 && order(before) !== order(after)) said.push('order');
  return said.join(', ').slice(0, 1000);
}

export const pipelineRoutes: readonly Route[] = [
  answer(getPipelines, async (_, { deps, caller }) => shown(await deps.control.pipelines.find(caller.organisation))),

  answer(savePipelines, ({ body }, { deps, caller, audit, signal }) =>
    reading(async () => {
      const { pipelines, version } = body;
      const compiled = compilePipelines(pipelines);
      if (!compiled.ok) return faultsProblem(compiled.error, pipelines, true);
      const refused = await refusedExpression(deps.store, compiled.value, { signal });
      if (refused !== undefined) return refuse(422, 'Pipeline not usable', refused);
      const before = shown(await deps.control.pipelines.find(caller.organisation));
      const kept = await deps.control.pipelines.save(
        caller.organisation,
        pipelines,
        version,
        caller.actor,
        pipelinesSettleMs,
      );
      if (!kept.ok) return refusal(kept.error);
      await audit('pipelines.save', `version ${kept.value.version}`, changes(before.pipelines, pipelines));
      return shown(kept.value);
    }),
  ),

  answer(pipelineCounts, (_, { deps, caller, signal }) =>
    reading(async () => {
      const to = deps.clock.now();
      const range = { organisation: caller.organisation, fromMs: to - dayMs, toMs: to };
      return { from: range.fromMs, to, rows: await readPipelineCounts(deps.store, range, { signal }) };
    }),
  ),

  answer(tryEndpoint, ({ body: { pipeline, pasted } }, { deps, caller, signal }) =>
    reading(async () => {
      const asked = { organisation: caller.organisation, pipeline, pasted, nowMs: deps.clock.now() };
      const tried = await tryPipeline(deps.store, asked, { signal });
      return tried.ok ? { lines: tried.value } : faultsProblem(tried.error, [pipeline], false);
    }),
  ),
];
