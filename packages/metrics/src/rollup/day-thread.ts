/** Entry of the thread that rolls up days, one after another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { QueryFailure } from '@sightline/query/promql';
import { EngineReader } from '../query/engine-reader.ts';
import type { DayThreadData, FromDayThread, ToDayThread } from './day-messages.ts';
import { type DayJob, rollUpDay } from './roll-up-day.ts';

const { engine } = workerData as DayThreadData;
const main = parentPort as MessagePort;
const tell = (message: FromDayThread): void => main.postMessage(message, []);
/** Half of a processor at most. */
const longestRestMs = 2000;

const reader = new EngineReader(engine);
let stored: (() => void) | undefined;

async function run(job: DayJob): Promise<void> {
  try {
    const figures = await rollUpDay(job, {
      reader,
      store: (files) =>
        new Promise((resolve) => {
          stored = resolve;
          tell({ kind: 'files', files });
        }),
      damaged: (message) => tell({ kind: 'damaged', message }),
      rest: (workedMs) => sleep(Math.min(longestRestMs, workedMs)),
    });
    tell({ kind: 'done', figures });
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof QueryFailure ? error.message : String((error as Error).stack) });
  }
}

main.on('message', (message: ToDayThread) => {
  if (message.kind === 'stored') stored?.();
  else void run(message.job);
});
