import type { Clock } from './clock.ts';

export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Calls `attempt` until it resolves, at most `policy.attempts` times, doubling the wait each time with full jitter.
 * Throws the last error when every try failed, or when `signal` aborts between two tries.
 */
export async function retry<T>(
  policy: RetryPolicy,
  clock: Clock,
  attempt: (n: number) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt(n);
    } catch (error) {
      if (n >= policy.attempts || signal?.aborted) throw error;
      const ceilingMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (n - 1));
      await clock.sleep(ceilingMs * (0.5 + Math.random() / 2), signal);
    }
  }
}
