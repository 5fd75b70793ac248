import type { Clock } from '@sightline/base';
import type { ParameterValue, TelemetryStore } from '../port/index.ts';

const pollMs = 25;
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

interface Open {
  readonly id: string;
  readonly failed: string;
}

const openOnes = (store: TelemetryStore, { table, mark }: Pick<Mutation, 'table' | 'mark'>): Promise<Open[]> =>
  store.query<Open>(
    `SELECT mutation_id AS id, latest_fail_reason AS failed FROM system.mutations
     WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done AND position(command, {mark:String}) > 0`,
    { table, mark },
    { timeoutMs: statementTimeoutMs },
  );

/** Whether the engine has such a mutation to carry out, from whomever. */
export const isBegun = async (store: TelemetryStore, mutation: Pick<Mutation, 'table' | 'mark'>): Promise<boolean> =>
  (await openOnes(store, mutation)).length > 0;

/** Hands a mutation to the engine, but for one that a killed process handed over; does not wait for its end. */
export async function begin(store: TelemetryStore, mutation: Mutation): Promise<void> {
  if (await isBegun(store, mutation)) return;
  await store.execute(mutation.sql, mutation.parameters, {
    timeoutMs: statementTimeoutMs,
    settings: { mutations_sync: 0 },
  });
}

/**
 * Waits until the engine has carried out a mutation that was begun. Answers false when `signal` ended the wait: the engine goes on by
 * itself. Throws where it fails again and again: then it is taken back.
 */
export async function end(
  store: TelemetryStore,
  clock: Clock,
  mutation: Pick<Mutation, 'table' | 'mark'>,
  signal: AbortSignal,
): Promise<boolean> {
  const { table } = mutation;
  let failures = 0;
  for (let waitMs = pollMs; ; waitMs = Math.min(waitMs * 1.5, slowestPollMs)) {
    const [first] = await openOnes(store, mutation);
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
