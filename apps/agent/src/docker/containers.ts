import { fail, ok, type Result } from '@sightline/base';
import type { AnswerFault, ContainerState } from '@sightline/fleet/messages';
import { z } from 'zod';
import type { DockerEngine } from './engine.ts';

/** A container as the engine lists it. */
const listed = z.object({
  Id: z.string(),
  Names: z.array(z.string()).nullish(),
  Image: z.string().nullish(),
  State: z.string().nullish(),
  Status: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
});
type Listed = z.infer<typeof listed>;

/** What only the inspection of one container tells. */
const inspected = z.object({
  State: z.object({
    Status: z.string().nullish(),
    ExitCode: z.number().nullish(),
    StartedAt: z.string().nullish(),
    FinishedAt: z.string().nullish(),
    Health: z.object({ Status: z.string().nullish() }).nullish(),
  }),
  RestartCount: z.number().nullish(),
  Config: z.object({ Tty: z.boolean().nullish() }).nullish(),
});
export type Inspected = z.infer<typeof inspected>;

const mostContainers = 200;

/** A container that a person may name: by its Compose service or its own name. */
export interface NamedContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly state: string;
}

/** All containers, stopped ones too, at most 200. */
export async function listContainers(
  engine: DockerEngine,
  signal?: AbortSignal,
): Promise<Result<Listed[], AnswerFault>> {
  const reply = await engine.call({ path: '/containers/json', query: { all: '1' }, ...(signal && { signal }) });
  if (!reply.ok) return reply;
  const read = z.array(listed).safeParse(reply.value);
  return read.success ? ok(read.data.slice(0, mostContainers)) : notUnderstood('list of containers');
}

export async function inspectContainer(
  engine: DockerEngine,
  id: string,
  signal?: AbortSignal,
): Promise<Result<Inspected, AnswerFault>> {
  const reply = await engine.call({ path: `/containers/${encodeURIComponent(id)}/json`, ...(signal && { signal }) });
  if (!reply.ok) return reply;
  const read = inspected.safeParse(reply.value);
  return read.success ? ok(read.data) : notUnderstood('description of a container');
}

/** Name and service of a listed container. Compose labels its own: https://docs.docker.com/reference/compose-file/services/#labels */
export function named(container: Listed): NamedContainer {
  const name = (container.Names?.[0] ?? container.Id.slice(0, 12)).replace(/^\//, '').slice(0, 200);
  const service = container.Labels?.['com.docker.compose.service'] || name;
  return { id: container.Id, name, service: service.slice(0, 200), state: container.State ?? '' };
}

/** What the link says of a container. */
export function stateOf(container: Listed, detail: Inspected | undefined): ContainerState {
  const { id, name, service, state } = named(container);
  const seen = detail?.State;
  // 'stopped' is podman's word for a moment before 'exited'.
  const ended = ['exited', 'stopped', 'dead'].includes(state);
  return {
    id: id.slice(0, 64),
    name,
    service,
    image: (container.Image ?? '').slice(0, 300),
    state: state.slice(0, 40),
    status: (container.Status ?? '').slice(0, 200),
    health: healthOf(seen?.Health?.Status),
    exitCode: ended ? (seen?.ExitCode ?? null) : null,
    startedAt: momentOf(seen?.StartedAt),
    finishedAt: ended ? momentOf(seen?.FinishedAt) : null,
    restarts: Math.max(0, Math.trunc(detail?.RestartCount ?? 0)),
  };
}

/** The states of all containers, each inspected, a few at a time. */
export async function readContainers(
  engine: DockerEngine,
  signal?: AbortSignal,
): Promise<Result<ContainerState[], AnswerFault>> {
  const list = await listContainers(engine, signal);
  if (!list.ok) return list;
  return ok(
    await inParallel(list.value, 4, async (container) => {
      const detail = await inspectContainer(engine, container.Id, signal);
      // One that was removed between the two calls keeps what the list said of it.
      return stateOf(container, detail.ok ? detail.value : undefined);
    }),
  );
}

/**
 * The one container that a person means by `word`: its name or its Compose service. Names of several are refused with
 * their list: restarting the wrong one is worse than asking again.
 */
export async function findContainer(
  engine: DockerEngine,
  word: string,
  signal?: AbortSignal,
): Promise<Result<NamedContainer, AnswerFault>> {
  const list = await listContainers(engine, signal);
  if (!list.ok) return list;
  const all = list.value.map(named);
  const fitting = all.filter((container) => container.service === word || container.name === word);
  const [only] = fitting;
  if (fitting.length === 1 && only) return ok(only);
  if (fitting.length > 1) {
    const names = fitting
      .map((container) => container.name)
      .sort()
      .join(', ');
    return fail({
      reason: 'invalid',
      message: `"${word}" means ${fitting.length} containers: ${names}. Name one of them.`,
    });
  }
  const known = [...new Set(all.map((container) => container.service))].sort().slice(0, 20);
  const there = known.length > 0 ? `There are: ${known.join(', ')}.` : 'There are no containers at all.';
  return fail({ reason: 'not-found', message: `No container or Compose service is called "${word}". ${there}` });
}

/** Maps `items` with at most `width` at work at once, keeping their order. */
export async function inParallel<In, Out>(
  items: readonly In[],
  width: number,
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = Array.from({ length: items.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as In);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

/** Docker says "none" for a container without a health check, podman ''. */
function healthOf(status: string | null | undefined): string {
  return !status || status === 'none' ? '' : status.slice(0, 40);
}

/** Milliseconds of an engine's time; null for its zero ("0001-01-01T00:00:00Z"). */
function momentOf(text: string | null | undefined): number | null {
  const at = text ? Date.parse(text) : Number.NaN;
  return at > 0 ? at : null;
}

function notUnderstood(what: string): Result<never, AnswerFault> {
  return fail({ reason: 'unavailable', message: `the engine's ${what} has an unknown form` });
}
