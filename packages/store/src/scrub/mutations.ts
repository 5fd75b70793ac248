import type { Clock } from '@sightline/base';
import type { ParameterValue, TelemetryStore } from '../port/index.ts';

const pollMs = 250;
const slowestPollMs = 2000;
const failuresAtMost = 3;
const statementTimeoutMs = 60_000;

export interface Mutation {
  readonly table: string;
  /** A word of its statement that no other one has. */
  readonly mark: string;
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/**
 * Begins a mutation, or finds the one that a killed process began, and waits until the engine has carried it out. Answers false when
 * `signal` ended the wait: the engine goes on by itself. Throws where it fails again and again: then it is taken back.
 */
export async function carryOut(
  store: TelemetryStore,
  clock: Clock,
  { table, mark, sql, parameters }: Mutation,
  signal: AbortSignal,
): Promise<boolean> {
  const find = (): Promise<{ id: string; failed: string }[]> =>
    store.query<{ id: string; failed: string }>(
      `SELECT mutation_id AS id, latest_fail_reason AS failed FROM system.mutations
       WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done AND position(command, {mark:String}) > 0`,
      { table, mark },
      { timeoutMs: statementTimeoutMs },
    );
  if ((await find()).length === 0)
    await store.execute(sql, parameters, { timeoutMs: statementTimeoutMs, settings: { mutations_sync: 0 } });
  let failures = 0;
  for (let waitMs = pollMs; ; waitMs = Math.min(waitMs * 1.5, slowestPollMs)) {
    const open = await find();
    const [first] = open;
    if (!first) return true;
    failures = first.failed === '' ? 0 : failures + 1;
    if (failures >= failuresAtMost) {
      await store.execute(
        `KILL MUTATION WHERE database = currentDatabase() AND table = {table:String} AND mutation_id = {id:String}`,
        { table, id: first.id },
        { timeoutMs: statementTimeoutMs },
      );
      throw new Error(`the engine could not rewrite ${table}: ${first.failed.slice(0, 500)}`);
    }
    if (signal.aborted) return false;
    await clock.sleep(waitMs, signal);
  }
}
