import type { Clock } from '@sightline/base';
import { z } from 'zod';
import { textOfFile, writeDurably } from './durable-file.ts';

const memory = z.object({
  /** When the link was last known to be up; null when it was down at that moment. */
  upAt: z.number().nullable(),
  lost: z
    .object({ at: z.number(), why: z.string(), ended: z.boolean().optional(), stopped: z.boolean().optional() })
    .nullable(),
});
export type Lost = {
  readonly at: number;
  readonly why: string;
  /** True when this agent itself ended then, and did not see the link go. */
  readonly ended?: boolean | undefined;
  /** True when it ended because it was told to. */
  readonly stopped?: boolean | undefined;
};

/**
 * When and why the link was lost last, by the site's clock, across restarts: `link.json` is written with each answered
 * heartbeat, so that after a kill or a power cut the loss is known to a heartbeat.
 */
export class LinkMemory {
  readonly #file: string;
  readonly #clock: Clock;
  #lost: Lost | null = null;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    const kept = readMemory(file);
    this.#lost =
      kept?.upAt != null
        ? { at: kept.upAt, why: 'the agent ended without a word: it was killed, or the machine went off', ended: true }
        : (kept?.lost ?? null);
    if (kept?.upAt != null) this.#write(null);
  }

  /** What the next hello tells. */
  lost(): Lost | null {
    return this.#lost;
  }

  /** The link is up at this moment. */
  up(): void {
    this.#write(this.#clock.now());
  }

  /** The link went. `stopped` says that we ended it, because the agent was told to stop. */
  down(why: string, stopped = false): void {
    const ours = stopped && { ended: true, stopped: true };
    this.#lost = { at: this.#clock.now(), why: why.slice(0, 300), ...ours };
    this.#write(null);
  }

  #write(upAt: number | null): void {
    writeDurably(this.#file, JSON.stringify({ upAt, lost: this.#lost }));
  }
}

function readMemory(file: string): z.infer<typeof memory> | undefined {
  try {
    return memory.safeParse(JSON.parse(textOfFile(file) ?? 'null')).data;
  } catch {
    // Not readable any more: the hello tells of no loss, and the server has its own view of it.
    return undefined;
  }
}
