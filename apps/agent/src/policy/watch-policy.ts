import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
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
  let before = readPolicy(file);
  if (before.fault) logger.error(before.fault);
  const watching = new BackgroundLoop({
    clock,
    logger,
    everyMs,
    pausesFirst: true,
    round: async () => {
      const now = readPolicy(file);
      if (now.fault && now.fault !== before.fault) logger.error(now.fault);
      const differs = JSON.stringify(now.policy) !== JSON.stringify(before.policy);
      before = now;
      if (!differs) return;
      logger.info('the policy of the site changed', { ...now.policy });
      changed();
    },
    fault: 'the policy of the site could not be looked at; tried again',
  });
  watching.start();
  return watching;
}
