import type { Clock, Logger } from '@sightline/base';
import { readPolicy } from './policy.ts';

/** Requests read the file anew anyway; this is for what people see of it. */
const everyMs = 5000;

/** Looks at the policy file every few seconds, says what is wrong with it, and calls `changed` when it means another thing. */
export function watchPolicy(
  file: string,
  clock: Clock,
  logger: Logger,
  changed: () => void,
): { close(): Promise<void> } {
  const stop = new AbortController();
  const loop = async (): Promise<void> => {
    let before = readPolicy(file);
    if (before.fault) logger.error(before.fault);
    while (!stop.signal.aborted) {
      await clock.sleep(everyMs, stop.signal);
      if (stop.signal.aborted) return;
      const now = readPolicy(file);
      if (now.fault && now.fault !== before.fault) logger.error(now.fault);
      const differs = JSON.stringify(now.policy) !== JSON.stringify(before.policy);
      before = now;
      if (!differs) continue;
      logger.info('the policy of the site changed', { ...now.policy });
      changed();
    }
  };
  const running = loop();
  return {
    close: async () => {
      stop.abort();
      await running;
    },
  };
}
